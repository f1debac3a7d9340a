//! What can go wrong with the record. Database text stays in `source`: it is for the log, not for people.

use std::error::Error as StdError;

use thiserror::Error;

/// The database's own error.
pub type Cause = Box<dyn StdError + Send + Sync>;

/// The record could not be read or written. Nothing was changed.
#[derive(Debug, Error)]
pub enum StoreError {
    /// The database cannot be opened or reached.
    #[error("could not {operation}: the record is not available")]
    Unavailable {
        /// What was tried.
        operation: &'static str,
        /// Why.
        #[source]
        source: Cause,
    },
    /// The disk is full.
    #[error("could not {operation}: the disk that holds the record is full")]
    Full {
        /// What was tried.
        operation: &'static str,
        /// Why.
        #[source]
        source: Cause,
    },
    /// The record may only be read.
    #[error("could not {operation}: the record is read-only")]
    ReadOnly {
        /// What was tried.
        operation: &'static str,
        /// Why.
        #[source]
        source: Cause,
    },
    /// The record holds something that this version cannot read, or the file is damaged.
    #[error("could not {operation}: the record is damaged or of another version")]
    Corrupt {
        /// What was tried.
        operation: &'static str,
        /// Why.
        #[source]
        source: Cause,
    },
    /// What was asked does not go with what is on record.
    #[error("could not {operation}: {conflict}")]
    Conflict {
        /// What was tried.
        operation: &'static str,
        /// What stands against it.
        conflict: String,
    },
}

/// A session could not be issued. Nothing was changed.
#[derive(Debug, Error)]
pub enum IssueError {
    /// No such code was ever issued.
    #[error("the code is unknown")]
    UnknownCode,
    /// The code was used before.
    #[error("the code was used before")]
    UsedCode,
    /// The code was made unusable: its run ended, or its time ran out.
    #[error("the code is no longer valid")]
    VoidCode,
    /// The code belongs to another unit.
    #[error("the code belongs to another unit")]
    OtherUnit,
    /// The batch has issued as many sessions as its quota allows.
    #[error("the batch's quota is used up")]
    QuotaReached,
    /// The record failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A claim could not be bound. Nothing was changed.
#[derive(Debug, Error)]
pub enum ClaimError {
    /// No unit has this token, or its session was revoked.
    #[error("the device token is unknown")]
    UnknownToken,
    /// The unit was claimed before with another code.
    #[error("the unit has been claimed before")]
    AlreadyClaimed,
    /// The claim code was used for another unit.
    #[error("the claim code was used before")]
    ClaimUsed,
    /// The record failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}
