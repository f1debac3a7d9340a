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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Bench, NOW};

    #[tokio::test]
    async fn a_batch_closes_itself_when_its_quantity_has_passed() {
        let bench = Bench::new(Some(1)).await;
        let clock: Clock = Arc::new(|| NOW);
        let demand = Demand::new(Arc::clone(&bench.store), clock, bench.batch.clone(), Goal::Endless);
        demand.count().await.unwrap();
        assert!(!demand.is_over());
        bench.pass().await;
        demand.count_pass().await;
        assert!(demand.is_over());
        demand.gate.settle().await.unwrap();
        let batch = bench.store.batch(bench.batch.id).await.unwrap().unwrap();
        assert_eq!(batch.state, firstpass_store::BatchState::Closed);
        assert_eq!(batch.reason.as_deref(), Some("all 1 units have passed"));
    }
}
