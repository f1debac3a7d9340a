//! Brings what the gateway saw to the run that it is about. Loses nothing that a verdict needs.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use firstpass_domain::{Evidence, RunId};
use firstpass_gateway::mqtt::BrokerEvent;
use firstpass_store::Store;
use tokio::sync::mpsc;
use tracing::warn;

use crate::witness;

/// Evidence that may wait for one run. A unit that fills it is out of its mind: its run is closed to more.
const INBOX_MAX: usize = 1024;

/// Something a gateway witness saw about a run.
#[derive(Debug)]
pub(crate) struct Witnessed {
    pub(crate) evidence: Evidence,
    /// Whether the evidence stands on record already, written together with what it tells.
    pub(crate) recorded: bool,
}

/// Knows which run waits for what.
pub(crate) struct Router {
    store: Arc<dyn Store>,
    inboxes: Mutex<HashMap<RunId, mpsc::Sender<Witnessed>>>,
}

/// A run's inbox; dropping it ends the run's interest.
pub(crate) struct Inbox {
    run: RunId,
    router: Arc<Router>,
    pub(crate) receiver: mpsc::Receiver<Witnessed>,
}

impl Router {
    pub(crate) fn new(store: Arc<dyn Store>) -> Arc<Self> {
        Arc::new(Self { store, inboxes: Mutex::default() })
    }

    /// Opens the inbox of a run.
    pub(crate) fn open(self: &Arc<Self>, run: RunId) -> Inbox {
        let (sender, receiver) = mpsc::channel(INBOX_MAX);
        self.lock().insert(run, sender);
        Inbox { run, router: Arc::clone(self), receiver }
    }

    /// Brings evidence to its run; a run that has ended is not interested.
    pub(crate) fn deliver(&self, run: RunId, witnessed: Witnessed) {
        let mut inboxes = self.lock();
        let Some(sender) = inboxes.get(&run) else { return };
        if sender.try_send(witnessed).is_err() {
            warn!(%run, "inbox overflowed or closed; the run gets no more evidence");
            inboxes.remove(&run);
        }
    }

    /// Brings a broker event to the run that issued the session it names.
    pub(crate) async fn deliver_broker(&self, event: &BrokerEvent) {
        let Some(username) = event.origin.username.as_deref() else { return };
        // The record knows the session before the unit is told of it, so a look-up here can never come too early.
        let run = match self.store.session_by_username(username).await {
            Ok(Some(session)) => session.run,
            Ok(None) => return,
            Err(error) => return warn!(%error, "could not tell whose session a broker event is about"),
        };
        if let Some(evidence) = witness::from_broker(event, &run.to_string()) {
            self.deliver(run, Witnessed { evidence, recorded: false });
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<RunId, mpsc::Sender<Witnessed>>> {
        self.inboxes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Inbox {
    fn drop(&mut self) {
        self.router.lock().remove(&self.run);
    }
}
