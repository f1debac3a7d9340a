//! The file that every byte of a unit's log goes into.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::CaptureEnd;
use crate::LinkError;

/// A unit's log may name networks and hosts: only the station's own user reads it.
const LOG_MODE: u32 = 0o600;

/// An open log file. It is written without a buffer, so what was read is in the file at once.
#[derive(Debug)]
pub(crate) struct Log {
    file: File,
    path: PathBuf,
}

/// The log file cannot be made.
#[derive(Debug, Error)]
#[error("could not open the log file {path}")]
pub struct LogError {
    path: PathBuf,
    #[source]
    source: io::Error,
}

impl Log {
    /// Opens the file at `path` to append to it, or makes it.
    pub(crate) fn open(path: &Path) -> Result<Self, LinkError> {
        let file = OpenOptions::new().create(true).append(true).mode(LOG_MODE).open(path);
        let file = file.map_err(|source| LinkError::Log(LogError { path: path.to_owned(), source }))?;
        Ok(Self { file, path: path.to_owned() })
    }

    /// Appends `bytes`.
    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), CaptureEnd> {
        let written = self.file.write_all(bytes);
        written.map_err(|err| CaptureEnd::Log {
            detail: format!("could not write the log file {}: {err}", self.path.display()),
        })
    }
}
