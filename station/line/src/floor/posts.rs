//! Where each slot of the floor stands. Knows no record: what is told here was put on record before, or comes from it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use firstpass_device::PortName;
use firstpass_domain::{Mac, RunId, SlotId};
use firstpass_store::BatchId;
use tokio_util::sync::CancellationToken;

use super::{FloorError, SlotPlace, refusal};
use crate::{Slot, reins::Reins};

/// The slots, in the order in which they are set up.
pub(super) struct Posts(Mutex<Vec<Post>>);

/// One slot.
pub(super) struct Post {
    pub(super) slot: Slot,
    /// The port that the configuration gives it.
    pub(super) configured: PortName,
    pub(super) state: PostState,
    /// A run that was left open on record when its worker ended.
    pub(super) left_open: Option<RunId>,
}

/// What is done with a slot.
pub(super) enum PostState {
    /// Nothing.
    Idle,
    /// Something else than work on a batch.
    Busy(Busy),
    /// It works on a batch.
    Working(Work),
}

/// A slot that is kept from work.
#[derive(Clone)]
pub(super) struct Busy {
    /// With what.
    pub(super) what: &'static str,
    /// Cancelled to cut it.
    pub(super) token: CancellationToken,
    /// Cancelled when it is over.
    pub(super) ended: CancellationToken,
}

/// A slot at work.
#[derive(Clone)]
pub(super) struct Work {
    pub(super) batch: BatchId,
    /// Name of the batch.
    pub(super) name: String,
    pub(super) reins: Arc<Reins>,
    /// Cancelled when the slot works no more.
    pub(super) ended: CancellationToken,
    /// Who stopped it, and whether at once.
    pub(super) stopped: Option<(String, bool)>,
}

impl Posts {
    pub(super) fn new(slots: Vec<(Slot, PortName)>) -> Self {
        let post = |(slot, configured)| Post { slot, configured, state: PostState::Idle, left_open: None };
        Self(Mutex::new(slots.into_iter().map(post).collect()))
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Vec<Post>> {
        // Every change is one assignment.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads or changes one slot.
    pub(super) fn with<T>(&self, slot: &SlotId, change: impl FnOnce(&mut Post) -> T) -> Result<T, FloorError> {
        let mut posts = self.lock();
        let post = posts.iter_mut().find(|post| post.slot.id == *slot);
        post.map(change).ok_or_else(|| FloorError::NoSuchSlot(slot.clone()))
    }

    /// The slot, when nothing is done with it and no other slot has its port.
    pub(super) fn idle(&self, slot: &SlotId) -> Result<Slot, FloorError> {
        let posts = self.lock();
        let Some(post) = posts.iter().find(|post| post.slot.id == *slot) else {
            return Err(FloorError::NoSuchSlot(slot.clone()));
        };
        match &post.state {
            PostState::Idle => {}
            PostState::Busy(busy) => return Err(refusal::busy(slot, busy.what)),
            PostState::Working(_) => return Err(refusal::at_work(slot)),
        }
        let device = post.slot.port.canonical();
        let twin = posts.iter().find(|other| other.slot.id != *slot && other.slot.port.canonical() == device);
        twin.map_or_else(|| Ok(post.slot.clone()), |twin| Err(refusal::port_twice(slot, &twin.slot.id)))
    }

    /// The unit in work, when there is one.
    pub(super) fn in_work(&self, slot: &SlotId) -> Result<Option<RunId>, FloorError> {
        self.with(slot, |post| post.work().and_then(|work| work.reins.standing().in_work))
    }
}

impl Post {
    pub(super) const fn work(&self) -> Option<&Work> {
        match &self.state {
            PostState::Working(work) => Some(work),
            PostState::Idle | PostState::Busy(_) => None,
        }
    }

    /// As people see it.
    pub(super) fn place(&self) -> SlotPlace {
        let work = self.work();
        let standing = work.map(|work| work.reins.standing());
        let busy = match &self.state {
            PostState::Busy(busy) => Some(busy.what),
            PostState::Idle | PostState::Working(_) => None,
        };
        SlotPlace {
            slot: self.slot.id.clone(),
            port: self.slot.port.clone(),
            configured: self.configured.clone(),
            presence: self.slot.presence,
            batch: work.map(|work| work.batch),
            stopping: standing.is_some_and(|standing| standing.stopping),
            in_work: standing.and_then(|standing| standing.in_work),
            may_retry: standing.is_some_and(|standing| standing.may_retry),
            busy,
        }
    }
}

impl Work {
    /// The unit that it waits with; refused when it has nothing to go on with.
    pub(super) fn waits_with(&self, slot: &SlotId) -> Result<Option<Mac>, FloorError> {
        match (self.reins.standing().in_work, self.reins.waits_with()) {
            (Some(run), _) => Err(refusal::in_work(slot, run)),
            (None, Some(mac)) => Ok(mac),
            (None, None) => Err(refusal::nothing_to_retry(slot)),
        }
    }
}
