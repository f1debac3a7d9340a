//! The HTTPS endpoint at which units get their sessions, and the [`Provisioner`] that issues them.
//!
//! What a unit is answered is on record first. Knows no slot and no verdict: what the line must know goes to it as
//! [`GatewayEvent`]s, on a bounded channel from which nothing is dropped.

mod answer;
mod claim;
mod draft;
mod event;
mod limits;
mod problem;
mod provision;
mod provisioner;
mod rate;
mod refusal;
mod request;
mod routes;
mod server;
mod tls;

pub use crate::mqtt::Clock;
pub use draft::{FirmwareOffer, SessionError, Workspace};
pub use event::GatewayEvent;
pub use limits::{Limits, Rate};
pub use provisioner::{IssuedSession, Provisioner};
pub use refusal::Refusal;
pub use routes::{BasePath, BasePathError};
pub use server::{HttpsError, HttpsServer};
pub use tls::{Protocol, TlsError, server_tls};
