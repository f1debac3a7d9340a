//! In which ways a record is found damaged, and what to do about each.

use firstpass_domain::audit::ChainError;
use thiserror::Error;

/// What is wrong with a record that was refused: the `source` of a [`StoreError::Corrupt`](crate::StoreError::Corrupt).
#[derive(Debug, Error)]
pub enum Damage {
    /// What the program had confirmed is not there.
    #[error("audit entry {seq}, which was confirmed, is not in the record: its file or its log was cut or is older")]
    Lost {
        /// The last entry known to have been confirmed.
        seq: i64,
    },
    /// The file does not hold together.
    #[error("the file is damaged: {found}")]
    File {
        /// What SQLite says of it.
        found: String,
    },
    /// The end of the audit chain is broken.
    #[error("the audit chain is broken")]
    Chain(#[from] ChainError),
    /// Another version of the program made the record.
    #[error("the record was made by another version of the program")]
    OtherVersion,
}

impl Damage {
    /// What a person does about it.
    pub const fn remedy(&self) -> &'static str {
        match self {
            Self::Lost { .. } => {
                "Put the newest copy of the record and of its file ending in -wal back. When there is none, and the loss \
                 is known and accepted, move the file ending in -mark away: numbers and codes given since then may be \
                 given again."
            }
            Self::File { .. } => "Keep the damaged files, and restore the record from its newest backup.",
            Self::Chain(_) => {
                "Keep the record as it is, find the place with `station audit verify`, and restore the newest backup \
                 that verifies."
            }
            Self::OtherVersion => "Use the version of the program that wrote the record, or a newer one.",
        }
    }
}
