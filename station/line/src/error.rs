//! What stops a slot without being the unit's fault.

use firstpass_domain::{DiagnosisCode, Problem, RunId, Step};
use firstpass_gateway::mqtt::PublishError;
use firstpass_store::{IssueError, StoreError};
use thiserror::Error;

use crate::blocking::Panicked;

/// The station itself failed. The unit's run stays open on record and is closed with a reason at the next start.
#[derive(Debug, Error)]
pub enum StationError {
    /// The record failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A session could not be issued on the unit's behalf.
    #[error("could not issue a session on the unit's behalf")]
    Issue(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// What the unit gets could not be made.
    #[error("could not make the unit's NVS image")]
    Prepare(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The unit could not be asked.
    #[error("could not send the ping")]
    Ping(#[from] PublishError),
    /// A unit's log could not be written.
    #[error("could not keep the unit's UART log")]
    Log(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Hardware work panicked.
    #[error("{operation} ended without a result")]
    Panicked {
        /// Which work.
        operation: &'static str,
    },
    /// A step was done and its evidence is still not complete.
    #[error("step {step} was done, and its evidence is not complete")]
    Stuck {
        /// Which step.
        step: Step,
    },
    /// The batch that was named cannot be worked on.
    #[error("batch {batch} cannot be worked on: {why}")]
    Batch {
        /// Its name, or its id.
        batch: String,
        /// What stands against it.
        why: String,
    },
    /// A unit's failure lies with the slot: it takes no further unit until a person has looked at it.
    #[error("a person must look at the slot: {}", .problem.what)]
    NeedsPerson {
        /// What the unit's failure was.
        problem: Problem,
    },
    /// The record does not say what this process remembers.
    #[error("the record of run {run} does not hold what was put there")]
    RecordDisagrees {
        /// Which run.
        run: RunId,
    },
}

impl From<Panicked> for StationError {
    fn from(panicked: Panicked) -> Self {
        Self::Panicked { operation: panicked.operation }
    }
}

impl From<IssueError> for StationError {
    fn from(error: IssueError) -> Self {
        match error {
            // The record's own failures are told as such, and waited for.
            IssueError::Store(error) => Self::Store(error),
            other => Self::Issue(Box::new(other)),
        }
    }
}

impl StationError {
    /// Whether it ends by itself once the record, or the disk of the logs, takes writes again.
    pub(crate) const fn is_outage(&self) -> bool {
        match self {
            Self::Store(StoreError::Unavailable { .. } | StoreError::Full { .. } | StoreError::ReadOnly { .. })
            | Self::Log(_) => true,
            Self::Store(StoreError::Corrupt { .. } | StoreError::Conflict { .. } | StoreError::BatchNotOpen { .. })
            | Self::Issue(_)
            | Self::Prepare(_)
            | Self::Ping(_)
            | Self::Panicked { .. }
            | Self::Stuck { .. }
            | Self::Batch { .. }
            | Self::NeedsPerson { .. }
            | Self::RecordDisagrees { .. } => false,
        }
    }

    /// Whether a slot's port or fixture was the cause: it may become usable again.
    pub(crate) fn is_of_port(&self) -> bool {
        let Self::NeedsPerson { problem } = self else { return false };
        [DiagnosisCode::PortBusy, DiagnosisCode::PortUnusable, DiagnosisCode::FixtureFailed]
            .iter()
            .any(|code| code.name() == problem.code)
    }

    /// For people. The technical cause is in the log.
    pub fn problem(&self) -> Problem {
        let (code, remedy) = match self {
            Self::Store(error) => return store_problem(error),
            Self::NeedsPerson { problem } => return problem.clone(),
            Self::Batch { batch, why } => return batch_problem(batch, why),
            Self::Issue(_) => {
                ("issue_failed", "Look at the station's log; check the certificate authority and the record.")
            }
            Self::Prepare(_) => ("prepare_failed", "Check the recipe's NVS entries with `station recipe check`."),
            Self::Log(_) => ("uart_log_failed", "Check the folder of the UART logs and the free space on its disk."),
            Self::Ping(_) | Self::Panicked { .. } | Self::Stuck { .. } | Self::RecordDisagrees { .. } => {
                ("station_failed", "Restart the station and report this with its log.")
            }
        };
        Problem {
            code: code.to_owned(),
            what: "The station stopped this slot.".to_owned(),
            why: format!("{self}."),
            remedy: remedy.to_owned(),
        }
    }
}

fn batch_problem(batch: &str, why: &str) -> Problem {
    Problem {
        code: "batch_refused".to_owned(),
        what: format!("The batch {batch} cannot be worked on."),
        why: format!("{batch}: {why}."),
        remedy: "Name another batch, or look at this one with `station batch show`.".to_owned(),
    }
}

/// What a person is told when the record fails.
pub fn store_problem(error: &StoreError) -> Problem {
    let (code, remedy) = match error {
        StoreError::Unavailable { .. } => {
            ("record_unavailable", "Check the database and its path or address; units on the slots are kept.")
        }
        StoreError::Full { .. } => ("record_disk_full", "Free space on the disk that holds the record, then go on."),
        StoreError::ReadOnly { .. } => {
            ("record_read_only", "Make the record's file and folder writable for the station's user.")
        }
        StoreError::Corrupt { .. } => ("record_damaged", error.remedy()),
        StoreError::BatchNotOpen { .. } => {
            ("batch_not_open", "Resume the batch when its reason is gone, or open another one.")
        }
        StoreError::Conflict { .. } => ("record_conflict", "Restart the station and report this with its log."),
    };
    Problem {
        code: code.to_owned(),
        what: "The record cannot be used, so no unit can pass.".to_owned(),
        why: format!("{error}."),
        remedy: remedy.to_owned(),
    }
}
