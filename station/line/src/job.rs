//! What the slots share that work on one batch. Knows no slot by name.

use std::sync::Arc;

use firstpass_store::BatchRecord;
use tokio::task::JoinSet;

use crate::{Goal, Slot, StationError, demand::Demand, reins::Reins, run::Context, slot::Worker, upstream::Upstream};

/// A batch in work.
pub(crate) struct Job {
    pub(crate) context: Arc<Context>,
    pub(crate) demand: Arc<Demand>,
    /// Keeps the batch's gate and counts in step with the record while somebody works on it.
    _keeper: JoinSet<()>,
}

impl Job {
    /// Counts what the batch has, and keeps counting until the job is dropped.
    pub(crate) async fn begin(
        context: Context,
        batch: BatchRecord,
        goal: Goal,
        upstream: Upstream,
    ) -> Result<Arc<Self>, StationError> {
        let (store, clock) = (Arc::clone(&context.store), Arc::clone(&context.clock));
        let demand = Arc::new(Demand::new(store, clock, batch, goal));
        demand.count().await?;
        let mut keeper = JoinSet::new();
        keeper.spawn({
            let demand = Arc::clone(&demand);
            async move { demand.keep(upstream).await }
        });
        Ok(Arc::new(Self { context: Arc::new(context), demand, _keeper: keeper }))
    }

    /// A worker on a slot.
    pub(crate) fn worker(self: &Arc<Self>, slot: Slot, reins: Arc<Reins>) -> Worker {
        Worker::new(Arc::clone(&self.context), slot, Arc::clone(&self.demand), reins)
    }

    /// Puts on record what was decided about the batch and is not there yet.
    pub(crate) async fn settle(&self) -> Result<(), StationError> {
        Ok(self.demand.gate.settle().await?)
    }
}
