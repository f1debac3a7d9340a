//! The HTTPS endpoint at which units get their sessions, and the [`Provisioner`] that issues them.
//!
//! What a unit is answered is on record first. Knows no slot and no verdict: what the line must know goes to it as
//! [`GatewayEvent`]s, on a bounded channel from which nothing is dropped.
//!
//! The sessions are the station's own, or come from a configured service ([`Upstream`]). Firmware that the line offers to a
//! run's unit ([`Provisioner::offer`]) is served here too.
//!
//! A code buys one session. An answer that no connection took, because its unit hung up or was told 503 meanwhile,
//! waits in memory for the same request to come again. An answer that was handed to a connection and lost on its way,
//! or with the station's end, is lost: the unit's next try gets 409, and the unit must be flashed anew.

mod answer;
mod claim;
mod confidant;
mod draft;
mod event;
mod fetched;
mod firmware;
mod granted;
mod handover;
mod limits;
mod offer;
mod problem;
mod provision;
mod provisioner;
mod range;
mod redeem;
mod refusal;
mod relayed;
mod request;
mod routes;
mod server;
mod tenant;
mod upstream;

pub use crate::{
    mqtt::Clock,
    rate::Rate,
    tls::{Protocol, ServerTls, TlsError, server_tls},
};
pub use confidant::{Confidant, Confidence};
pub use draft::{SessionError, Workspace};
pub use event::GatewayEvent;
pub use limits::Limits;
pub use offer::{FirmwareImage, Offer, OfferError};
pub use provisioner::{IssuedSession, OnBehalf, Provisioner};
pub use range::Wanted;
pub use refusal::Refusal;
pub use routes::{BasePath, BasePathError};
pub use server::{HttpsError, HttpsServer};
pub use tenant::Tenancy;
pub use upstream::{
    Chance, TrustError, Unusable, Upstream, UpstreamAnswer, UpstreamError, UpstreamFault, UpstreamState, UpstreamUrl,
    UpstreamUrlError, system_chance, upstream_trust,
};
