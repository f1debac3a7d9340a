//! What can go wrong between station and unit, sorted by the fault that stands on record.

use std::io;
use std::time::Duration;

use espflash::command::CommandType;
use firstpass_domain::evidence::LinkFault;
use thiserror::Error;

use crate::uart::LogError;
use crate::{FixtureError, PortError};

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
    #[error("{fault_text}")]
    Loader {
        fault: LinkFault,
        fault_text: &'static str,
        #[source]
        source: espflash::Error,
    },
}

impl WireError {
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
            Self::Rejected { .. } | Self::NoFlashSize { .. } => LinkFault::Rejected,
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
            Self::Loader { fault, .. } => *fault,
        })
    }
}

impl From<espflash::Error> for WireError {
    /// Sorts an error of espflash. Its connection errors are private to it, so time-outs are told by their words.
    fn from(source: espflash::Error) -> Self {
        let words = words(&source);
        let (fault, fault_text) = match &source {
            espflash::Error::RomError(_) => (LinkFault::Rejected, "the loader rejected a command"),
            espflash::Error::ChipDetectError(_) => (LinkFault::Rejected, "the chip is not known"),
            _ if words.contains("Timeout") || words.contains("Failed to connect") => {
                (LinkFault::NoAnswer, "no answer from the loader")
            }
            _ => (LinkFault::Garbled, "the loader's answer is not understood"),
        };
        Self::Loader { fault, fault_text, source }
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
