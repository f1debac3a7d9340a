//! The way that a connection takes: what of the unit's surroundings and faults matters to it. Knows no protocol.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use crate::{AppContext, Fault, Service};

/// Everything beside host, port and TLS that a connection depends on.
#[derive(Clone, Debug)]
pub(super) struct Way {
    /// Where the connection comes from.
    pub(super) from: Option<Ipv4Addr>,
    /// Where it is led to, whatever its host.
    pub(super) to: Option<SocketAddr>,
    /// Whether names can be resolved.
    pub(super) names: bool,
    /// How long it is held up before it is made.
    pub(super) delay: Duration,
    /// Where the unit's clock stands, in seconds since 1970, unless it is right.
    pub(super) clock: Option<i64>,
}

impl Way {
    /// The way to `service` as things are now.
    pub(super) fn to(service: Service, context: &AppContext, delay: Duration) -> Self {
        let clock = |fault: &Fault| if let Fault::Clock { unix_s } = fault { Some(*unix_s) } else { None };
        Self {
            from: context.surroundings.ip,
            to: context.surroundings.route(service),
            names: !context.faults.is_on(&Fault::DnsFailed),
            delay,
            clock: context.faults.find(clock),
        }
    }
}
