//! Asks the service on a unit's behalf, and looks for it while it is away.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use firstpass_contract::ProvisionRequest;
use firstpass_domain::Mac;
use http::{HeaderValue, StatusCode};
use serde_json::{Map, Value};
use thiserror::Error;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::{
    Chance, Unusable, Upstream, UpstreamAnswer, UpstreamFault, UpstreamState,
    client::{Answer, Client, ClientError},
    contact::{Contact, Leave},
};
use crate::mqtt::Clock;

/// How often the station looks at its clock while the service is away.
const LOOK_INTERVAL: Duration = Duration::from_millis(250);

/// Reasons of [`UpstreamState::Away`].
const UNREACHABLE: &str = "unreachable";
const THROTTLED: &str = "throttled";
const FAILED: &str = "failed";

/// The hand on the service.
pub(in crate::https) struct Relay {
    pub(in crate::https) settings: Upstream,
    client: Client,
    contact: Mutex<Contact>,
    published: watch::Sender<UpstreamState>,
    clock: Clock,
    chance: Chance,
}

/// The service cannot be asked as configured.
#[derive(Debug, Error)]
pub enum UpstreamError {
    /// The factory code is empty or holds what no header can.
    #[error("the service's auth code is empty, or no value of an HTTP header")]
    AuthCode,
    /// TLS cannot be set up.
    #[error("could not set up TLS to the service")]
    Tls(#[source] rustls::Error),
}

/// A grant with the status that it came with.
pub(in crate::https) struct Granted {
    pub(in crate::https) status: u16,
    pub(in crate::https) answer: UpstreamAnswer,
}

impl Relay {
    pub(in crate::https) fn new(
        settings: Upstream,
        published: watch::Sender<UpstreamState>,
        clock: Clock,
        chance: Chance,
    ) -> Result<Self, UpstreamError> {
        let code = settings.auth_code.expose();
        if code.is_empty() || HeaderValue::from_str(code).is_err() {
            return Err(UpstreamError::AuthCode);
        }
        let client = Client::new(settings.url.clone(), settings.trust.clone(), settings.timeout);
        let client = client.map_err(UpstreamError::Tls)?;
        Ok(Self { settings, client, contact: Mutex::new(Contact::new()), published, clock, chance })
    }

    /// The unit's body as the service gets it. `body`: as the unit sent it; empty when there was no unit.
    pub(in crate::https) fn body(&self, request: &ProvisionRequest, body: &[u8], mac: Mac) -> Bytes {
        let fields: Option<Map<String, Value>> = serde_json::from_slice(body).ok();
        let mut fields = fields.unwrap_or_default();
        let workspace = self.settings.workspace_id.map(|id| id.to_string());
        fields.insert("workspace_id".to_owned(), workspace.unwrap_or_else(|| request.workspace_id.clone()).into());
        // Ours, not the contract's: certificates come from this station's authority.
        fields.remove("csr_pem");
        fields.remove("mac");
        if self.settings.forward_mac {
            fields.insert("mac".to_owned(), mac.to_string().into());
        }
        serde_json::to_vec(&fields).expect("a map is JSON").into()
    }

    /// Asks for a session, unless the service is left alone.
    pub(in crate::https) async fn ask(&self, body: Bytes) -> Result<Granted, UpstreamFault> {
        let leave = self.contact().ask((self.clock)(), self.client.timeout()).map_err(UpstreamFault::Quiet)?;
        let asked = self.client.provision(&self.settings.auth_code, body).await;
        let outcome = match asked {
            Ok(Answer { status: status @ (StatusCode::OK | StatusCode::CREATED), body, .. }) => {
                self.contact().succeeded();
                grant(status.as_u16(), body)
            }
            Ok(answer) => Err(self.refused(leave, &answer)),
            Err(error) => Err(self.unreachable(leave, &error)),
        };
        self.publish();
        outcome
    }

    /// Looks for the service while it is away, so that it comes back also when no unit asks.
    pub(in crate::https) async fn watch(&self, token: &CancellationToken) {
        let mut state = self.published.subscribe();
        loop {
            let away = state.wait_for(|state| *state != UpstreamState::Here);
            // The sender is ours, so it cannot be gone.
            let gone = tokio::select! { () = token.cancelled() => return, away = away => away.is_err() };
            if gone {
                return;
            }
            tokio::select! { () = token.cancelled() => return, () = tokio::time::sleep(LOOK_INTERVAL) => {} }
            tokio::select! { () = token.cancelled() => return, () = self.look() => {} }
        }
    }

    async fn look(&self) {
        let Ok(leave) = self.contact().ask((self.clock)(), self.client.timeout()) else { return };
        match self.client.knock().await {
            Ok(answer) if answer.status == StatusCode::TOO_MANY_REQUESTS || answer.status.is_server_error() => {
                self.refused(leave, &answer);
            }
            Ok(_) => self.contact().seen(),
            Err(error) => drop(self.unreachable(leave, &error)),
        }
        self.publish();
    }

    fn refused(&self, leave: Leave, answer: &Answer) -> UpstreamFault {
        let status = answer.status;
        let now = (self.clock)();
        tracing::warn!(%status, service = %self.settings.url, "the provisioning service did not grant a request");
        if status == StatusCode::TOO_MANY_REQUESTS {
            self.contact().throttled(leave, THROTTLED, now, answer.retry_after);
            return UpstreamFault::Throttled(self.silence());
        }
        if status.is_server_error() || status == StatusCode::REQUEST_TIMEOUT {
            self.contact().failed(leave, FAILED, now, (self.chance)());
            return UpstreamFault::Failed(status.as_u16(), self.silence());
        }
        self.contact().succeeded();
        UpstreamFault::Refused(status.as_u16())
    }

    fn unreachable(&self, leave: Leave, error: &ClientError) -> UpstreamFault {
        let error = error as &dyn std::error::Error;
        tracing::warn!(error, service = %self.settings.url, "the provisioning service could not be reached");
        self.contact().failed(leave, UNREACHABLE, (self.clock)(), (self.chance)());
        UpstreamFault::Unreachable(self.silence())
    }

    fn silence(&self) -> Duration {
        self.contact().silence((self.clock)())
    }

    /// Tells whoever waits for the service.
    fn publish(&self) {
        let contact = self.contact();
        // Under the lock, so that an older state never comes after a newer one.
        self.published.send_if_modified(|published| {
            let changed = *published != contact.state();
            *published = contact.state();
            changed
        });
    }

    fn contact(&self) -> MutexGuard<'_, Contact> {
        self.contact.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn grant(status: u16, body: Option<Bytes>) -> Result<Granted, UpstreamFault> {
    let answer = body.ok_or(Unusable::TooLarge).and_then(UpstreamAnswer::parse);
    answer.map(|answer| Granted { status, answer }).map_err(|unusable| UpstreamFault::Unusable(status, unusable))
}
