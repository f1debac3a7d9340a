//! What can go wrong with the record. Database text stays in `source`: it is for the log, not for people.

use std::error::Error as StdError;

use firstpass_domain::RunId;
use thiserror::Error;

use crate::{BatchState, Damage};

/// The database's own error.
pub type Cause = Box<dyn StdError + Send + Sync>;

/// The record could not be read or written. Nothing was changed, but for what [`Self::Unavailable`] says.
#[derive(Debug, Error)]
pub enum StoreError {
    /// The database cannot be opened or reached. When a server was lost in the very moment of a commit, the change may be
    /// on record all the same: who repeats it, looks first.
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
    /// The batch is paused or closed and takes no further unit.
    #[error("could not {operation}: batch {batch} is {}", state.name())]
    BatchNotOpen {
        /// What was tried.
        operation: &'static str,
        /// Name of the batch.
        batch: String,
        /// How it stands.
        state: BatchState,
        /// Why, when that was told.
        reason: Option<String>,
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

impl StoreError {
    /// What a person does about it.
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::Unavailable { .. } => "Check the database and its path or address; units on the slots are kept.",
            Self::Full { .. } => "Free space on the disk that holds the record, then go on.",
            Self::ReadOnly { .. } => "Make the record's file and folder writable for the station's user.",
            Self::Corrupt { source, .. } => match source.downcast_ref::<Damage>() {
                Some(damage) => damage.remedy(),
                None => "Restore the record from its backup, or use the program version that wrote it.",
            },
            Self::BatchNotOpen { .. } => "Resume the batch when its reason is gone, or open another one.",
            Self::Conflict { .. } => "Restart the station and report this with its log.",
        }
    }
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

/// A unit could not be set aside, released or scrapped. Nothing was changed.
#[derive(Debug, Error)]
pub enum UnitActError {
    /// No unit of this MAC was ever seen.
    #[error("the unit is not on record")]
    UnknownUnit,
    /// A run has it in work; end that first.
    #[error("the unit is in work in run {run}")]
    InWork {
        /// The run.
        run: RunId,
    },
    /// It is in quarantine already.
    #[error("the unit is in quarantine already")]
    Quarantined,
    /// It is not in quarantine, so it needs no release.
    #[error("the unit is not in quarantine")]
    NotQuarantined,
    /// It was scrapped, and that is for ever.
    #[error("the unit was scrapped")]
    Scrapped,
    /// A person's name or the reason is missing.
    #[error("who does this, and why, must be told")]
    Unexplained,
    /// The record failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}
