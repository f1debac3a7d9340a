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
    /// A unit has fetched the firmware that it was offered, by the download token in its URL.
    FirmwareServed {
        /// The run that the offer was made in.
        run: RunId,
        /// [`firstpass_domain::Fact::FirmwareServed`]; not on record yet.
        evidence: Evidence,
    },
    /// The service that this station relays to did not grant a unit's request; the unit was told to come back or refused.
    UpstreamFailed {
        /// The run that the unit's code is for.
        run: RunId,
        /// [`firstpass_domain::Fact::UpstreamFailed`]; on record already.
        evidence: Evidence,
    },
    /// A TLS handshake failed, at HTTPS or at the broker. Nothing but the address tells whose it was.
    HandshakeFailed {
        /// Who connected.
        peer: SocketAddr,
        /// [`firstpass_domain::Fact::HandshakeFailed`]; not on record.
        evidence: Evidence,
    },
}
