//! Whether a batch still wants units: its gate, its goal and its order together.

mod wish;

use std::{
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::Duration,
};

use firstpass_store::{BatchId, BatchRecord, Store, StoreError};
use tokio::time::{MissedTickBehavior, interval};
use tracing::warn;

use self::wish::{Wish, wish};
use crate::{
    Clock, Goal,
    batch::BatchCounter,
    gate::{Gate, Standing},
    upstream::Upstream,
};

/// How often the record is asked what the batch has: passes on other stations, units set aside, another quantity.
const POLL: Duration = Duration::from_secs(1);

/// What a batch still wants; shared by its slots.
pub(crate) struct Demand {
    pub(crate) counter: BatchCounter,
    pub(crate) gate: Gate,
    store: Arc<dyn Store>,
    id: BatchId,
    /// Held while the record is asked, so that no older count takes the place of a newer one.
    counting: tokio::sync::Mutex<()>,
    /// Why the order is full without being filled.
    held: Mutex<Option<String>>,
    halted: OnceLock<String>,
}

impl Demand {
    pub(crate) fn new(store: Arc<dyn Store>, clock: Clock, batch: BatchRecord, goal: Goal) -> Self {
        let gate = Gate::new(Arc::clone(&store), clock, &batch);
        Self {
            counter: BatchCounter::new(goal),
            gate,
            store,
            id: batch.id,
            counting: tokio::sync::Mutex::default(),
            held: Mutex::default(),
            halted: OnceLock::new(),
        }
    }

    /// Whether no slot needs to wait for another unit.
    pub(crate) fn is_over(&self) -> bool {
        self.counter.is_reached() || matches!(self.gate.standing(), Standing::Closed { .. })
    }

    /// Keeps gate and counts in step with the record; never ends.
    pub(crate) async fn keep(&self, upstream: Upstream) {
        tokio::join!(self.gate.keep(upstream), self.keep_count());
    }

    async fn keep_count(&self) {
        let mut ticks = interval(POLL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            self.count_pass().await;
        }
    }

    /// Counts what the batch has by its record, and closes it when that is its quantity. Every pass is followed by it.
    pub(crate) async fn count(&self) -> Result<(), StoreError> {
        let _alone = self.counting.lock().await;
        // Before the record is asked: what passes meanwhile may be missing here, and is never wanted a second time.
        let passed = self.counter.passed();
        let Some(batch) = self.store.batch(self.id).await?.map(|record| record.batch) else { return Ok(()) };
        let wish = match batch.quantity {
            None => Wish::Endless,
            Some(quantity) => wish(quantity, batch.quota, &self.store.batch_yield(self.id).await?),
        };
        self.counter.want(match &wish {
            Wish::Endless => u32::MAX,
            Wish::Passes(more) => passed.saturating_add(*more),
            Wish::Filled { .. } | Wish::Held { .. } => passed,
        });
        if let Wish::Filled { quantity } = wish
            && !matches!(self.gate.standing(), Standing::Closed { .. })
        {
            self.gate.close(format!("all {quantity} units have passed"));
        }
        *self.held.lock().unwrap_or_else(PoisonError::into_inner) = wish.needs_person();
        Ok(())
    }

    /// The same when nobody waits for it: the next time counts again what could not be counted.
    pub(crate) async fn count_pass(&self) {
        if let Err(error) = self.count().await {
            warn!(error = &error as &dyn std::error::Error, "could not count the batch's passes");
        }
    }

    /// What a person must do before the order takes a further unit; `None` when it only waits for units in work.
    pub(crate) async fn held(&self) -> Option<String> {
        let held = || self.held.lock().unwrap_or_else(PoisonError::into_inner).clone();
        held()?;
        // What is told is told of now, and not of a second ago.
        self.count_pass().await;
        held()
    }

    /// The line itself stops the batch until a person opens it again.
    pub(crate) fn stop(&self, reason: String) {
        self.gate.pause(reason.clone());
        self.halt(reason);
    }

    /// A batch with an end does not wait for a person; without one, somebody is there to act.
    pub(crate) fn halt(&self, reason: String) {
        if self.counter.goal() != Goal::Endless {
            let _ = self.halted.set(reason);
            self.counter.halt();
        }
    }

    /// Why the batch was given up before its goal.
    pub(crate) fn halted(&self) -> Option<String> {
        self.halted.get().cloned()
    }
}

#[cfg(test)]
mod tests;
