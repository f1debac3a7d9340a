//! The MQTT 3.1.1 broker that units prove themselves to: TLS, a login per device, an exact ACL, and a witness's memory.
//!
//! Every connect, refusal, subscription, message, will and disconnect becomes a [`BrokerEvent`] before the client gets
//! its acknowledgement, on a bounded channel that is never skipped: a slow reader of events slows the clients down.
//! So that one client cannot fill it for all, each may make events only so fast; one that floods is disconnected.
//! Subscribed topic filters and unacknowledged messages end with the connection: a client that asks for a persistent
//! session (clean session 0) is served, and told by `session present` 0 that nothing was kept. Knows no database and no
//! run; logins come from [`Credentials`].

mod acl;
mod broker;
mod certificate;
mod connection;
mod control;
mod credentials;
mod event;
mod guard;
mod handle;
mod hub;
mod limits;
mod login;
mod outbox;
mod pace;
mod reason;
mod retained;
mod session;
mod wire;

pub use broker::{Broker, BrokerError, Clock};
pub use certificate::ClientCertificate;
pub use credentials::{Account, CertificateRule, Credentials, CredentialsError, DeviceLogin, ObserverLogin};
pub use event::{BrokerEvent, BrokerEventKind, ConnectionId, Origin, Role};
pub use firstpass_contract::mqtt::QoS;
pub use handle::{BrokerHandle, PublishError};
pub use limits::Limits;
pub use reason::{DisconnectReason, PublishDenial, Refusal};
