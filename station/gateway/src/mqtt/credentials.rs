//! Who may log in: the question that the broker asks and the shape of the answer.

use async_trait::async_trait;
use firstpass_contract::Topics;
use firstpass_domain::{DeviceId, PasswordVerifier, Sha256Digest};
use thiserror::Error;

/// Looks logins up. The broker asks anew for every CONNECT and keeps nothing.
#[async_trait]
pub trait Credentials: Send + Sync + 'static {
    /// The login with this MQTT user name; `None` when nobody has it.
    async fn find(&self, username: &str) -> Result<Option<Account>, CredentialsError>;
}

/// A login could not be looked up; the client is told that the server is unavailable.
#[derive(Debug, Error)]
#[error("could not look up a login")]
pub struct CredentialsError(#[source] pub Box<dyn std::error::Error + Send + Sync>);

/// A login and what it may do.
#[derive(Debug, Clone)]
pub enum Account {
    /// A unit.
    Device(DeviceLogin),
    /// An engineer's monitor.
    Observer(ObserverLogin),
}

/// Login of a unit. Its client identifier must equal its user name (device contract, section 3).
#[derive(Debug, Clone)]
pub struct DeviceLogin {
    /// MQTT user name and client identifier.
    pub username: String,
    /// Proves the password.
    pub verifier: PasswordVerifier,
    /// Identity that a presented certificate must carry.
    pub device_id: DeviceId,
    /// The unit's own topics.
    pub topics: Topics,
    /// Whether the unit may connect at all.
    pub enabled: bool,
    /// What is asked of the client certificate.
    pub certificate: CertificateRule,
}

/// What is asked of a unit's client certificate, beyond the CA's signature and the unit's identity in the SAN, which
/// are always asked of a certificate that is presented.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CertificateRule {
    /// Refuse a client without a certificate.
    pub required: bool,
    /// Refuse every certificate but the one with this SHA-256 of its DER form; so an older, revoked one is refused.
    pub fingerprint: Option<Sha256Digest>,
}

/// Login that may subscribe to everything and publish nothing, under any client identifier.
#[derive(Debug, Clone)]
pub struct ObserverLogin {
    /// MQTT user name.
    pub username: String,
    /// Proves the password.
    pub verifier: PasswordVerifier,
}

impl Account {
    pub(super) fn verifier(&self) -> &PasswordVerifier {
        match self {
            Self::Device(device) => &device.verifier,
            Self::Observer(observer) => &observer.verifier,
        }
    }
}
