//! The fourteen packets of MQTT 3.1.1 as values that cannot hold what the standard forbids by form.

use alloc::{string::String, vec::Vec};
use core::{fmt, num::NonZeroU16};

use super::topic::TopicFilter;

/// A control packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Packet {
    /// Client asks for a session.
    Connect(Connect),
    /// Server answers a CONNECT.
    ConnAck {
        /// The server kept a session of this client and goes on with it.
        session_present: bool,
        /// Accepted, or why not.
        code: ConnectCode,
    },
    /// A message, in either direction.
    Publish(Publish),
    /// A QoS 1 message arrived.
    PubAck(PacketId),
    /// A QoS 2 message arrived.
    PubRec(PacketId),
    /// The sender of a QoS 2 message will not send it again.
    PubRel(PacketId),
    /// The QoS 2 message is complete.
    PubComp(PacketId),
    /// Client asks for messages.
    Subscribe {
        /// Repeated in the SUBACK.
        id: PacketId,
        /// At least one.
        subscriptions: Vec<Subscription>,
    },
    /// Server answers a SUBSCRIBE.
    SubAck {
        /// From the SUBSCRIBE.
        id: PacketId,
        /// One for each subscription, in the same order.
        codes: Vec<SubscribeCode>,
    },
    /// Client no longer wants messages.
    Unsubscribe {
        /// Repeated in the UNSUBACK.
        id: PacketId,
        /// At least one.
        filters: Vec<TopicFilter>,
    },
    /// Server answers an UNSUBSCRIBE.
    UnsubAck(PacketId),
    /// Client shows that it lives.
    PingReq,
    /// Server answers a PINGREQ.
    PingResp,
    /// Client leaves on purpose; its will is not published.
    Disconnect,
}

/// Identifies a packet in flight; zero is forbidden [MQTT-2.3.1-1].
pub type PacketId = NonZeroU16;

/// What a client says first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connect {
    /// May be empty, then the server makes one up.
    pub client_id: String,
    /// Longest silence of the client in seconds; 0 turns the mechanism off.
    pub keep_alive_s: u16,
    /// Start without what an earlier session left.
    pub clean_session: bool,
    /// Published by the server when the client goes away without DISCONNECT.
    pub will: Option<Will>,
    /// User name; a password never comes without one [MQTT-3.1.2-22].
    pub username: Option<String>,
    /// Password, any bytes.
    pub password: Option<Password>,
}

/// A message that the server keeps for the end of the session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Will {
    /// Topic name, without wildcards.
    pub topic: String,
    /// Any bytes.
    pub payload: Vec<u8>,
    /// Delivery promise.
    pub qos: QoS,
    /// Kept by the server for later subscribers.
    pub retain: bool,
}

/// A message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Publish {
    /// Sent again because no acknowledgement came.
    pub dup: bool,
    /// Kept by the server; on the way to a subscriber: an old message.
    pub retain: bool,
    /// Delivery promise with, above QoS 0, the packet identifier.
    pub delivery: Delivery,
    /// Topic name, without wildcards.
    pub topic: String,
    /// Any bytes.
    pub payload: Vec<u8>,
}

/// The delivery promise of a PUBLISH and the identifier that goes with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// QoS 0.
    AtMostOnce,
    /// QoS 1.
    AtLeastOnce(PacketId),
    /// QoS 2.
    ExactlyOnce(PacketId),
}

/// Delivery promise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum QoS {
    /// No acknowledgement.
    AtMostOnce = 0,
    /// PUBACK.
    AtLeastOnce = 1,
    /// PUBREC, PUBREL, PUBCOMP.
    ExactlyOnce = 2,
}

/// One line of a SUBSCRIBE.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    /// Which topics.
    pub filter: TopicFilter,
    /// Highest delivery promise wanted.
    pub qos: QoS,
}

/// Return code of a CONNACK.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum ConnectCode {
    /// 0: the session begins.
    Accepted = 0,
    /// 1: the protocol level is not 4.
    BadProtocolLevel = 1,
    /// 2: the client identifier has a form that the server does not allow.
    BadClientId = 2,
    /// 3: the server cannot serve now.
    ServerUnavailable = 3,
    /// 4: wrong user name or password.
    BadLogin = 4,
    /// 5: the login is right or irrelevant, but this client may not connect.
    NotAuthorized = 5,
}

/// Return code for one subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SubscribeCode {
    /// Granted with this highest delivery promise.
    Granted(QoS),
    /// 0x80: refused.
    Failure,
}

/// Password of a CONNECT. Cannot be printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(Vec<u8>);

impl Password {
    /// Takes the bytes into custody.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Self {
        Self(bytes.into())
    }

    /// The bytes, for the one place that verifies or sends them.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

impl QoS {
    /// From the two bits on the wire; `None` for 3.
    pub const fn from_bits(bits: u8) -> Option<Self> {
        match bits {
            0 => Some(Self::AtMostOnce),
            1 => Some(Self::AtLeastOnce),
            2 => Some(Self::ExactlyOnce),
            _ => None,
        }
    }
}

impl Delivery {
    /// The promise without the identifier.
    pub const fn qos(self) -> QoS {
        match self {
            Self::AtMostOnce => QoS::AtMostOnce,
            Self::AtLeastOnce(_) => QoS::AtLeastOnce,
            Self::ExactlyOnce(_) => QoS::ExactlyOnce,
        }
    }
}
