//! The provisioning service that this station relays to: how it is reached, and what becomes of a unit's request there.
//!
//! A unit's own one-time code never leaves the station, and the service's factory code never reaches a unit, the log or
//! the record. The service's answer goes to the unit as it came, after everything in it was checked against the unit's
//! buffers; the record keeps the session as it keeps its own: a verifier instead of the password, a digest instead of the
//! token. The broker that the answer names must be this station's, under one of the names in its certificate: a connect
//! to any other could not be witnessed, and a unit that was sent there could never pass.
//!
//! A code buys at most one session of the service. What the service granted and the record could not take at once is
//! kept and recorded with the unit's next try; an answer that cannot be used is remembered, so that the same code is not
//! sent there again. A request that broke off without an answer is the exception: the service may have granted it, and
//! is asked again, since nobody here can tell. With `forward_mac` the service can recognise the unit.

mod answer;
mod client;
mod contact;
mod fault;
mod relay;
mod trust;
mod url;

use std::{sync::Arc, time::Duration};

use firstpass_contract::Secret;
use firstpass_domain::Timestamp;
use ring::rand::{SecureRandom, SystemRandom};
use rustls::RootCertStore;
use uuid::Uuid;

pub(super) use answer::Changes;
pub use answer::{Unusable, UpstreamAnswer};
pub use fault::UpstreamFault;
pub use relay::UpstreamError;
pub(super) use relay::{Granted, Relay};
pub use trust::{TrustError, upstream_trust};
pub use url::{UpstreamUrl, UpstreamUrlError};

/// A provisioning service of the same device contract.
#[derive(Debug, Clone)]
pub struct Upstream {
    /// Its base URL.
    pub url: UpstreamUrl,
    /// Which authorities its certificate may come from: see [`upstream_trust`].
    pub trust: RootCertStore,
    /// The factory auth code that it knows.
    pub auth_code: Secret,
    /// For one request, from the connect to the last byte of the answer.
    pub timeout: Duration,
    /// Workspace to name there, when it is another one than the unit names here.
    pub workspace_id: Option<Uuid>,
    /// Whether the service knows the `mac` field; then the MAC on record is sent, whether the unit sent it or not.
    pub forward_mac: bool,
    /// Whether a unit to which the line made no offer is told of the firmware that the service offers.
    pub forward_firmware: bool,
}

/// Whether the service that this station relays to can be reached. Without such a service it is always here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UpstreamState {
    /// As far as is known.
    Here,
    /// It failed, and is left alone for a while; then the station itself looks for it.
    Away {
        /// When it failed first.
        since: Timestamp,
        /// Stable code: `unreachable`, `throttled` or `failed`.
        reason: &'static str,
    },
}

/// Draws a number, any one as likely as any other.
pub type Chance = Arc<dyn Fn() -> u64 + Send + Sync>;

/// The system's chance.
pub fn system_chance() -> Chance {
    Arc::new(|| {
        let mut bytes = [0; 8];
        // Only the spread of first delays depends on it; when the system has none, they are all the shortest.
        let _ = SystemRandom::new().fill(&mut bytes);
        u64::from_le_bytes(bytes)
    })
}
