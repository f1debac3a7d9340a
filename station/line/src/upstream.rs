//! Whether the provisioning service that this station relays to is here. Without such a service, it always is.

use std::future::pending;

use firstpass_gateway::https::Provisioner;
use tokio::sync::watch;

/// What the gateway says of the service.
pub(crate) struct Upstream(Option<watch::Receiver<Option<String>>>);

impl Upstream {
    pub(crate) const fn of(_provisioner: &Provisioner) -> Self {
        Self(None)
    }

    /// Why the service is away; `None` while it is here.
    pub(crate) fn away(&self) -> Option<String> {
        self.0.as_ref().and_then(|state| state.borrow().clone())
    }

    /// Completes when the service has gone or come.
    pub(crate) async fn changed(&mut self) {
        let Some(state) = &mut self.0 else { return pending().await };
        if state.changed().await.is_err() {
            // The gateway has ended; nothing changes any more.
            pending().await
        }
    }
}
