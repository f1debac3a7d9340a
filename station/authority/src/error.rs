//! What can go wrong with the authority, and what a person does about it.

use std::{io, path::PathBuf};

use firstpass_domain::{Problem, Timestamp};
use thiserror::Error;

use crate::validity::in_words;

/// The authority cannot do what was asked. Nothing was issued.
#[derive(Debug, Error)]
pub enum AuthorityError {
    /// A file or folder could not be used.
    #[error("could not {operation} {}", path.display())]
    Io {
        /// What was tried.
        operation: &'static str,
        /// On which file or folder.
        path: PathBuf,
        /// The system's reason.
        #[source]
        err: io::Error,
    },
    /// A file with a private key can be read by others.
    #[error("{} can be read by others than its owner (mode {mode:04o})", path.display())]
    KeyReadableByOthers {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The folder can be written by others, who could swap its files.
    #[error("{} can be written by others than its owner (mode {mode:04o})", path.display())]
    FolderWritableByOthers {
        /// The folder.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// A file does not hold what it should.
    #[error("{} is damaged or does not belong here: {reason}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The root's key is needed and was moved off the station.
    #[error("the root's key is not at {}", path.display())]
    RootKeyAbsent {
        /// Where it should be.
        path: PathBuf,
    },
    /// The station's clock is before the start of a certificate.
    #[error("the station's clock ({}) is before the start of the {name} certificate ({})", in_words(*now), in_words(*not_before))]
    ClockBeforeCertificate {
        /// Which certificate.
        name: &'static str,
        /// What the clock says.
        now: Timestamp,
        /// Start of its validity.
        not_before: Timestamp,
    },
    /// A certificate of the authority has ended.
    #[error("the {name} certificate ended on {} (the station's clock says {})", in_words(*not_after), in_words(*now))]
    Expired {
        /// Which certificate.
        name: &'static str,
        /// What the clock says.
        now: Timestamp,
        /// End of its validity.
        not_after: Timestamp,
    },
    /// A certificate signing request, key, serial number or certificate that was handed in is not usable.
    #[error("the {what} cannot be used: {reason}")]
    Unusable {
        /// What was handed in.
        what: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// The system's randomness failed.
    #[error("the system gave no random bytes")]
    Randomness,
    /// A certificate could not be made.
    #[error("could not make the {name} certificate")]
    Make {
        /// Which certificate.
        name: &'static str,
        /// Why.
        #[source]
        err: rcgen::Error,
    },
}

impl AuthorityError {
    /// What a person is shown.
    pub fn problem(&self) -> Problem {
        let (code, what, remedy) = self.words();
        let why = match self {
            Self::Io { err, .. } => format!("{self}: {err}."),
            Self::Make { err, .. } => format!("{self}: {err}."),
            Self::KeyReadableByOthers { .. }
            | Self::FolderWritableByOthers { .. }
            | Self::Damaged { .. }
            | Self::RootKeyAbsent { .. }
            | Self::ClockBeforeCertificate { .. }
            | Self::Expired { .. }
            | Self::Unusable { .. }
            | Self::Randomness => format!("{self}."),
        };
        Problem { code: code.to_owned(), what: what.to_owned(), why, remedy }
    }

    /// Code, what, and remedy.
    fn words(&self) -> (&'static str, &'static str, String) {
        match self {
            Self::Io { .. } => (
                "ca_files_unusable",
                "The authority's files cannot be used.",
                "Check that the disk has room and that the station's user owns the folder; then start again.".to_owned(),
            ),
            Self::KeyReadableByOthers { path, .. } => (
                "ca_key_exposed",
                "A private key can be read by others.",
                format!("Run: chmod 600 {}. If others may have read it, make a new authority.", path.display()),
            ),
            Self::FolderWritableByOthers { path, .. } => (
                "ca_folder_exposed",
                "The authority's folder can be changed by others.",
                format!("Run: chmod 700 {}. Then check that its files are yours.", path.display()),
            ),
            Self::Damaged { path, .. } => (
                "ca_damaged",
                "A file of the authority is damaged or does not belong to it.",
                format!("Put {} back from a backup.", path.display()),
            ),
            Self::RootKeyAbsent { path } => (
                "ca_root_key_absent",
                "The root's key is needed for this and is not on the station.",
                format!("Put the key file back to {} (mode 600), and move it away again afterwards.", path.display()),
            ),
            Self::ClockBeforeCertificate { .. } => (
                "clock_before_certificate",
                "The station's clock is behind.",
                "Set the station's clock (see `timedatectl`), then start again.".to_owned(),
            ),
            Self::Expired { .. } => (
                "ca_expired",
                "A certificate of the authority has ended.",
                "Check the station's clock. If it is right: an intermediate can be renewed with the root's key; after a \
                 root, make a new authority."
                    .to_owned(),
            ),
            Self::Unusable { .. } => (
                "ca_input_unusable",
                "What was handed to the authority cannot be used.",
                "Check the file; it must be whole, and a key must be ECDSA on P-256 or P-384, or Ed25519.".to_owned(),
            ),
            Self::Randomness => (
                "randomness_failed",
                "The system's randomness failed.",
                "Restart the station; if it happens again, check the system's log.".to_owned(),
            ),
            Self::Make { .. } => (
                "ca_make_failed",
                "A certificate could not be made.",
                "Check the names in the configuration; if it happens again, report it with the station's log.".to_owned(),
            ),
        }
    }
}
