//! Why the broker said no, or why a session ended; each reason is one that an operator can act on.

use firstpass_contract::mqtt::{ConnectCode, DecodeError};

use crate::HandshakeFault;

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
    /// The TLS handshake failed or took too long. Of a flood of them, only the beginning becomes events.
    Handshake(HandshakeFault),
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
    /// The client publishes or subscribes faster than [`super::Limits::event_interval`] allows.
    Flooding,
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
