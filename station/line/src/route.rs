//! Brings what the gateway saw to the run that it is about. Loses nothing that a verdict needs.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use firstpass_domain::{Evidence, RunId};
use firstpass_gateway::mqtt::BrokerEvent;
use firstpass_store::{SessionRecord, Store};
use tokio::sync::mpsc;
use tracing::warn;

use crate::witness;

/// Evidence that may wait for one run. A unit that fills it is out of its mind: its run is closed to more.
const INBOX_MAX: usize = 1024;

/// Pause before the record is asked again after a failure.
const LOOK_UP_PAUSE: Duration = Duration::from_secs(1);

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
    waiting: Mutex<Waiting>,
}

#[derive(Default)]
struct Waiting {
    inboxes: HashMap<RunId, mpsc::Sender<Witnessed>>,
    /// Runs in work by the user name of the session that they issued, so that the record is asked once.
    users: HashMap<String, RunId>,
}

/// A run's inbox; dropping it ends the run's interest.
pub(crate) struct Inbox {
    run: RunId,
    router: Arc<Router>,
    pub(crate) receiver: mpsc::Receiver<Witnessed>,
}

impl Router {
    pub(crate) fn new(store: Arc<dyn Store>) -> Arc<Self> {
        Arc::new(Self { store, waiting: Mutex::default() })
    }

    /// Opens the inbox of a run.
    pub(crate) fn open(self: &Arc<Self>, run: RunId) -> Inbox {
        let (sender, receiver) = mpsc::channel(INBOX_MAX);
        self.lock().inboxes.insert(run, sender);
        Inbox { run, router: Arc::clone(self), receiver }
    }

    /// Brings evidence to its run; a run that has ended is not interested.
    pub(crate) fn deliver(&self, run: RunId, witnessed: Witnessed) {
        let mut waiting = self.lock();
        let Some(sender) = waiting.inboxes.get(&run) else { return };
        if sender.try_send(witnessed).is_err() {
            warn!(%run, "inbox overflowed or closed; the run gets no more evidence");
            waiting.inboxes.remove(&run);
        }
    }

    /// Brings a broker event to the run that issued the session it names. What says nothing about a unit costs nothing.
    pub(crate) async fn deliver_broker(&self, event: &BrokerEvent) {
        let Some(username) = event.origin.username.as_deref().filter(|_| witness::speaks(event)) else { return };
        let Some(run) = self.run_of(username).await else { return };
        if let Some(evidence) = witness::from_broker(event, &run.to_string()) {
            self.deliver(run, Witnessed { evidence, recorded: false });
        }
    }

    /// The run in work that issued the session of this user name. The record knows the session before the unit is told
    /// of it, so that asking can never come too early.
    async fn run_of(&self, username: &str) -> Option<RunId> {
        if let Some(run) = self.lock().users.get(username) {
            return Some(*run);
        }
        let session = self.look_up(username).await?;
        let mut waiting = self.lock();
        if waiting.inboxes.contains_key(&session.run) {
            waiting.users.insert(username.to_owned(), session.run);
        }
        Some(session.run)
    }

    /// Asks the record until it answers: an event that a verdict may need is never dropped because the record was away.
    async fn look_up(&self, username: &str) -> Option<SessionRecord> {
        loop {
            match self.store.session_by_username(username).await {
                Ok(session) => return session,
                Err(error) => {
                    warn!(
                        error = &error as &dyn std::error::Error,
                        "could not tell whose session a broker event is about; asking again"
                    );
                    tokio::time::sleep(LOOK_UP_PAUSE).await;
                }
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Inbox {
    fn drop(&mut self) {
        let mut waiting = self.router.lock();
        waiting.inboxes.remove(&self.run);
        waiting.users.retain(|_, run| *run != self.run);
    }
}
