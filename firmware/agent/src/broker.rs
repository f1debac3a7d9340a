//! The unit's MQTT session: connect, subscribe, presence, keep-alive, back-off. Source: device contract, section 3.
//!
//! Knows packets and time as parameters; knows neither sockets nor what a command means.

mod incoming;
mod link;
mod packets;

use alloc::{string::String, vec::Vec};

use firstpass_contract::{
    Topics,
    mqtt::{ConnectCode, DecodeError, Packet},
};

use crate::{Action, BrokerBackoff, BrokerEndpoint, BrokerFailure, OpaqueBytes, SessionInNvs, action::Actions};
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
    pub(crate) fn new(session: &SessionInNvs) -> Option<Self> {
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
            backoff: BrokerBackoff::default(),
            link: Link::Down { retry_at: None },
            inbox: Inbox::default(),
            ids: PacketIds::default(),
        })
    }

    /// The unit's topics.
    pub(crate) fn topics(&self) -> &Topics {
        &self.topics
    }

    /// Opens the stream, unless it is open or opening.
    pub(crate) fn connect(&mut self, out: &mut Actions) {
        if let Link::Down { .. } = self.link {
            self.link = Link::Opening;
            self.inbox = Inbox::default();
            out.push(Action::OpenBroker(self.endpoint.clone()));
        }
    }

    /// The network is away: no attempt is made until `connect`.
    pub(crate) fn network_lost(&mut self, out: &mut Actions) {
        if !matches!(self.link, Link::Down { .. }) {
            out.push(Action::CloseBroker);
        }
        self.link = Link::Down { retry_at: None };
    }

    /// The stream is open: the session begins.
    pub(crate) fn opened(&mut self, now_ms: u64, out: &mut Actions) {
        if let Link::Opening = self.link {
            self.link = Link::AwaitingConnack { until: now_ms + CONNACK_TIMEOUT_MS };
            send(&self.login.packet(), out);
        }
    }

    /// The stream could not be opened, or ended.
    pub(crate) fn lost(&mut self, failure: BrokerFailure, now_ms: u64, out: &mut Actions) {
        if !matches!(self.link, Link::Down { .. }) {
            self.break_down(&Breakdown::Transport(failure), now_ms, out);
        }
    }

    /// Bytes came in; returns the messages among them.
    pub(crate) fn received(&mut self, bytes: &[u8], now_ms: u64, out: &mut Actions) -> Vec<Message> {
        let mut messages = Vec::new();
        if matches!(self.link, Link::Down { .. } | Link::Opening) {
            return messages;
        }
        self.inbox.push(bytes);
        while !matches!(self.link, Link::Down { .. }) {
            match self.inbox.next_packet() {
                Ok(Some(packet)) => messages.extend(self.packet(packet, now_ms, out)),
                Ok(None) => break,
                Err(error) => self.break_down(&Breakdown::Malformed(error), now_ms, out),
            }
        }
        messages
    }

    /// Publishes with QoS 1 if the session is up; what is not sent now would be stale later.
    pub(crate) fn publish(&mut self, topic: String, payload: Vec<u8>, retain: bool, now_ms: u64, out: &mut Actions) {
        if let Link::Up { ping_at, .. } = &mut self.link {
            *ping_at = now_ms + PING_AFTER_MS;
            send(&packets::publish(self.ids.next(), topic, payload, retain), out);
        }
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
            Link::Opening => {}
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

    fn break_down(&mut self, why: &Breakdown, now_ms: u64, out: &mut Actions) {
        let delay_ms = match why {
            Breakdown::Refused(ConnectCode::BadLogin | ConnectCode::NotAuthorized) => self.backoff.after_refusal(),
            Breakdown::Transport(_)
            | Breakdown::Refused(_)
            | Breakdown::Silent
            | Breakdown::Malformed(_)
            | Breakdown::Unexpected => self.backoff.after_failure(),
        };
        out.log(&why.line(delay_ms));
        if !matches!(why, Breakdown::Transport(_)) {
            out.push(Action::CloseBroker);
        }
        self.link = Link::Down { retry_at: Some(now_ms + u64::from(delay_ms)) };
    }
}

fn send(packet: &Packet, out: &mut Actions) {
    out.push(Action::SendBroker(OpaqueBytes(packet.to_bytes())));
}
