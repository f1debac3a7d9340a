//! Whether a batch takes units: as the record says, and as this line itself has just decided.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use firstpass_store::{Act, BatchId, BatchRecord, BatchState, Store, StoreError};
use tokio::{
    sync::{Notify, watch},
    time::{MissedTickBehavior, interval},
};
use tracing::{info, warn};

use crate::{Clock, upstream::Upstream};

/// How often the record is asked, so that a person's word in another program is heard.
const POLL: Duration = Duration::from_secs(1);
/// Who the record says has done it.
const ACTOR: &str = "line";
/// How the reason begins when the line has paused a batch because the provisioning service was away: such a pause, and
/// no other, ends by itself.
const UPSTREAM_AWAY: &str = "the provisioning service is away";

/// How a batch stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It takes units.
    Open,
    /// It takes none until it is opened again.
    Paused { reason: String },
    /// It takes none any more.
    Closed { reason: String },
}

/// A batch's gate, shared by its slots.
pub(crate) struct Gate {
    store: Arc<dyn Store>,
    clock: Clock,
    id: BatchId,
    standing: watch::Sender<Standing>,
    /// What was decided here and is not on record yet.
    owed: Mutex<Option<(BatchState, String)>>,
    hurry: Notify,
}

impl Gate {
    pub(crate) fn new(store: Arc<dyn Store>, clock: Clock, batch: &BatchRecord) -> Self {
        let standing = watch::Sender::new(standing_of(batch));
        Self { store, clock, id: batch.id, standing, owed: Mutex::default(), hurry: Notify::new() }
    }

    pub(crate) fn standing(&self) -> Standing {
        self.standing.borrow().clone()
    }

    pub(crate) fn watch(&self) -> watch::Receiver<Standing> {
        self.standing.subscribe()
    }

    /// No further unit is taken from now on, until a person opens the batch again. Holds at once, and goes on record as
    /// soon as the record takes it.
    pub(crate) fn pause(&self, reason: String) {
        self.decide(BatchState::Paused, reason);
    }

    /// The same while the provisioning service is away.
    pub(crate) fn pause_for_upstream(&self, why: &str) {
        self.pause(format!("{UPSTREAM_AWAY}: {why}"));
    }

    /// No further unit is taken for good.
    pub(crate) fn close(&self, reason: String) {
        self.decide(BatchState::Closed, reason);
    }

    fn decide(&self, state: BatchState, reason: String) {
        let mut owed = self.owed();
        if *self.standing.borrow() != Standing::Open && state == BatchState::Paused {
            return;
        }
        info!(?state, reason, "the batch takes no further unit");
        self.stand(match state {
            BatchState::Open => Standing::Open,
            BatchState::Paused => Standing::Paused { reason: reason.clone() },
            BatchState::Closed => Standing::Closed { reason: reason.clone() },
        });
        *owed = Some((state, reason));
        drop(owed);
        self.hurry.notify_one();
    }

    /// Keeps record and gate in step; never ends. Once the record is away, what stands here holds.
    pub(crate) async fn keep(&self, mut upstream: Upstream) {
        let mut ticks = interval(POLL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = ticks.tick() => {}
                () = self.hurry.notified() => {}
                () = upstream.changed() => {}
            }
            if let Some(why) = upstream.away() {
                self.pause_for_upstream(why);
            }
            if let Err(error) = self.refresh(upstream.away().is_none()).await {
                warn!(error = &error as &dyn std::error::Error, "could not tell how the batch stands; asking again");
            }
        }
    }

    /// Writes what is owed, then reads how the batch stands. `service_here`: a pause for the service may end.
    pub(crate) async fn refresh(&self, service_here: bool) -> Result<(), StoreError> {
        self.settle().await?;
        let Some(batch) = self.store.batch(self.id).await? else { return Ok(()) };
        let waited = batch.reason.as_deref().is_some_and(|reason| reason.starts_with(UPSTREAM_AWAY));
        if batch.state == BatchState::Paused && waited && service_here {
            self.write(BatchState::Open, "the provisioning service is here again").await?;
            self.stand(Standing::Open);
            return Ok(());
        }
        let owed = self.owed();
        if owed.is_none() {
            self.stand(standing_of(&batch));
        }
        Ok(())
    }

    /// Puts on record what was decided here.
    pub(crate) async fn settle(&self) -> Result<(), StoreError> {
        let Some((state, reason)) = self.owed().clone() else { return Ok(()) };
        self.write(state, &reason).await?;
        let mut owed = self.owed();
        if owed.as_ref() == Some(&(state, reason)) {
            *owed = None;
        }
        Ok(())
    }

    async fn write(&self, state: BatchState, reason: &str) -> Result<(), StoreError> {
        let act = Act { actor: ACTOR.to_owned(), reason: reason.to_owned() };
        match self.store.set_batch_state(self.id, state, &act, (self.clock)()).await {
            // Somebody else was quicker; how the batch stands now, the record tells.
            Ok(_) | Err(StoreError::Conflict { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    fn stand(&self, standing: Standing) {
        self.standing.send_if_modified(|old| {
            let changed = *old != standing;
            *old = standing;
            changed
        });
    }

    fn owed(&self) -> MutexGuard<'_, Option<(BatchState, String)>> {
        self.owed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn standing_of(batch: &BatchRecord) -> Standing {
    let reason = batch.reason.clone().unwrap_or_default();
    match batch.state {
        BatchState::Open => Standing::Open,
        BatchState::Paused => Standing::Paused { reason },
        BatchState::Closed => Standing::Closed { reason },
    }
}

#[cfg(test)]
mod tests;
