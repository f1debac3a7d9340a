//! What a unit is made of, and what can be seen of it. Knows no thread.

use std::io;
use std::path::PathBuf;

use serde::Serialize;

use crate::app_seam::AppMaker;
use crate::faults::{Fault, Faults};
use crate::flash::FlashError;
use crate::flash_size::FlashSize;
use crate::mac::Mac;
use crate::surroundings::Surroundings;

/// What a unit is made of.
#[derive(Clone)]
pub struct UnitOptions {
    /// The file that holds the flash.
    pub flash: PathBuf,
    /// The size of the flash.
    pub flash_size: FlashSize,
    /// The factory MAC.
    pub mac: Mac,
    /// Where to place a link to the terminal.
    pub link: Option<PathBuf>,
    /// Whether the line has the pace of a UART.
    pub paced: bool,
    /// What goes wrong.
    pub faults: Faults,
    /// What lies around the unit.
    pub surroundings: Surroundings,
    /// Makes the app that runs when the unit has booted.
    pub app: AppMaker,
}

/// The level of the strapping pins when the reset line is released.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Straps {
    /// The ROM loader waits for a host.
    Download,
    /// The unit boots from its flash.
    Run,
}

/// What a unit is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// It has no power.
    Off,
    /// The reset line is held.
    Reset,
    /// The ROM loader answers.
    Rom,
    /// The flasher stub answers.
    Stub,
    /// The loader has been left without a reset; nothing answers.
    Left,
    /// It boots or runs its app.
    Run,
}

/// What can be seen of a unit from outside.
#[derive(Clone, Debug, Serialize)]
pub struct Status {
    /// What it is doing.
    pub mode: Mode,
    /// The baud rate of its UART.
    pub baud: u32,
    /// How often it has started to boot from flash.
    pub boots: u32,
    /// Its MAC.
    pub mac: String,
    /// Its terminal; none when it has vanished.
    pub port: Option<PathBuf>,
    /// What goes wrong.
    pub faults: Vec<Fault>,
}

/// A unit that could not be started, or whose thread has ended.
#[derive(Debug, thiserror::Error)]
pub enum UnitError {
    /// The flash file is unusable.
    #[error(transparent)]
    Flash(#[from] FlashError),
    /// The terminal or its link could not be made, or failed.
    #[error("could not use the pseudo-terminal")]
    Terminal(#[source] io::Error),
    /// The unit has been ended.
    #[error("the unit has ended")]
    Ended,
}
