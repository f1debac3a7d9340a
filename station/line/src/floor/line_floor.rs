//! The floor over a running line. Every act of a person is on record before it is done, and done to its end even when
//! whoever asked for it goes away.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::Duration,
};

use async_trait::async_trait;
use firstpass_device::PortName;
use firstpass_domain::SlotId;
use firstpass_store::{Act, BatchId};
use tokio::sync::broadcast;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{Floor, FloorError, GoldenDue, GoldenOutcome, Occupant, SlotPlace, Stop, posts::Posts};
use crate::{Line, RunCounts, Slot, StationError, event::LineEvent, job::Job, recipe::Shelf};

/// The slots of a line, as people work with them.
#[derive(Clone)]
pub struct LineFloor(Arc<Inner>);

/// Shared by everything that is done on the floor.
pub(super) struct Inner {
    pub(super) line: Arc<Line>,
    pub(super) shelf: Arc<Shelf>,
    /// How long a golden unit's check counts; `None` asks for none.
    pub(super) shift: Option<Duration>,
    pub(super) posts: Posts,
    /// One act at a time; whoever holds it waits for no unit.
    pub(super) desk: tokio::sync::Mutex<HashMap<BatchId, Weak<Job>>>,
    pub(super) report: Mutex<FloorReport>,
    pub(super) token: CancellationToken,
    pub(super) tasks: TaskTracker,
}

/// How a floor was left.
#[derive(Debug, Default)]
pub struct FloorReport {
    /// How the runs on batches came out since it was opened.
    pub counts: RunCounts,
    /// What had stopped slots that waited for a person when it was closed.
    pub stopped: Vec<StationError>,
}

impl Inner {
    pub(super) fn report(&self) -> MutexGuard<'_, FloorReport> {
        self.report.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl LineFloor {
    /// The slots as they are configured, each with the port that it was mapped to since. None of them works yet; `shift`
    /// is how long a golden unit's check counts.
    pub async fn open(
        line: Arc<Line>,
        shelf: Arc<Shelf>,
        slots: Vec<Slot>,
        shift: Option<Duration>,
    ) -> Result<Self, StationError> {
        let plans = line.store.slot_plans().await?;
        let mapped = |slot: Slot| {
            let configured = slot.port.clone();
            let port = plans.iter().find(|plan| plan.slot == slot.id).and_then(|plan| plan.port.as_ref());
            let port = port.map_or_else(|| configured.clone(), PortName::new);
            (Slot { port, ..slot }, configured)
        };
        Ok(Self(Arc::new(Inner {
            line,
            shelf,
            shift,
            posts: Posts::new(slots.into_iter().map(mapped).collect()),
            desk: tokio::sync::Mutex::default(),
            report: Mutex::default(),
            token: CancellationToken::new(),
            tasks: TaskTracker::new(),
        })))
    }

    /// Goes on where the slots were when the station ended. Those that no person has ever told anything work on the batch
    /// `otherwise`. A slot that stands idle or cannot go on tells so.
    pub async fn resume(&self, otherwise: Option<BatchId>) -> Result<(), StationError> {
        self.0.resume(otherwise).await
    }

    /// Ends everything on the floor, cutting what is in work, and waits until it has ended. What the slots worked on stays
    /// on record, so that the next start goes on with it.
    pub async fn close(&self) -> FloorReport {
        self.0.token.cancel();
        self.0.tasks.close();
        self.0.tasks.wait().await;
        std::mem::take(&mut *self.0.report())
    }

    /// Does `act` to its end, whether or not anybody waits for it.
    async fn detached<T: Send + 'static>(
        &self,
        act: impl Future<Output = Result<T, FloorError>> + Send + 'static,
    ) -> Result<T, FloorError> {
        let done = self.0.tasks.spawn(act).await;
        done.map_err(|_| StationError::Panicked { operation: "an act on the floor" })?
    }
}

#[async_trait]
impl Floor for LineFloor {
    fn slots(&self) -> Vec<SlotPlace> {
        self.0.posts.lock().iter().map(super::posts::Post::place).collect()
    }

    fn events(&self) -> broadcast::Receiver<LineEvent> {
        self.0.line.events()
    }

    async fn start(&self, batch: BatchId, slots: &[SlotId], act: &Act) -> Result<(), FloorError> {
        let (floor, slots, act) = (Arc::clone(&self.0), slots.to_vec(), act.clone());
        self.detached(async move { floor.start(batch, &slots, Some(&act)).await }).await
    }

    async fn stop(&self, slot: &SlotId, how: Stop, act: &Act) -> Result<(), FloorError> {
        let (floor, slot, act) = (Arc::clone(&self.0), slot.clone(), act.clone());
        self.detached(async move { floor.stop(&slot, how, &act).await }).await
    }

    async fn retry(&self, slot: &SlotId, act: &Act) -> Result<(), FloorError> {
        let (floor, slot, act) = (Arc::clone(&self.0), slot.clone(), act.clone());
        self.detached(async move { floor.retry(&slot, &act).await }).await
    }

    async fn identify(&self, slot: &SlotId, act: &Act) -> Result<Occupant, FloorError> {
        let (floor, slot, act) = (Arc::clone(&self.0), slot.clone(), act.clone());
        self.detached(async move { floor.identify(&slot, &act).await }).await
    }

    async fn check_golden(&self, batch: BatchId, slot: &SlotId, act: &Act) -> Result<GoldenOutcome, FloorError> {
        let (floor, slot, act) = (Arc::clone(&self.0), slot.clone(), act.clone());
        self.detached(async move { floor.check_golden(batch, &slot, &act).await }).await
    }

    async fn map(&self, slot: &SlotId, port: &PortName, act: &Act) -> Result<(), FloorError> {
        let (floor, slot, port, act) = (Arc::clone(&self.0), slot.clone(), port.clone(), act.clone());
        self.detached(async move { floor.map(&slot, &port, &act).await }).await
    }

    async fn golden_due(&self) -> Result<Vec<GoldenDue>, FloorError> {
        self.0.golden_due().await
    }

    fn cut(&self, usernames: &[String]) {
        for username in usernames {
            self.0.line.broker.disconnect(username);
        }
    }
}
