//! What people do with the slots of a station: start, stop, retry, ask who is there. Knows no page and no person's role.

mod acts;
mod golden;
mod line_floor;
mod ports;
mod posts;
mod refusal;

use async_trait::async_trait;
use firstpass_device::PortName;
use firstpass_domain::{Mac, Problem, RunId, SlotId, Timestamp};
use firstpass_store::{Act, BatchId};
use thiserror::Error;
use tokio::sync::broadcast;

pub use line_floor::{FloorReport, LineFloor};

use crate::{Presence, event::LineEvent};

/// A slot as it is set up.
#[derive(Debug, Clone)]
pub struct SlotPlace {
    /// Its name.
    pub slot: SlotId,
    /// Its port.
    pub port: PortName,
    /// The port that the configuration gives it; another one than `port` while it is mapped to that.
    pub configured: PortName,
    /// How it knows that a unit is there.
    pub presence: Presence,
    /// The batch that it works on; `None` while it is stopped.
    pub batch: Option<BatchId>,
    /// Whether it stops after the unit that is in work.
    pub stopping: bool,
    /// The run in work.
    pub in_work: Option<RunId>,
    /// Whether [`Floor::retry`] has something to do: a unit that failed and is still there, or a slot that waits for a
    /// person.
    pub may_retry: bool,
    /// What else is done with a slot that works on no batch, such as a golden unit's check.
    pub busy: Option<&'static str>,
}

/// When a golden unit was last seen good on a slot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GoldenDue {
    /// The slot.
    pub slot: SlotId,
    /// Name of a recipe that has a golden unit.
    pub recipe: String,
    /// When one of its golden units last passed there.
    pub passed: Option<Timestamp>,
    /// Whether a check is due: the last pass is a shift old, or there was none.
    pub due: bool,
}

/// How a slot is stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// After the unit that is in work.
    AfterUnit,
    /// At once; a run in work is cancelled and uses up no attempt.
    Now,
}

/// Who is in a slot, as its loader says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Occupant {
    /// The unit.
    pub mac: Mac,
    /// Its chip with revision, as the loader names it.
    pub chip: String,
}

/// How a golden unit came out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GoldenOutcome {
    /// The run.
    pub run: RunId,
    /// The unit.
    pub mac: Option<Mac>,
    /// Why it failed; `None` when it passed.
    pub problem: Option<Problem>,
}

/// What was asked of the floor cannot be done.
#[derive(Debug, Error)]
pub enum FloorError {
    /// No slot has this name.
    #[error("there is no slot {0}")]
    NoSuchSlot(SlotId),
    /// It does not go with what the slot or the batch is doing.
    #[error("{}", .0.what)]
    Refused(Problem),
    /// The station itself failed.
    #[error(transparent)]
    Station(#[from] crate::StationError),
}

/// The slots of a station, as people work with them.
#[async_trait]
pub trait Floor: Send + Sync + 'static {
    /// The slots, in the order in which they are set up.
    fn slots(&self) -> Vec<SlotPlace>;

    /// Everything that happens on them from now on.
    fn events(&self) -> broadcast::Receiver<LineEvent>;

    /// Sets slots to work on a batch that is on record and whose recipe is on the shelf. A slot that works on another
    /// batch is refused; none of them is started then.
    async fn start(&self, batch: BatchId, slots: &[SlotId], act: &Act) -> Result<(), FloorError>;

    /// Stops a slot, also one with a golden unit in its check. Returns when it has stopped, or with [`Stop::AfterUnit`]
    /// when it will.
    async fn stop(&self, slot: &SlotId, how: Stop, act: &Act) -> Result<(), FloorError>;

    /// Runs the unit that is in the slot again, although it was not taken out; resumes a slot that waits for a person.
    async fn retry(&self, slot: &SlotId, act: &Act) -> Result<(), FloorError>;

    /// Asks the loader who is in the slot, which resets the unit. A slot with a unit in work is refused.
    async fn identify(&self, slot: &SlotId, act: &Act) -> Result<Occupant, FloorError>;

    /// Puts the golden unit in a stopped slot through the batch's recipe, in a run that counts for no work order. A unit
    /// that is not on record as golden for a recipe of that name is refused, and left alone; so is any that takes the
    /// golden unit's place meanwhile. A unit that the rules refuse has tested nothing, which is refused as well.
    async fn check_golden(&self, batch: BatchId, slot: &SlotId, act: &Act) -> Result<GoldenOutcome, FloorError>;

    /// Gives a stopped slot another port; it keeps it over restarts. When another stopped slot has that port, the two
    /// exchange theirs, so that no port ever has two slots.
    async fn map(&self, slot: &SlotId, port: &PortName, act: &Act) -> Result<(), FloorError>;

    /// For every slot and every recipe that has golden units: whether a check is due there. Empty when the station is set
    /// up to ask for none.
    async fn golden_due(&self) -> Result<Vec<GoldenDue>, FloorError>;

    /// Cuts the open connections of sessions that have ended.
    fn cut(&self, usernames: &[String]);
}

/// The floor of a station without slots, such as an auditor's, who only looks at a record.
#[derive(Debug)]
pub struct NoFloor(broadcast::Sender<LineEvent>);

impl Default for NoFloor {
    fn default() -> Self {
        Self(broadcast::channel(1).0)
    }
}

#[async_trait]
impl Floor for NoFloor {
    fn slots(&self) -> Vec<SlotPlace> {
        Vec::new()
    }

    fn events(&self) -> broadcast::Receiver<LineEvent> {
        self.0.subscribe()
    }

    async fn start(&self, _: BatchId, slots: &[SlotId], _: &Act) -> Result<(), FloorError> {
        slots.first().map_or(Ok(()), |slot| Err(FloorError::NoSuchSlot(slot.clone())))
    }

    async fn stop(&self, slot: &SlotId, _: Stop, _: &Act) -> Result<(), FloorError> {
        Err(FloorError::NoSuchSlot(slot.clone()))
    }

    async fn retry(&self, slot: &SlotId, _: &Act) -> Result<(), FloorError> {
        Err(FloorError::NoSuchSlot(slot.clone()))
    }

    async fn identify(&self, slot: &SlotId, _: &Act) -> Result<Occupant, FloorError> {
        Err(FloorError::NoSuchSlot(slot.clone()))
    }

    async fn check_golden(&self, _: BatchId, slot: &SlotId, _: &Act) -> Result<GoldenOutcome, FloorError> {
        Err(FloorError::NoSuchSlot(slot.clone()))
    }

    async fn map(&self, slot: &SlotId, _: &PortName, _: &Act) -> Result<(), FloorError> {
        Err(FloorError::NoSuchSlot(slot.clone()))
    }

    async fn golden_due(&self) -> Result<Vec<GoldenDue>, FloorError> {
        Ok(Vec::new())
    }

    fn cut(&self, _: &[String]) {}
}
