//! Where in a run a piece of evidence stands: before or after an update, before or after the second stage.

use super::complete::is_written;
use crate::{AppPolicy, DeviceId, Evidence, Fact, OtaPolicy, Policy, Sha256Digest, evidence::UartFact};

/// The session that the unit has to use, when there is one.
pub(super) struct Issued<'a> {
    pub(super) device_id: &'a DeviceId,
    pub(super) mqtt_username: &'a str,
    pub(super) certificate: Option<Sha256Digest>,
    /// The unit did not ask for it: it was made by the line or is kept. The unit must then skip its provisioning.
    pub(super) on_behalf: bool,
}

/// The last session issued or kept.
pub(super) fn issued(evidence: &[Evidence]) -> Option<Issued<'_>> {
    evidence.iter().rev().find_map(|e| match &e.fact {
        Fact::ProvisionAccepted { device_id, mqtt_username, certificate, on_behalf, .. } => {
            Some(Issued { device_id, mqtt_username, certificate: *certificate, on_behalf: *on_behalf })
        }
        Fact::SessionKept { device_id, mqtt_username, certificate } => {
            Some(Issued { device_id, mqtt_username, certificate: *certificate, on_behalf: true })
        }
        _ => None,
    })
}

/// The update that this unit must apply: only a unit that provisioned over HTTPS was offered one.
pub(super) fn updated<'a>(policy: &'a Policy, evidence: &[Evidence]) -> Option<&'a OtaPolicy> {
    let offered = issued(evidence).is_none_or(|issued| !issued.on_behalf);
    policy.ota.as_ref().filter(|_| offered)
}

/// Index of the unit's word that it has applied an update.
pub(super) fn update_finished(evidence: &[Evidence]) -> Option<usize> {
    evidence.iter().position(|e| matches!(e.fact, Fact::Uart(UartFact::OtaFinished)))
}

/// Index of the evidence that completed the second stage's writing, once the unit was known to be the same.
pub(super) fn field_written(policy: &Policy, evidence: &[Evidence]) -> Option<usize> {
    let field = policy.field.as_ref()?;
    let again = evidence.iter().position(|e| matches!(e.fact, Fact::Reconnected { .. }))?;
    let complete = |end: &usize| field.regions.iter().all(|region| is_written(&evidence[again..=*end], region));
    (again..evidence.len()).find(complete)
}

/// The app that has to answer on a connection, by where the connection stands in the evidence; `None` when no app has
/// to. What was made before an update or the second stage may still answer for what ran then.
pub(super) fn app_on(policy: &Policy, evidence: &[Evidence], connection: u64) -> Option<AppPolicy> {
    let began =
        evidence.iter().position(|e| matches!(e.fact, Fact::MqttConnected { connection: c, .. } if c == connection))?;
    let before = &evidence[..began];
    if let (Some(field), Some(_)) = (&policy.field, field_written(policy, before)) {
        return field.app.clone();
    }
    let app = policy.app.as_ref()?;
    if let (Some(ota), Some(_)) = (updated(policy, before), update_finished(before)) {
        return Some(ota.app.clone());
    }
    let own = evidence.iter().rev().find_map(|e| match &e.fact {
        Fact::Prepared { app, .. } => app.as_ref().map(|own| own.app_sha256),
        _ => None,
    });
    Some(AppPolicy { version: app.version.clone(), sha256: own.unwrap_or(app.sha256) })
}
