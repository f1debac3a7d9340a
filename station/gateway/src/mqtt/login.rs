//! Decides on a CONNECT. Order matters: who does not know the password learns nothing else.

use std::sync::LazyLock;

use firstpass_contract::mqtt::{Connect, Will};
use firstpass_domain::PasswordVerifier;

use super::{
    acl::Acl,
    broker::Shared,
    certificate::ClientCertificate,
    credentials::{Account, CertificateRule, DeviceLogin},
    event::Origin,
    limits::Limits,
    reason::Refusal,
};

/// Stands in for the verifier of a user that does not exist, so that the answer takes the same time.
static NOBODY: LazyLock<PasswordVerifier> = LazyLock::new(|| PasswordVerifier::make("", [0; 16]));

/// A CONNECT that may have its session.
#[derive(Debug)]
pub(super) struct Grant {
    pub(super) acl: Acl,
    /// As the client sent it, or one made up for an observer that sent none.
    pub(super) client_id: String,
}

/// Checks form, rate, password, switch, client identifier, certificate and will, in this order.
pub(super) async fn decide(shared: &Shared, origin: &Origin, connect: &Connect) -> Result<Grant, Refusal> {
    check_client_id_form(connect, &shared.limits)?;
    let account = authenticate(shared, origin, connect).await?;
    let (acl, client_id) = match &account {
        Account::Device(device) => {
            check_device(device, origin, connect)?;
            (Acl::of_device(&device.topics), connect.client_id.clone())
        }
        Account::Observer(observer) if connect.client_id.is_empty() => {
            (Acl::Observer, format!("{}#{}", observer.username, origin.connection))
        }
        Account::Observer(observer) => (Acl::Observer, format!("{}#{}", observer.username, connect.client_id)),
    };
    connect.will.as_ref().map_or(Ok(()), |will| check_will(will, &acl, &shared.limits))?;
    Ok(Grant { acl, client_id })
}

/// An empty identifier cannot name a session that is to be kept [MQTT-3.1.3-8].
fn check_client_id_form(connect: &Connect, limits: &Limits) -> Result<(), Refusal> {
    let nameless = connect.client_id.is_empty() && !connect.clean_session;
    if nameless || connect.client_id.len() > limits.client_id_bytes_max {
        return Err(Refusal::ClientIdForm);
    }
    Ok(())
}

async fn authenticate(shared: &Shared, origin: &Origin, connect: &Connect) -> Result<Account, Refusal> {
    let (Some(username), Some(password)) = (&connect.username, &connect.password) else {
        return Err(Refusal::NoLogin);
    };
    let address = origin.peer.ip();
    let attempt = shared.guard.begin(username, address, (shared.clock)()).ok_or(Refusal::RateLimited)?;
    let found = shared.credentials.find(username).await.map_err(|err| {
        tracing::error!(error = %err, cause = ?std::error::Error::source(&err), "could not look up an MQTT login");
        Refusal::CredentialsUnavailable
    })?;
    let verifier = found.as_ref().map_or(&*NOBODY, Account::verifier);
    let proven = verifier.verify(&String::from_utf8_lossy(password.expose()));
    match found {
        Some(account) if proven => Ok(account),
        found => {
            attempt.failed((shared.clock)());
            Err(if found.is_some() { Refusal::WrongPassword } else { Refusal::UnknownUser })
        }
    }
}

fn check_device(device: &DeviceLogin, origin: &Origin, connect: &Connect) -> Result<(), Refusal> {
    if !device.enabled {
        return Err(Refusal::Disabled);
    }
    if connect.client_id != device.username {
        return Err(Refusal::WrongClientId);
    }
    match &origin.certificate {
        Some(certificate) if fits(certificate, device, &device.certificate) => Ok(()),
        Some(_) => Err(Refusal::ForeignCertificate),
        None if device.certificate.required => Err(Refusal::MissingCertificate),
        None => Ok(()),
    }
}

fn fits(certificate: &ClientCertificate, device: &DeviceLogin, rule: &CertificateRule) -> bool {
    let pinned = rule.fingerprint.is_none_or(|fingerprint| fingerprint == certificate.fingerprint);
    pinned && certificate.device_id.as_ref() == Some(&device.device_id)
}

fn check_will(will: &Will, acl: &Acl, limits: &Limits) -> Result<(), Refusal> {
    if !acl.may_publish(&will.topic) {
        return Err(Refusal::ForeignWillTopic);
    }
    if will.retain && will.payload.len() > limits.retained_payload_bytes_max {
        return Err(Refusal::WillTooLarge);
    }
    Ok(())
}
