//! Whether a batch still wants units: its gate, its goal and its quantity together.

use std::sync::Arc;

use firstpass_store::{BatchRecord, Store, StoreError};
use tracing::warn;

use crate::{
    Clock, Goal,
    batch::BatchCounter,
    gate::{Gate, Standing},
};

/// What a batch still wants; shared by its slots.
pub(crate) struct Demand {
    pub(crate) counter: BatchCounter,
    pub(crate) gate: Gate,
    store: Arc<dyn Store>,
    batch: BatchRecord,
}

impl Demand {
    pub(crate) fn new(store: Arc<dyn Store>, clock: Clock, batch: BatchRecord, goal: Goal) -> Self {
        let gate = Gate::new(Arc::clone(&store), clock, &batch);
        Self { counter: BatchCounter::new(goal), gate, store, batch }
    }

    /// Whether no slot needs to wait for another unit.
    pub(crate) fn is_over(&self) -> bool {
        self.counter.is_reached() || matches!(self.gate.standing(), Standing::Closed { .. })
    }

    /// Counts what the batch has by its record, and closes it when that is its quantity. Every pass is followed by it.
    pub(crate) async fn count(&self) -> Result<(), StoreError> {
        let Some(quantity) = self.batch.batch.quantity else { return Ok(()) };
        let passed = self.store.batch_yield(self.batch.id).await?.passed;
        self.counter.want(quantity.saturating_sub(passed));
        if passed >= quantity && !matches!(self.gate.standing(), Standing::Closed { .. }) {
            self.gate.close(format!("all {quantity} units have passed"));
        }
        Ok(())
    }

    /// The same, after a pass that is on record already; the next one counts again what could not be counted.
    pub(crate) async fn count_pass(&self) {
        if let Err(error) = self.count().await {
            warn!(error = &error as &dyn std::error::Error, "could not count the batch's passes");
        }
    }
}
