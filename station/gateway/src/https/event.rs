//! What the line must know of the provisioning endpoint.

use std::net::SocketAddr;

use firstpass_domain::{Evidence, RunId};

/// One thing that happened. When it names a run, its evidence is on record already, except when the run had ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GatewayEvent {
    /// A unit's request was granted.
    Provisioned {
        /// The run that its code is for.
        run: RunId,
        /// [`firstpass_domain::Fact::ProvisionAccepted`].
        evidence: Evidence,
    },
    /// A request was refused.
    ProvisionRefused {
        /// The run that its code is for; `None` when it had no code that we know.
        run: Option<RunId>,
        /// Who asked.
        peer: SocketAddr,
        /// [`firstpass_domain::Fact::ProvisionRefused`].
        evidence: Evidence,
    },
}
