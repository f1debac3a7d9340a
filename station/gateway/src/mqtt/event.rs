//! What the broker saw, as the evidence channel carries it.

use std::{fmt, net::SocketAddr, sync::Arc};

use firstpass_contract::mqtt::QoS;
use firstpass_domain::{Evidence, Timestamp, evidence::Service};

use super::{
    certificate::ClientCertificate,
    reason::{DisconnectReason, PublishDenial, Refusal},
};

/// One thing that happened on one connection. Events of one connection come in the order in which they happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrokerEvent {
    /// When the broker saw it.
    pub at: Timestamp,
    /// On which connection.
    pub origin: Origin,
    /// What it was.
    pub kind: BrokerEventKind,
}

impl BrokerEvent {
    /// The evidence of a failed TLS handshake; `None` when it was something else. Only [`Origin::peer`] tells whose it
    /// was.
    pub fn handshake_failed(&self) -> Option<Evidence> {
        let BrokerEventKind::Refused(Refusal::Handshake(fault)) = &self.kind else { return None };
        Some(fault.evidence(Service::Mqtt, self.at))
    }
}

/// A TCP connection since the broker's start. A unit that reconnects gets another one, so that "subscription granted
/// and its own presence on the same connection" can be judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectionId(pub u64);

impl fmt::Display for ConnectionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// Who is on the other end of a connection, as far as is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The connection.
    pub connection: ConnectionId,
    /// Address and port of the client.
    pub peer: SocketAddr,
    /// The certificate that the client proved to hold, verified against the CA.
    pub certificate: Option<ClientCertificate>,
    /// The user name that the CONNECT claimed; proven only from [`BrokerEventKind::Connected`] on.
    pub username: Option<String>,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BrokerEventKind {
    /// The connection ended before a session began. No other event of this connection follows or went before.
    Refused(Refusal),
    /// The login is right and the session begins.
    Connected {
        /// As the client sent it.
        client_id: String,
        /// What the login may do.
        role: Role,
        /// As the client sent it; 0 turns the mechanism off.
        keep_alive_s: u16,
        /// As the client sent it.
        clean_session: bool,
        /// Topic of the last will, when there is one.
        will_topic: Option<String>,
    },
    /// A subscription was granted.
    Subscribed {
        /// The filter.
        filter: String,
        /// The highest delivery promise granted.
        qos: QoS,
    },
    /// A subscription was refused; the connection is closed after the SUBACK.
    SubscriptionDenied {
        /// The filter.
        filter: String,
    },
    /// The client no longer wants messages for this filter.
    Unsubscribed {
        /// The filter.
        filter: String,
    },
    /// A message of the client was accepted.
    Published {
        /// Topic name.
        topic: String,
        /// Any bytes.
        payload: Arc<[u8]>,
        /// Delivery promise.
        qos: QoS,
        /// Kept for later subscribers.
        retain: bool,
    },
    /// A message of the client was refused; the connection is closed, since MQTT 3.1.1 has no negative acknowledgement.
    PublishDenied {
        /// Topic name.
        topic: String,
        /// Why.
        reason: PublishDenial,
    },
    /// The client's last will was published.
    WillPublished {
        /// Topic name.
        topic: String,
        /// Any bytes.
        payload: Arc<[u8]>,
        /// Kept for later subscribers.
        retain: bool,
    },
    /// The session ended. The last event of its connection.
    Disconnected(DisconnectReason),
}

/// What a login may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// A unit, on its own topics.
    Device,
    /// An engineer's monitor: may subscribe to anything and publish nothing.
    Observer,
}
