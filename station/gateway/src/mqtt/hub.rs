//! What all connections share: who is connected, who wants which messages, and what is retained.
//!
//! Every method takes one lock for a short time and awaits nothing, so no client can hold up another one.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use firstpass_contract::mqtt::{QoS, Subscription, TopicFilter, Will};
use tokio::sync::mpsc::{self, error::TrySendError};

use super::{control::Control, event::ConnectionId, limits::Limits, reason::DisconnectReason, retained::Retained};

/// A message on its way to subscribers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Message {
    pub(super) topic: String,
    pub(super) payload: Arc<[u8]>,
    pub(super) qos: QoS,
    /// From a client: keep it. To a client: it was kept.
    pub(super) retain: bool,
}

/// Clients, sessions and retained messages.
#[derive(Debug)]
pub(super) struct Hub {
    subscriptions_max: usize,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    clients: HashMap<ConnectionId, Client>,
    owners: HashMap<String, ConnectionId>,
    retained: Retained,
}

/// A connection that claimed a user name; without a session before its login is proven and after its end.
#[derive(Debug)]
struct Client {
    username: String,
    control: Arc<Control>,
    /// The client identifier that this connection occupies.
    client_id: Option<String>,
    session: Option<Session>,
}

/// A session as the other connections see it.
#[derive(Debug)]
pub(super) struct Session {
    outgoing: mpsc::Sender<Arc<Message>>,
    will: Option<Message>,
    subscriptions: Vec<Subscription>,
}

impl Session {
    pub(super) fn new(outgoing: mpsc::Sender<Arc<Message>>, will: Option<Will>) -> Self {
        let will =
            will.map(|Will { topic, payload, qos, retain }| Message { topic, payload: payload.into(), qos, retain });
        Self { outgoing, will, subscriptions: Vec::new() }
    }
}

/// Answer to a session that wants to begin.
#[derive(Debug)]
pub(super) enum Admission {
    /// It began.
    Admitted,
    /// The client has another one, which is told to end; try again when it is done.
    Occupied(Arc<Control>),
    /// The login was withdrawn while it was being decided on.
    Withdrawn,
}

impl Hub {
    pub(super) fn new(limits: &Limits) -> Self {
        let retained = Retained::new(limits.retained_messages_max);
        let state = State { clients: HashMap::new(), owners: HashMap::new(), retained };
        Self { subscriptions_max: limits.subscriptions_max, state: Mutex::new(state) }
    }

    /// Notes who claims to connect, before the login is looked up: a login that is withdrawn from here on is not
    /// admitted on the strength of what was looked up earlier.
    pub(super) fn announce(&self, connection: ConnectionId, username: &str, control: Arc<Control>) {
        let client = Client { username: username.to_owned(), control, client_id: None, session: None };
        self.lock().clients.insert(connection, client);
    }

    /// Begins the session, unless the client still has another one. `session` is taken only when admitted.
    pub(super) fn admit(&self, connection: ConnectionId, client_id: &str, session: &mut Option<Session>) -> Admission {
        let mut guard = self.lock();
        let state = &mut *guard;
        if let Some(old) = state.owners.get(client_id).and_then(|owner| state.clients.get(owner)) {
            old.control.end(DisconnectReason::TakenOver);
            return Admission::Occupied(Arc::clone(&old.control));
        }
        match state.clients.get_mut(&connection) {
            Some(client) if !client.control.cut.is_cancelled() => {
                state.owners.insert(client_id.to_owned(), connection);
                client.client_id = Some(client_id.to_owned());
                client.session = session.take();
                Admission::Admitted
            }
            Some(_) | None => Admission::Withdrawn,
        }
    }

    /// Adds a subscription, or replaces the one with the same filter [MQTT-3.8.4-3], and returns what is retained for
    /// it; `None` when the client has too many.
    pub(super) fn subscribe(&self, connection: ConnectionId, wanted: &Subscription) -> Option<Vec<Arc<Message>>> {
        let mut guard = self.lock();
        let state = &mut *guard;
        let session = state.clients.get_mut(&connection)?.session.as_mut()?;
        session.subscriptions.retain(|held| held.filter != wanted.filter);
        if session.subscriptions.len() >= self.subscriptions_max {
            return None;
        }
        session.subscriptions.push(wanted.clone());
        Some(state.retained.matching(&wanted.filter))
    }

    pub(super) fn unsubscribe(&self, connection: ConnectionId, filter: &TopicFilter) {
        let mut state = self.lock();
        if let Some(session) = state.clients.get_mut(&connection).and_then(|client| client.session.as_mut()) {
            session.subscriptions.retain(|held| held.filter != *filter);
        }
    }

    /// Sends a message to everyone who wants it; returns how many do.
    pub(super) fn publish(&self, message: &Message) -> usize {
        self.lock().publish(message)
    }

    /// Ends the session. Unless it ends on purpose, its will is published in the same breath and returned. The client
    /// identifier stays occupied until [`Hub::retire`], so that the next session waits for the record of this one.
    pub(super) fn close(&self, connection: ConnectionId, on_purpose: bool) -> Option<Message> {
        self.lock().close(connection, on_purpose)
    }

    /// Forgets the connection, with its will if its session is still open.
    pub(super) fn retire(&self, connection: ConnectionId) {
        let mut state = self.lock();
        state.close(connection, false);
        if let Some(client_id) = state.clients.remove(&connection).and_then(|client| client.client_id) {
            state.owners.remove(&client_id);
        }
    }

    /// Ends every connection of this user name, also one whose login is still being decided on; returns how many.
    pub(super) fn withdraw(&self, username: &str) -> usize {
        let state = self.lock();
        let clients = state.clients.values().filter(|client| client.username == username);
        clients.map(|client| client.control.end(DisconnectReason::Withdrawn)).count()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn close(&mut self, connection: ConnectionId, on_purpose: bool) -> Option<Message> {
        let session = self.clients.get_mut(&connection)?.session.take()?;
        let will = session.will.filter(|_| !on_purpose)?;
        self.publish(&will);
        Some(will)
    }

    fn publish(&mut self, message: &Message) -> usize {
        if message.retain {
            self.retained.store(message);
        }
        self.clients.values().filter(|client| client.offer(message)).count()
    }
}

impl Client {
    /// Queues the message if the client wants it; a client whose queue is full is disconnected instead.
    fn offer(&self, message: &Message) -> bool {
        let Some(session) = &self.session else { return false };
        let matching = session.subscriptions.iter().filter(|held| held.filter.matches(&message.topic));
        let Some(granted) = matching.map(|held| held.qos).max() else { return false };
        let copy = Message { retain: false, qos: message.qos.min(granted), ..message.clone() };
        match session.outgoing.try_send(Arc::new(copy)) {
            Ok(()) => true,
            Err(TrySendError::Full(_)) => {
                self.control.end(DisconnectReason::Slow);
                false
            }
            Err(TrySendError::Closed(_)) => false,
        }
    }
}
