//! The command line of `virtual-unit`. Knows the words, and hands over to the library.

use std::net::Ipv4Addr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::app::DeviceApp;
use crate::app_seam::AppMaker;
use crate::emulator::{self, EmulatorOptions};
use crate::faults::{Fault, Faults};
use crate::flash_size::FlashSize;
use crate::image::{self, AppImage};
use crate::mac::Mac;
use crate::process::{self, EmulatedOptions, ProcessError, ProcessOptions};
use crate::surroundings::{Route, Surroundings};
use crate::unit::{Straps, UnitOptions};

/// A virtual ESP32-C3 on a pseudo-terminal, for any flasher.
#[derive(Clone, Debug, Parser)]
#[command(version, about, args_conflicts_with_subcommands = true)]
#[command(after_help = "Flash it with: esptool --port LINK --before no-reset --after no-reset …")]
pub struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    unit: Option<UnitArgs>,
}

#[derive(Clone, Debug, Subcommand)]
enum Command {
    /// Make an image for a unit's flash.
    #[command(subcommand)]
    Image(ImageCommand),
}

#[derive(Clone, Debug, Subcommand)]
enum ImageCommand {
    /// An app, for an app partition.
    App {
        /// The file to write.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
        /// Size of the image in bytes.
        #[arg(long, default_value_t = 1 << 20, value_parser = clap::value_parser!(u32).range(0x2000..0x100_0000))]
        size: u32,
        /// What its contents follow from.
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// Its version.
        #[arg(long, default_value = "1.0.0")]
        version: String,
        /// Its project name.
        #[arg(long, default_value = "firstpass-demo")]
        project: String,
        /// Text that stands where a stock firmware has its auth code compiled in; none when empty.
        #[arg(long, default_value = "", value_name = "TEXT", value_parser = placeholder)]
        placeholder: String,
    },
    /// A second-stage boot loader, for offset 0.
    Bootloader {
        /// The file to write.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
        /// What its contents follow from.
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
}

fn placeholder(text: &str) -> Result<String, String> {
    image::CompiledCode::check(text).map(|()| text.to_owned())
}

/// Why the program ends with an error.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    /// The unit could not run.
    #[error(transparent)]
    Process(#[from] ProcessError),
    /// The image could not be written.
    #[error("could not write {path}")]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// There is nothing to do.
    #[error("no unit and no image: give at least --flash and --mac, or see --help")]
    Nothing,
}

impl Cli {
    /// Does what the command line says.
    pub fn run(self) -> Result<(), CliError> {
        match (self.command, self.unit) {
            (Some(Command::Image(image)), _) => image.run(),
            (None, Some(unit)) if unit.emulator.is_some() => Ok(process::run_emulated(unit.into_emulated())?),
            (None, Some(unit)) => Ok(process::run(unit.into_options(DeviceApp::maker()))?),
            (None, None) => Err(CliError::Nothing),
        }
    }
}

impl ImageCommand {
    fn run(self) -> Result<(), CliError> {
        let (path, bytes) = match self {
            Self::App { out, size, seed, version, project, placeholder } => {
                let app = AppImage { size: size as usize, seed, version, project };
                (out, image::app_with_code(&app, &placeholder))
            }
            Self::Bootloader { out, seed } => (out, image::bootloader(seed)),
        };
        std::fs::write(&path, bytes).map_err(|source| CliError::Write { path, source })
    }
}

/// The options of one unit. Another program can take them over and call [`process::run`].
#[derive(Clone, Debug, Args)]
pub struct UnitArgs {
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
    /// What goes wrong, such as drop-ack=3 or JSON; may be repeated. A wrong name shows the list.
    #[arg(long, value_name = "FAULT")]
    pub fault: Vec<Fault>,
    /// The unit's address on loopback; its connections come from there.
    #[arg(long)]
    pub ip: Option<Ipv4Addr>,
    /// Where connections to a service are led to: https=ADDRESS:PORT or mqtt=ADDRESS:PORT; may be repeated.
    #[arg(long, value_name = "ROUTE")]
    pub route: Vec<Route>,
    /// The firmware makes its own key, and provisions with a certificate request.
    #[arg(long)]
    pub own_key: bool,
    /// Be Espressif's emulator instead: real ROM code runs real firmware. PROGRAM is found on the PATH.
    #[arg(long, value_name = "PROGRAM", num_args = 0..=1, default_missing_value = emulator::PROGRAM)]
    #[arg(conflicts_with_all = ["no_pacing", "fault", "ip", "route", "own_key"])]
    pub emulator: Option<PathBuf>,
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

impl UnitArgs {
    /// The options of the process, with the app that the unit runs when it has booted.
    #[must_use]
    pub fn into_options(self, app: AppMaker) -> ProcessOptions {
        let surroundings = Surroundings::new(self.ip, self.own_key);
        self.route.iter().for_each(|route| surroundings.set_route(route.service, Some(route.to)));
        let unit = UnitOptions {
            flash: self.flash,
            flash_size: self.flash_size,
            mac: self.mac,
            link: self.link,
            paced: !self.no_pacing,
            faults: Faults::new(self.fault),
            surroundings,
            app,
        };
        ProcessOptions { unit, control: self.control, straps: self.start.straps(), ready_json: self.ready_json }
    }

    /// The options of the process of an emulated unit.
    fn into_emulated(self) -> EmulatedOptions {
        let unit = EmulatorOptions {
            program: self.emulator.unwrap_or_else(|| emulator::PROGRAM.into()),
            flash: self.flash,
            flash_size: self.flash_size,
            mac: self.mac,
            link: self.link,
        };
        EmulatedOptions { unit, control: self.control, straps: self.start.straps(), ready_json: self.ready_json }
    }
}

impl Start {
    const fn straps(self) -> Straps {
        match self {
            Self::Download => Straps::Download,
            Self::Run => Straps::Run,
        }
    }
}
