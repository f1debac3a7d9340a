//! Brings what the gateway saw to the run that it is about. Loses nothing that a verdict needs.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use firstpass_domain::{Evidence, RunId};
use firstpass_gateway::mqtt::BrokerEvent;
use firstpass_store::{SessionRecord, Store};
use tokio::sync::mpsc;
use tracing::{debug, error, warn};

use crate::{StationError, witness};

/// Evidence that may wait for one run. A unit that fills it is out of its mind: its run is closed to more.
const INBOX_MAX: usize = 1024;

/// User names whose run is remembered, so that units that go on after their run do not make the record work. When there
/// are more, all are asked for anew.
const USERS_KNOWN_MAX: usize = 8192;

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
    /// User names of sessions that a run in work keeps although an earlier one issued them.
    kept: HashMap<String, RunId>,
    /// The run that issued a user name's session. It never changes, whether the run is in work or not.
    issuers: HashMap<String, RunId>,
    /// The addresses that the units of runs in work have printed.
    addresses: HashMap<RunId, IpAddr>,
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

    /// Brings a broker event to the run that the session it names belongs to. What says nothing about a unit costs
    /// nothing.
    pub(crate) async fn deliver_broker(&self, event: &BrokerEvent) {
        let Some(username) = event.origin.username.as_deref().filter(|_| witness::speaks(event)) else { return };
        let Some(run) = self.run_of(username).await else { return };
        if let Some(evidence) = witness::from_broker(event, &run.to_string()) {
            self.deliver(run, Witnessed { evidence, recorded: false });
        }
    }

    /// Brings what only an address tells to the one run whose unit has it. Behind a router all units have one address:
    /// then it is nobody's.
    pub(crate) fn deliver_address(&self, address: IpAddr, evidence: Evidence) {
        let address = address.to_canonical();
        let run = {
            let waiting = self.lock();
            let mut runs = waiting.addresses.iter().filter(|(_, known)| **known == address).map(|(run, _)| *run);
            (runs.next(), runs.next())
        };
        match run {
            (Some(run), None) => self.deliver(run, Witnessed { evidence, recorded: false }),
            (None, _) | (Some(_), Some(_)) => debug!(%address, "a failed handshake is no single run's"),
        }
    }

    /// The run that a user name's session belongs to: the one in work that keeps it, or the one that issued it. The
    /// record knows a session before its unit is told of it, so that asking can never come too early.
    async fn run_of(&self, username: &str) -> Option<RunId> {
        {
            let waiting = self.lock();
            if let Some(run) = waiting.kept.get(username).or_else(|| waiting.issuers.get(username)) {
                return Some(*run);
            }
        }
        let session = self.look_up(username).await?;
        let mut waiting = self.lock();
        if waiting.issuers.len() >= USERS_KNOWN_MAX {
            waiting.issuers.clear();
        }
        waiting.issuers.insert(username.to_owned(), session.run);
        Some(waiting.kept.get(username).copied().unwrap_or(session.run))
    }

    /// Asks the record until it answers: an event that a verdict may need is never dropped because the record was away.
    /// What is damaged stays so, and holds up no other unit's events.
    async fn look_up(&self, username: &str) -> Option<SessionRecord> {
        loop {
            match self.store.session_by_username(username).await.map_err(StationError::from) {
                Ok(session) => return session,
                Err(failed) if !failed.is_outage() => {
                    error!(
                        error = &failed as &dyn std::error::Error,
                        "could not tell whose session a broker event is about; it is no run's evidence"
                    );
                    return None;
                }
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

impl Inbox {
    /// From now on, what the broker sees of this user name is this run's.
    pub(crate) fn keep_session_of(&self, username: &str) {
        self.router.lock().kept.insert(username.to_owned(), self.run);
    }

    /// The run's unit has this address.
    pub(crate) fn has_address(&self, address: IpAddr) {
        self.router.lock().addresses.insert(self.run, address.to_canonical());
    }
}

impl Drop for Inbox {
    fn drop(&mut self) {
        let mut waiting = self.router.lock();
        waiting.inboxes.remove(&self.run);
        waiting.addresses.remove(&self.run);
        waiting.kept.retain(|_, run| *run != self.run);
    }
}

#[cfg(test)]
mod tests;
