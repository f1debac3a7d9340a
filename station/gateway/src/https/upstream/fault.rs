//! Why the service's word was not passed on to a unit.

use std::time::Duration;

use firstpass_domain::Fact;
use thiserror::Error;

use super::Unusable;
use crate::https::Refusal;

/// Why a unit got no session from the service. Holds no value of the request, and of the answer only the broker.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum UpstreamFault {
    /// It failed of late and is left alone for this time; it was not asked.
    #[error("the service failed of late and is left alone for {0:?}")]
    Quiet(Duration),
    /// No answer; it is left alone for this time.
    #[error("the service could not be reached")]
    Unreachable(Duration),
    /// It asked for silence, which lasts this time.
    #[error("the service asked for silence")]
    Throttled(Duration),
    /// It failed, with this status, and is left alone for this time.
    #[error("the service failed with HTTP {0}")]
    Failed(u16, Duration),
    /// It refused, with this status.
    #[error("the service refused with HTTP {0}")]
    Refused(u16),
    /// Its grant cannot be used.
    #[error("the service granted a session that cannot be used: {1}")]
    Unusable(u16, #[source] Unusable),
    /// Its grant names a broker at which this station sees nothing.
    #[error("the service sends the unit to {host}:{port}, which is not this station's broker")]
    ForeignBroker {
        /// Status of its answer.
        status: u16,
        /// Host that it names.
        host: String,
        /// Port that it names.
        port: u16,
    },
    /// It recognised the unit and granted the identity that the unit got in an earlier run.
    #[error("the service granted the identity that the unit has on record from an earlier run")]
    KnownUnit(u16),
    /// It granted a session that this station could not put on record; the session exists there all the same.
    #[error("the service granted a session that this station could not put on record")]
    Unrecorded,
}

impl UpstreamFault {
    /// What becomes evidence: nothing when the service was not asked.
    pub(in crate::https) fn fact(&self) -> Option<Fact> {
        let (status, reason) = match self {
            Self::Quiet(_) => return None,
            Self::Unreachable(_) => (None, "unreachable"),
            Self::Throttled(_) => (Some(429), "throttled"),
            Self::Failed(status, _) => (Some(*status), "failed"),
            Self::Refused(status) => (Some(*status), "refused"),
            Self::Unusable(status, _) => (Some(*status), "unreadable"),
            Self::ForeignBroker { status, .. } => (Some(*status), "foreign_broker"),
            Self::KnownUnit(status) => (Some(*status), "known_unit"),
            Self::Unrecorded => (None, "unrecorded"),
        };
        Some(Fact::UpstreamFailed { status, reason: reason.to_owned() })
    }

    /// What the unit is told.
    pub(in crate::https) fn refusal(&self) -> Refusal {
        match self {
            Self::Quiet(time) | Self::Unreachable(time) | Self::Throttled(time) | Self::Failed(_, time) => {
                Refusal::UpstreamAway(*time)
            }
            Self::Refused(status) => Refusal::UpstreamRefused(*status),
            Self::Unusable(_, unusable) => Refusal::UpstreamUnusable(unusable.to_string()),
            Self::ForeignBroker { host, port, .. } => Refusal::UpstreamForeignBroker(format!("{host}:{port}")),
            Self::KnownUnit(_) => Refusal::UpstreamKnownUnit,
            Self::Unrecorded => Refusal::UpstreamUnusable("this station's record did not take it".to_owned()),
        }
    }

    /// Whether the service has granted something for this code, so that it must not be asked for it again.
    pub(in crate::https) const fn is_granted(&self) -> bool {
        match self {
            Self::Unusable(..) | Self::ForeignBroker { .. } | Self::KnownUnit(_) | Self::Unrecorded => true,
            Self::Quiet(_) | Self::Unreachable(_) | Self::Throttled(_) | Self::Failed(..) | Self::Refused(_) => false,
        }
    }
}
