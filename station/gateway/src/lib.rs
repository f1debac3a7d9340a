//! What units talk to: HTTPS provisioning and the MQTT broker.

mod accounts;
pub mod certificates;
mod handshake;
pub mod https;
pub mod mqtt;
mod rate;
mod tls;

pub use accounts::RecordedAccounts;
pub use handshake::HandshakeFault;
pub use rate::{Rate, RateLimit, TooOften};
pub use tls::{Protocol, ServerTls, TlsError, server_tls};
