//! The command line of `virtual-unit`. Knows the words, and hands over to the library.

use std::path::PathBuf;
use std::sync::Arc;

use clap::{Parser, ValueEnum};

use crate::app_seam::IdleApp;
use crate::faults::{Fault, Faults};
use crate::flash_size::FlashSize;
use crate::mac::Mac;
use crate::process::ProcessOptions;
use crate::unit::{Straps, UnitOptions};

/// A virtual ESP32-C3 on a pseudo-terminal, for any flasher.
#[derive(Clone, Debug, Parser)]
#[command(version, about, after_help = "Flash it with: esptool --port LINK --before no-reset --after no-reset …")]
pub struct Cli {
    /// The file that holds the flash; it is made if it does not exist.
    #[arg(long, value_name = "FILE")]
    pub flash: PathBuf,
    /// The unit's factory MAC, such as 02:00:00:00:00:01.
    #[arg(long)]
    pub mac: Mac,
    /// Where to place a link to the terminal.
    #[arg(long, value_name = "PATH")]
    pub link: Option<PathBuf>,
    /// Where to listen for orders: a Unix socket that takes one JSON object per line.
    #[arg(long, value_name = "PATH")]
    pub control: Option<PathBuf>,
    /// The size of the flash: 2MB, 4MB, 8MB or 16MB.
    #[arg(long, default_value_t)]
    pub flash_size: FlashSize,
    /// Move bytes as fast as the machine can, instead of at the pace of a UART.
    #[arg(long)]
    pub no_pacing: bool,
    /// What goes wrong; may be repeated.
    #[arg(long, value_name = "FAULT")]
    pub fault: Vec<Fault>,
    /// The straps at power-on.
    #[arg(long, value_enum, default_value_t = Start::Download)]
    pub start: Start,
    /// Print a JSON object with port, link, control and MAC, instead of the terminal's path alone.
    #[arg(long)]
    pub ready_json: bool,
}

/// The straps at power-on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Start {
    /// The ROM loader waits.
    Download,
    /// The unit boots.
    Run,
}

impl From<Cli> for ProcessOptions {
    fn from(cli: Cli) -> Self {
        let unit = UnitOptions {
            flash: cli.flash,
            flash_size: cli.flash_size,
            mac: cli.mac,
            link: cli.link,
            paced: !cli.no_pacing,
            faults: Faults::new(cli.fault),
            app: Arc::new(|| Box::new(IdleApp)),
        };
        let straps = match cli.start {
            Start::Download => Straps::Download,
            Start::Run => Straps::Run,
        };
        Self { unit, control: cli.control, straps, ready_json: cli.ready_json }
    }
}
