//! What the line tells those who watch: dashboards, progress bars, scripts. Views only: the record is elsewhere.

use firstpass_domain::{Mac, Problem, RunId, SlotId, Step, Timestamp};
use serde::Serialize;

/// How many events a slow watcher may lag behind before it loses some; nothing on record depends on them.
pub const EVENTS_MAX: usize = 4096;

/// Something happened on a slot.
#[derive(Debug, Clone, Serialize)]
pub struct LineEvent {
    /// When, in microseconds since the epoch.
    pub at: Timestamp,
    /// Where.
    pub slot: SlotId,
    /// What.
    #[serde(flatten)]
    pub kind: LineEventKind,
}

/// What happened. Serialised with its name in `event`.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum LineEventKind {
    /// The slot waits for a unit.
    Waiting,
    /// A unit appeared and a run began.
    RunBegan {
        /// The run.
        run: RunId,
    },
    /// The run's unit is known.
    Identified {
        /// The run.
        run: RunId,
        /// The unit.
        mac: Mac,
        /// Which attempt on this unit, from 1.
        attempt: u32,
    },
    /// A step began.
    StepBegan {
        /// The run.
        run: RunId,
        /// Which step.
        step: Step,
    },
    /// A step moved on.
    Progress {
        /// The run.
        run: RunId,
        /// Which step.
        step: Step,
        /// Bytes done.
        done: u64,
        /// Bytes in all.
        total: u64,
    },
    /// A step ended with all its evidence.
    StepEnded {
        /// The run.
        run: RunId,
        /// Which step.
        step: Step,
        /// How long it took, in milliseconds.
        duration_ms: u64,
    },
    /// The run passed, and that is on record.
    Passed {
        /// The run.
        run: RunId,
        /// The unit.
        mac: Mac,
        /// How long the run took, in milliseconds.
        duration_ms: u64,
    },
    /// The run failed, and that is on record.
    Failed {
        /// The run.
        run: RunId,
        /// The unit, when it was identified.
        mac: Option<Mac>,
        /// In which step.
        step: Step,
        /// How long the run took, in milliseconds.
        duration_ms: u64,
        /// Cause and remedy.
        problem: Problem,
    },
    /// The unit runs again where it is, as the recipe's rule for retries says.
    Retrying {
        /// The run that failed.
        run: RunId,
        /// Which retry follows, from 1.
        retry: u32,
        /// How many the recipe allows.
        max: u32,
        /// Code of the failure.
        code: String,
    },
    /// The unit's link did not hold at a baud rate; the slot goes on at a lower one, and remembers it.
    BaudReduced {
        /// The run.
        run: RunId,
        /// Rate that failed.
        from: u32,
        /// Rate that was taken.
        to: u32,
    },
    /// The batch is paused; the slot takes no unit until it is open again.
    Paused {
        /// Why, as it stands on record.
        reason: String,
    },
    /// The batch is closed; the slot takes no unit any more.
    BatchClosed {
        /// Why, as it stands on record.
        reason: String,
    },
    /// The slot cannot work. When the station's record or disk is the cause, it goes on by itself once that is back, and
    /// the run that was cut is closed as interrupted. In a batch without an end it also goes on once its port and its
    /// fixture can be used again.
    SlotStopped {
        /// Cause and remedy.
        problem: Problem,
    },
    /// The slot that was stopped goes on.
    SlotResumed,
    /// The slot was set to work on a batch: by a person, or by the station that goes on after its restart.
    SlotStarted {
        /// Name of the batch.
        batch: String,
        /// Who did it: a person's login name, or `line`.
        by: String,
    },
    /// A person stopped the slot; it does so after the unit that is in work.
    SlotStopping {
        /// Who did it.
        by: String,
    },
    /// The slot works on no batch now: a person stopped it, its batch is over, or it was never started.
    SlotEnded {
        /// Who stopped it; `None` when nobody did.
        by: Option<String>,
        /// Whether it was stopped at once, and not after the unit that was in work.
        at_once: bool,
    },
}
