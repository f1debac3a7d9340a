//! The unit's MQTT session: connect, subscribe, presence, keep-alive, back-off. Source: device contract, section 3.
//!
//! Knows packets and time as parameters; knows neither sockets nor what a command means.

mod incoming;
mod link;
mod packets;
mod reconnect;

use alloc::{string::String, vec::Vec};

use firstpass_contract::{
    Topics,
    mqtt::{ConnectCode, DecodeError, Packet},
};

use crate::{Action, BrokerBackoff, BrokerEndpoint, BrokerFailure, OpaqueBytes, Quirks, SessionInNvs, action::Actions};
use link::{CONNACK_TIMEOUT_MS, Inbox, Link, PING_AFTER_MS, PONG_TIMEOUT_MS};
use packets::{Login, PacketIds};

/// The client of one broker.
#[derive(Debug)]
pub(crate) struct BrokerClient {
    endpoint: BrokerEndpoint,
    login: Login,
    topics: Topics,
    backoff: BrokerBackoff,
    link: Link,
    inbox: Inbox,
    ids: PacketIds,
    quirks: Quirks,
    attempted: bool,
}

/// A message for the unit.
#[derive(Debug)]
pub(crate) struct Message {
    pub(crate) topic: String,
    pub(crate) payload: Vec<u8>,
}

/// Why the session ends, for the line that says so.
enum Breakdown {
    Transport(BrokerFailure),
    Refused(ConnectCode),
    Silent,
    Malformed(DecodeError),
    Unexpected,
}

impl BrokerClient {
    /// A client that is not connected. `None`: the session's port, slug or key make no connection possible.
    pub(crate) fn new(session: &SessionInNvs, seed: u64, quirks: Quirks) -> Option<Self> {
        let topics = Topics::new(&session.workspace_slug, &session.device_key);
        Some(Self {
            endpoint: BrokerEndpoint {
                host: session.mqtt_host.clone(),
                port: session.effective_mqtt_port()?,
                tls: session.mqtt_tls,
                client_certificate: session.client_certificate,
            },
            login: Login::new(session, &topics)?,
            topics,
            backoff: BrokerBackoff::new(seed),
            link: Link::Down { retry_at: None },
            inbox: Inbox::default(),
            ids: PacketIds::default(),
            quirks,
            attempted: false,
        })
    }

    /// The unit's topics.
    pub(crate) fn topics(&self) -> &Topics {
        &self.topics
    }

    /// Whether the broker has accepted the session that runs now.
    pub(crate) fn is_up(&self) -> bool {
        matches!(self.link, Link::Up { .. })
    }

    /// What the firmware does wrong from now on.
    pub(crate) fn set_quirks(&mut self, quirks: Quirks) {
        self.quirks = quirks;
    }

    /// Opens the stream, unless it is open or opening.
    pub(crate) fn connect(&mut self, out: &mut Actions) {
        if let Link::Down { .. } | Link::Offline { .. } = self.link {
            self.link = Link::Opening;
            self.attempted = true;
            self.inbox = Inbox::default();
            let mut endpoint = self.endpoint.clone();
            endpoint.client_certificate &= !self.quirks.no_certificate;
            out.push(Action::OpenBroker(endpoint));
        }
    }

    /// The stream is open: the session begins.
    pub(crate) fn opened(&mut self, now_ms: u64, out: &mut Actions) {
        if let Link::Opening = self.link {
            self.link = Link::AwaitingConnack { until: now_ms + CONNACK_TIMEOUT_MS };
            send(&self.login.packet(self.quirks), out);
        }
    }

    /// The stream could not be opened, or ended.
    pub(crate) fn lost(&mut self, failure: BrokerFailure, now_ms: u64, out: &mut Actions) {
        if self.has_stream() {
            self.break_down(&Breakdown::Transport(failure), now_ms, out);
        }
    }

    /// The stream failed, and this client is not to try again.
    pub(crate) fn give_up(&mut self, failure: BrokerFailure, out: &mut Actions) {
        if self.has_stream() {
            out.log(&Breakdown::Transport(failure).line(0));
            self.link = Link::Down { retry_at: None };
        }
    }

    /// Bytes came in; returns the messages among them.
    pub(crate) fn received(&mut self, bytes: &[u8], now_ms: u64, out: &mut Actions) -> Vec<Message> {
        let mut messages = Vec::new();
        if !matches!(self.link, Link::AwaitingConnack { .. } | Link::Up { .. }) {
            return messages;
        }
        self.inbox.push(bytes);
        while self.has_stream() {
            match self.inbox.next_packet() {
                Ok(Some(packet)) => messages.extend(self.packet(packet, now_ms, out)),
                Ok(None) => break,
                Err(error) => self.break_down(&Breakdown::Malformed(error), now_ms, out),
            }
        }
        messages
    }

    /// Publishes with QoS 1 if the session is up; what is not sent now would be stale later. Says whether it was sent.
    pub(crate) fn publish(
        &mut self,
        topic: String,
        payload: Vec<u8>,
        retain: bool,
        now_ms: u64,
        out: &mut Actions,
    ) -> bool {
        let Link::Up { ping_at, .. } = &mut self.link else { return false };
        *ping_at = now_ms + PING_AFTER_MS;
        send(&packets::publish(self.ids.next(), topic, payload, retain), out);
        true
    }

    /// When [`Self::time`] wants to be called.
    pub(crate) fn deadline(&self) -> Option<u64> {
        self.link.deadline()
    }

    /// Does what is due.
    pub(crate) fn time(&mut self, now_ms: u64, out: &mut Actions) {
        if self.deadline().is_none_or(|at| at > now_ms) {
            return;
        }
        match &mut self.link {
            Link::Down { .. } => self.connect(out),
            Link::Offline { .. } | Link::Opening => {}
            Link::AwaitingConnack { .. } | Link::Up { pong_until: Some(_), .. } => {
                self.break_down(&Breakdown::Silent, now_ms, out);
            }
            Link::Up { ping_at, pong_until } => {
                *ping_at = now_ms + PING_AFTER_MS;
                *pong_until = Some(now_ms + PONG_TIMEOUT_MS);
                send(&Packet::PingReq, out);
            }
        }
    }

    fn has_stream(&self) -> bool {
        !matches!(self.link, Link::Down { .. } | Link::Offline { .. })
    }
}

fn send(packet: &Packet, out: &mut Actions) {
    out.push(Action::SendBroker(OpaqueBytes(packet.to_bytes())));
}
