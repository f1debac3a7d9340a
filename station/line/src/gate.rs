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

/// What was decided here, the weakest first: what is stronger takes the place of what is weaker.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Word {
    /// Paused while this station's provisioning service is away: such a pause, and no other, ends by itself.
    Wait(String),
    /// Paused until a person opens the batch again.
    Pause(String),
    /// Closed for good.
    Close(String),
}

/// A batch's gate, shared by its slots.
pub(crate) struct Gate {
    store: Arc<dyn Store>,
    clock: Clock,
    id: BatchId,
    standing: watch::Sender<Standing>,
    /// What was decided here and is not on record yet.
    owed: Mutex<Option<Word>>,
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
        self.decide(Word::Pause(reason));
    }

    /// The same while the provisioning service is away.
    pub(crate) fn pause_for_upstream(&self, why: &str) {
        let station = self.store.station();
        self.decide(Word::Wait(format!("the provisioning service is away (station {station}): {why}")));
    }

    /// No further unit is taken for good.
    pub(crate) fn close(&self, reason: String) {
        self.decide(Word::Close(reason));
    }

    fn decide(&self, word: Word) {
        let mut owed = self.owed();
        let stands = match (&*self.standing.borrow(), &word) {
            (Standing::Open, Word::Wait(_) | Word::Pause(_)) => false,
            // Whether the pause that stands only waits, the record knows.
            (Standing::Paused { .. }, Word::Pause(_)) => matches!(*owed, Some(Word::Pause(_) | Word::Close(_))),
            (Standing::Paused { .. }, Word::Wait(_)) | (Standing::Closed { .. }, Word::Wait(_) | Word::Pause(_)) => {
                true
            }
            (Standing::Open | Standing::Paused { .. } | Standing::Closed { .. }, Word::Close(_)) => false,
        };
        if stands {
            return;
        }
        info!(?word, "the batch takes no further unit");
        self.stand(match &word {
            Word::Wait(reason) | Word::Pause(reason) => Standing::Paused { reason: reason.clone() },
            Word::Close(reason) => Standing::Closed { reason: reason.clone() },
        });
        *owed = Some(word);
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
            // Somebody else may just have opened what this station must keep paused.
            if let Some(why) = upstream.away() {
                self.pause_for_upstream(why);
            }
        }
    }

    /// Writes what is owed, then reads how the batch stands. `service_here`: a pause for this station's service may end.
    pub(crate) async fn refresh(&self, service_here: bool) -> Result<(), StoreError> {
        self.settle().await?;
        let Some(mut batch) = self.store.batch(self.id).await? else { return Ok(()) };
        if service_here && batch.waits_for.as_ref() == Some(self.store.station()) {
            let act = act("the provisioning service is here again");
            self.store.end_wait_for_service(self.id, &act, (self.clock)()).await?;
            let Some(opened) = self.store.batch(self.id).await? else { return Ok(()) };
            batch = opened;
        }
        let owed = self.owed();
        if owed.is_none() {
            self.stand(standing_of(&batch));
        }
        Ok(())
    }

    /// Puts on record what was decided here.
    pub(crate) async fn settle(&self) -> Result<(), StoreError> {
        let Some(word) = self.owed().clone() else { return Ok(()) };
        self.write(&word).await?;
        let mut owed = self.owed();
        if owed.as_ref() == Some(&word) {
            *owed = None;
        }
        Ok(())
    }

    async fn write(&self, word: &Word) -> Result<(), StoreError> {
        let (store, now) = (&self.store, (self.clock)());
        let written = match word {
            Word::Wait(reason) => store.wait_for_service(self.id, &act(reason), now).await,
            Word::Pause(reason) => store.set_batch_state(self.id, BatchState::Paused, &act(reason), now).await,
            Word::Close(reason) => store.set_batch_state(self.id, BatchState::Closed, &act(reason), now).await,
        };
        match written {
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

    fn owed(&self) -> MutexGuard<'_, Option<Word>> {
        self.owed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn act(reason: &str) -> Act {
    Act { actor: ACTOR.to_owned(), reason: reason.to_owned() }
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
