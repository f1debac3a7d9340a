//! The broker's logins, out of the record.

use std::sync::Arc;

use async_trait::async_trait;
use firstpass_contract::Topics;
use firstpass_store::Store;

use crate::mqtt::{Account, CertificateRule, Credentials, CredentialsError, DeviceLogin};

/// Looks every login up in the record, so that what is revoked there is refused from the next CONNECT on.
pub struct RecordedAccounts {
    store: Arc<dyn Store>,
}

impl RecordedAccounts {
    /// Logins out of `store`.
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self { store }
    }
}

#[async_trait]
impl Credentials for RecordedAccounts {
    async fn find(&self, username: &str) -> Result<Option<Account>, CredentialsError> {
        let found = self.store.session_by_username(username).await;
        let Some(record) = found.map_err(|error| CredentialsError(Box::new(error)))? else { return Ok(None) };
        let enabled = record.may_log_in();
        let session = record.session;
        // A unit that was issued a certificate must show exactly that one.
        let certificate = CertificateRule { required: record.certificate.is_some(), fingerprint: record.certificate };
        Ok(Some(Account::Device(DeviceLogin {
            topics: Topics::new(&session.workspace_slug, &session.device_key),
            username: session.mqtt_username,
            verifier: session.verifier,
            device_id: session.device_id,
            enabled,
            certificate,
        })))
    }
}
