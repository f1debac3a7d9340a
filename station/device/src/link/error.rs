//! What can go wrong between station and unit, sorted by the fault that stands on record.

use std::io;
use std::time::Duration;

use espflash::command::CommandType;
use firstpass_domain::Mac;
use firstpass_domain::evidence::LinkFault;
use thiserror::Error;

use crate::uart::LogError;
use crate::{FixtureError, PortError, PortName};

type Cause = Box<dyn std::error::Error + Send + Sync>;

/// An operation on a unit's link did not succeed.
#[derive(Debug, Error)]
pub enum LinkError {
    /// The caller's token was cancelled.
    #[error("cancelled: {operation}")]
    Cancelled {
        /// What was being done, such as `write app`.
        operation: String,
    },
    /// It failed.
    #[error("could not {operation}")]
    Failed {
        /// What was being done, such as `write app`.
        operation: String,
        /// How, for the record.
        fault: LinkFault,
        /// Why, in detail.
        #[source]
        source: Cause,
    },
    /// The station cannot write the unit's log file: its own fault, not the unit's.
    #[error(transparent)]
    Log(LogError),
}

impl LinkError {
    /// The fault for the record; `None` when the operation was cancelled, or the station itself failed.
    pub fn fault(&self) -> Option<LinkFault> {
        match self {
            Self::Cancelled { .. } | Self::Log(_) => None,
            Self::Failed { fault, .. } => Some(*fault),
        }
    }

    /// The error and all its causes in one line.
    pub fn detail(&self) -> String {
        words(self)
    }
}

/// What went wrong on the wire, before it is said in which operation.
#[derive(Debug, Error)]
pub(crate) enum WireError {
    #[error("cancelled")]
    Cancelled,
    #[error("the port went away")]
    Gone(#[source] io::Error),
    #[error("no answer within {} ms", .after.as_millis())]
    NoAnswer { after: Duration },
    #[error("the answer arrived damaged ({bytes} bytes that make no sense)")]
    Garbled { bytes: usize },
    #[error("the loader rejected {command} with error {code:#04x}")]
    Rejected { command: CommandType, code: u8 },
    #[error("no answer at {baud} baud, where there was one at 115200: {source}")]
    Baud { baud: u32, source: Box<WireError> },
    #[error("the chip is in secure download mode, which lets nothing be read or checked")]
    SecureDownload,
    #[error("the flash read-back arrived damaged: its MD5 differs")]
    ReadBack,
    #[error("the flash does not tell its size (id {:02x} {:02x} {:02x})", id[0], id[1], id[2])]
    NoFlashSize { id: [u8; 3] },
    #[error(transparent)]
    Port(#[from] PortError),
    #[error(transparent)]
    Fixture(#[from] FixtureError),
    #[error("there is no flasher stub for the {chip}")]
    NoStub { chip: String },
    #[error("the chip is not known (id {id:#x})")]
    UnknownChip { id: u32 },
    #[error("another unit answers: {found}, not {expected}")]
    OtherUnit { expected: Mac, found: Mac },
    #[error("the port went away{}", words_of_new(appeared))]
    Moved { appeared: Vec<PortName> },
}

/// Ports that came while another was gone.
fn words_of_new(appeared: &[PortName]) -> String {
    let names: Vec<String> = appeared.iter().map(ToString::to_string).collect();
    format!(
        ", and {} came, which may be it: name the slot's port by its place (/dev/serial/by-path/…)",
        names.join(" and ")
    )
}

impl WireError {
    /// Whether bytes were lost or damaged on the way, so that a lower baud rate may help. Of the errors of loader and
    /// stub, these are those of a command or of data that arrived otherwise than they were sent (espflash,
    /// `RomErrorKind`).
    pub(super) fn is_damage(&self) -> bool {
        const DAMAGE: [u8; 14] = [0x05, 0x07, 0x0b, 0x0c, 0x0d, 0xc0, 0xc1, 0xc2, 0xc3, 0xc6, 0xc7, 0xc8, 0xc9, 0xff];
        matches!(self, Self::NoAnswer { .. } | Self::Garbled { .. } | Self::ReadBack | Self::Baud { .. })
            || matches!(self, Self::Rejected { code, .. } if DAMAGE.contains(code))
    }

    /// Whether the port vanished.
    pub(super) fn is_gone(&self) -> bool {
        matches!(self, Self::Gone(_) | Self::Port(PortError::Gone { .. }))
    }

    /// Names the operation that failed.
    pub(crate) fn during(self, operation: impl Into<String>) -> LinkError {
        let operation = operation.into();
        match self.fault() {
            None => LinkError::Cancelled { operation },
            Some(fault) => LinkError::Failed { operation, fault, source: Box::new(self) },
        }
    }

    fn fault(&self) -> Option<LinkFault> {
        Some(match self {
            Self::Cancelled | Self::Fixture(FixtureError::Cancelled) => return None,
            Self::Gone(_) | Self::Port(PortError::Gone { .. }) => LinkFault::PortGone,
            Self::NoAnswer { .. } => LinkFault::NoAnswer,
            Self::Garbled { .. } | Self::ReadBack | Self::Baud { .. } => LinkFault::Garbled,
            Self::Rejected { .. } | Self::NoFlashSize { .. } | Self::NoStub { .. } | Self::UnknownChip { .. } => {
                LinkFault::Rejected
            }
            Self::SecureDownload => LinkFault::SecureDownload,
            Self::Port(PortError::Busy { .. }) => LinkFault::PortBusy,
            Self::Port(PortError::NotSerial { .. } | PortError::NoPermission { .. } | PortError::List(_)) => {
                LinkFault::PortUnusable
            }
            Self::Fixture(
                FixtureError::Connect { .. }
                | FixtureError::Broken(_)
                | FixtureError::Silent
                | FixtureError::TooLong
                | FixtureError::Answer(_)
                | FixtureError::Refused { .. }
                | FixtureError::Lines(_),
            ) => LinkFault::FixtureFailed,
            Self::OtherUnit { .. } => LinkFault::OtherUnit,
            Self::Moved { .. } => LinkFault::PortMoved,
        })
    }
}

/// The error and its causes in words.
fn words(err: &dyn std::error::Error) -> String {
    let mut text = err.to_string();
    let mut cause = err.source();
    while let Some(err) = cause {
        text = format!("{text}: {err}");
        cause = err.source();
    }
    text
}
