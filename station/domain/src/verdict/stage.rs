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

/// When the connections of a stage begin.
pub(super) enum Begun {
    /// With the unit's first boot.
    AtOnce,
    /// After the update that the unit's word at `finished` tells of.
    Updated {
        finished: usize,
        /// Whether the answer to the ping tells the updated app from the flashed one. Then it needs no other proof: the
        /// unit's log may be read later than its answer comes.
        told: bool,
    },
    /// After what was written at `at`: by its place in the evidence, and by time, however late its events came.
    Written { at: usize },
}

impl Begun {
    /// Whether the connection that began at `start` is one of them.
    pub(super) fn holds(&self, evidence: &[Evidence], start: usize) -> bool {
        match self {
            Self::AtOnce => true,
            Self::Updated { finished, told } => *told || evidence[start].at > evidence[*finished].at,
            Self::Written { at } => start > *at && evidence[start].at > evidence[*at].at,
        }
    }

    /// Index before which no proof is complete.
    pub(super) const fn index(&self) -> usize {
        match self {
            Self::AtOnce => 0,
            Self::Updated { finished: index, .. } | Self::Written { at: index } => *index,
        }
    }
}

/// Since when the update that the unit had to apply runs; `None` while the unit does not say so.
pub(super) fn update_begun(policy: &Policy, evidence: &[Evidence]) -> Option<Begun> {
    let finished = update_finished(evidence)?;
    let flashed = factory_app(policy, evidence);
    let told = flashed.zip(updated(policy, evidence)).is_some_and(|(flashed, ota)| flashed.sha256 != ota.app.sha256);
    Some(Begun::Updated { finished, told })
}

/// The app that was flashed first, when it answers pings.
pub(super) fn factory_app(policy: &Policy, evidence: &[Evidence]) -> Option<AppPolicy> {
    let app = policy.app.as_ref()?;
    let own = evidence.iter().rev().find_map(|e| match &e.fact {
        Fact::Prepared { app, .. } => app.as_ref().map(|own| own.app_sha256),
        _ => None,
    });
    Some(AppPolicy { version: app.version.clone(), sha256: own.unwrap_or(app.sha256) })
}

/// The apps that may answer on a connection; none when no app has to. While an update is under way, both may: the unit's
/// log and its connections are read apart from each other. Once the update was applied before the connection began, only
/// the updated one is right.
pub(super) fn apps_on(policy: &Policy, evidence: &[Evidence], connection: u64) -> Vec<AppPolicy> {
    let is_start = |e: &Evidence| matches!(e.fact, Fact::MqttConnected { connection: c, .. } if c == connection);
    let Some(began) = evidence.iter().position(is_start) else { return Vec::new() };
    if let (Some(field), Some(_)) = (&policy.field, field_written(policy, &evidence[..began])) {
        return field.app.iter().cloned().collect();
    }
    let Some(flashed) = factory_app(policy, evidence) else { return Vec::new() };
    let Some(ota) = updated(policy, evidence) else { return vec![flashed] };
    let applied = update_finished(evidence).is_some_and(|finished| evidence[began].at > evidence[finished].at);
    if applied { vec![ota.app.clone()] } else { vec![flashed, ota.app.clone()] }
}
