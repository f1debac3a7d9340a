//! Whether the provisioning service that this station relays to is here. Without such a service, it always is.

use std::future::pending;

use firstpass_gateway::https::{Provisioner, UpstreamState};
use tokio::sync::watch;

/// What the gateway says of the service.
pub(crate) struct Upstream(watch::Receiver<UpstreamState>);

impl Upstream {
    pub(crate) fn of(provisioner: &Provisioner) -> Self {
        Self(provisioner.upstream_state())
    }

    /// Why the service is away; `None` while it is here.
    pub(crate) fn away(&self) -> Option<&'static str> {
        match &*self.0.borrow() {
            UpstreamState::Here => None,
            UpstreamState::Away { reason, .. } => Some(reason),
        }
    }

    /// Completes when the service has gone or come.
    pub(crate) async fn changed(&mut self) {
        if self.0.changed().await.is_err() {
            // The gateway has ended; nothing changes any more.
            pending().await
        }
    }
}

#[cfg(test)]
impl Upstream {
    /// A service that a test lets go and come.
    pub(crate) fn by_hand() -> (watch::Sender<UpstreamState>, Self) {
        let (sender, receiver) = watch::channel(UpstreamState::Here);
        (sender, Self(receiver))
    }
}
