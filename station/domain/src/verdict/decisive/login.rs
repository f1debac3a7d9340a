//! Logins at the broker, and which app answers.

use std::time::Duration;

use crate::{
    DeviceId, Diagnosis, DiagnosisCode as Code, Evidence, Fact, Policy, Step,
    evidence::UartFact,
    verdict::stage::{apps_on, field_written, issued},
};

/// Shortest delay that the contract allows after a refused login. Source: device contract, section 3.
pub(super) const REFUSED_DELAY: Duration = Duration::from_secs(30);
/// Refused logins within one such delay that make a unit one that hammers.
const HAMMERING_LOGINS: usize = 3;

/// The step that a connection belongs to.
fn connect_step(policy: &Policy, before: &[Evidence]) -> Step {
    if field_written(policy, before).is_some() { Step::FieldConnect } else { Step::Connect }
}

/// A unit must show its own certificate where the recipe asks for it. A login that is right after a wrong one is a
/// contradiction, and the wrong one stands.
pub(super) fn judge_connected(
    policy: &Policy,
    before: &[Evidence],
    username: &str,
    certificate: Option<&DeviceId>,
) -> Option<Diagnosis> {
    if let Some(refused) = refused_before(before) {
        return Some(refused);
    }
    let issued = issued(before)?;
    let missing = policy.client_certificate && certificate != Some(issued.device_id);
    missing
        .then(|| Diagnosis::new(Code::CertificateMissing, connect_step(policy, before), format!("login of {username}")))
}

/// What the broker says of a login without the unit's own certificate.
const CERTIFICATE_REASONS: [&str; 2] = ["missing_certificate", "foreign_certificate"];

/// A login that the broker refused for its certificate: the next one will be no better.
pub(super) fn judge_certificate(reason: &str) -> Option<Diagnosis> {
    CERTIFICATE_REASONS
        .contains(&reason)
        .then(|| Diagnosis::new(Code::CertificateMissing, Step::Connect, reason.replace('_', " ")))
}

/// A refused login, the last of `evidence`. It ends the run when the session was accepted before, or when it shows that
/// the unit hammers; otherwise the unit's next word or next try tells which.
pub(super) fn judge_refused_login(evidence: &[Evidence]) -> Option<Diagnosis> {
    let last = evidence.last()?;
    let refused: Vec<&Evidence> = evidence.iter().filter(|e| matches!(e.fact, Fact::MqttRefused { .. })).collect();
    let first_of_them = refused.len().checked_sub(HAMMERING_LOGINS).map(|index| refused[index]);
    // A clock that was set back between them tells nothing of the time that passed.
    if first_of_them.is_some_and(|first| first.at <= last.at && last.at.since(first.at) < REFUSED_DELAY) {
        let seen = format!("{HAMMERING_LOGINS} refused logins within {} s", REFUSED_DELAY.as_secs());
        return Some(Diagnosis::new(Code::MqttHammering, Step::Connect, seen));
    }
    let accepted = evidence.iter().any(|e| matches!(e.fact, Fact::MqttConnected { .. }));
    accepted.then(|| refused_before(evidence)).flatten()
}

/// What the first refused login says, when there was one, by the broker's word or else the unit's.
pub(in crate::verdict) fn refused_before(before: &[Evidence]) -> Option<Diagnosis> {
    let by_broker = before.iter().find_map(|e| match &e.fact {
        Fact::MqttRefused { code, reason } => Some(format!("CONNACK {code}, {reason}")),
        _ => None,
    });
    let by_unit = || {
        before.iter().find_map(|e| match &e.fact {
            Fact::Uart(UartFact::MqttRefused { code }) => Some(format!("CONNACK {code}")),
            _ => None,
        })
    };
    let seen = by_broker.or_else(by_unit)?;
    Some(Diagnosis::new(Code::MqttRefused, Step::Connect, seen))
}

/// The app that answers must be one that may run on that connection.
pub(super) fn judge_firmware(
    policy: &Policy,
    before: &[Evidence],
    connection: u64,
    version: &str,
    sha256: &str,
) -> Option<Diagnosis> {
    let apps = apps_on(policy, before, connection);
    let wrong = !apps.is_empty() && !apps.iter().any(|app| app.is_named(version, sha256));
    wrong.then(|| {
        let seen = format!("version {version}, app {sha256}");
        Diagnosis::new(Code::WrongFirmware, connect_step(policy, before), seen)
    })
}
