//! What the broker saw, as the evidence channel carries it.

use std::{fmt, net::SocketAddr, sync::Arc};

use firstpass_contract::mqtt::{ConnectCode, DecodeError, QoS};
use firstpass_domain::Timestamp;

use super::certificate::ClientCertificate;

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

/// A TCP connection since the broker's start. A unit that reconnects gets another one, so that "subscription granted
/// and its own presence on the same connection" can be judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectionId(pub u64);

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

/// Why a message was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PublishDenial {
    /// The ACL does not have the topic.
    Topic,
    /// It asks to be retained and is larger than [`super::Limits::retained_payload_bytes_max`].
    RetainedTooLarge,
}

/// Why no session began.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// [`super::Limits::connections_max`] is reached.
    TooManyConnections,
    /// The TLS handshake took too long.
    HandshakeTimeout,
    /// The TLS handshake failed, with rustls' words.
    Handshake(String),
    /// No CONNECT, or no decision on it, in time.
    ConnectTimeout,
    /// The client went away before its CONNECT was complete.
    Gone,
    /// The first packet is none.
    Malformed(DecodeError),
    /// The first packet is not a CONNECT.
    NotConnect,
    /// The broker speaks protocol level 4 only.
    ProtocolLevel(u8),
    /// The client identifier is too long, or empty although a session is to be kept.
    ClientIdForm,
    /// Too many failed logins for this user name or from this address.
    RateLimited,
    /// The login could not be looked up.
    CredentialsUnavailable,
    /// The CONNECT has no user name or no password.
    NoLogin,
    /// Nobody has this user name.
    UnknownUser,
    /// The password is wrong.
    WrongPassword,
    /// The login is right, but switched off.
    Disabled,
    /// The client identifier is not the one of this login.
    WrongClientId,
    /// The login asks for a client certificate, and none was presented.
    MissingCertificate,
    /// The certificate is another unit's, or carries no device identity.
    ForeignCertificate,
    /// The last will goes to a topic that the client may not publish to.
    ForeignWillTopic,
    /// The last will asks to be retained and is too large for that.
    WillTooLarge,
    /// The login was withdrawn, or the broker stopped, while it was being decided on.
    Withdrawn,
}

impl Refusal {
    /// The CONNACK that tells the client; `None` when it gets none.
    pub fn code(&self) -> Option<ConnectCode> {
        match self {
            Self::TooManyConnections
            | Self::HandshakeTimeout
            | Self::Handshake(_)
            | Self::ConnectTimeout
            | Self::Gone
            | Self::Malformed(_)
            | Self::NotConnect => None,
            Self::ProtocolLevel(_) => Some(ConnectCode::BadProtocolLevel),
            Self::ClientIdForm => Some(ConnectCode::BadClientId),
            Self::RateLimited | Self::CredentialsUnavailable | Self::Withdrawn => Some(ConnectCode::ServerUnavailable),
            Self::NoLogin | Self::UnknownUser | Self::WrongPassword => Some(ConnectCode::BadLogin),
            Self::Disabled
            | Self::WrongClientId
            | Self::MissingCertificate
            | Self::ForeignCertificate
            | Self::ForeignWillTopic
            | Self::WillTooLarge => Some(ConnectCode::NotAuthorized),
        }
    }
}

/// Why a session ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DisconnectReason {
    /// The client said DISCONNECT; the only end without a will.
    Client,
    /// The connection was closed or cut without DISCONNECT.
    Lost,
    /// The transport failed, with the system's words.
    Transport(String),
    /// No packet came for 1.5 times the keep-alive.
    KeepAlive,
    /// The same client connected anew.
    TakenOver,
    /// The client does not take its messages.
    Slow,
    /// The client sent what is no packet.
    Malformed(DecodeError),
    /// The client sent a packet that has no place here.
    OutOfOrder(&'static str),
    /// The client asked for a topic that it may not have.
    SubscriptionDenied,
    /// The client published where it may not.
    PublishDenied,
    /// The login was rotated or withdrawn.
    Withdrawn,
    /// The broker stops.
    Shutdown,
    /// Nobody reads the events any more, so nothing may be acknowledged.
    Unrecorded,
}

impl fmt::Display for ConnectionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}
