//! What the unit's own log says that ends a run.

use super::{
    login::{REFUSED_DELAY, refused_before},
    provision::is_final,
};
use crate::{
    Diagnosis, DiagnosisCode as Code, Evidence, Fact, Policy, Step,
    diagnosis::line::{of_nvs_error, of_restart, of_status},
    evidence::UartFact,
    policy::{APP_REGION, FIELD_PREFIX},
    verdict::stage::{field_written, issued},
};

/// Whether `line`, coming after `before`, ends the run. What may heal does not: a time-out asks for it.
pub(super) fn judge_line(policy: &Policy, before: &[Evidence], line: &UartFact) -> Option<Diagnosis> {
    let fail = |code, step, seen: &str| Some(Diagnosis::new(code, step, seen));
    match line {
        UartFact::FirstByte
        | UartFact::Backtrace { .. }
        | UartFact::Noise { .. }
        | UartFact::NetworkUp { .. }
        | UartFact::WifiJoined
        | UartFact::WifiDisconnected { .. }
        | UartFact::NetworkFailed { .. }
        | UartFact::DnsFailed { .. }
        | UartFact::TlsFailed { .. }
        | UartFact::ClientError { .. }
        | UartFact::ProvisionTransport { .. }
        | UartFact::ProvisionUnreadable
        | UartFact::MqttConnected
        | UartFact::MqttError { .. }
        | UartFact::OtaSkipped
        | UartFact::OtaStarted
        | UartFact::OtaFinished => None,
        UartFact::BootFailed { text } => fail(Code::BootImageInvalid, Step::Boot, text),
        UartFact::Panicked { text } => judge_panic(before, text),
        UartFact::BrownOut => fail(Code::BrownOut, Step::Boot, "the brown-out detector"),
        UartFact::DownloadMode => fail(Code::DownloadMode, Step::Boot, "waiting for download"),
        UartFact::Restarted { reason } => judge_restart(before, reason),
        UartFact::AppLoaded { offset } => judge_loaded(policy, before, *offset),
        UartFact::NvsFailed { error } => judge_nvs_error(error),
        // The broker itself names the topic.
        UartFact::FirmwareFault { code: Code::TopicDenied, .. } => None,
        UartFact::FirmwareFault { code, text } => fail(*code, Step::Boot, text),
        UartFact::ProvisionStarted => judge_started(policy, before),
        UartFact::ProvisionSkipped => judge_skipped(policy, before),
        UartFact::ProvisionImpossible => fail(Code::ProvisionImpossible, Step::Provision, ""),
        UartFact::ProvisionRefused { status } => {
            let seen = format!("HTTP {status}, as the unit logged it");
            is_final(*status).then(|| Diagnosis::new(of_status(*status), Step::Provision, seen))
        }
        UartFact::Provisioned { username } => judge_username(before, username),
        UartFact::InitComplete { device_id } => judge_device(before, device_id),
        UartFact::MqttRefused { .. } => judge_refused(before, line),
        UartFact::BackingOff { delay_ms } => judge_back_off(before, *delay_ms),
        UartFact::OtaFailed { error } => fail(Code::OtaFailed, Step::Connect, error),
    }
}

/// An app may panic because its NVS failed it: then that is the cause.
fn judge_panic(before: &[Evidence], text: &str) -> Option<Diagnosis> {
    let since = before.iter().rposition(|e| matches!(e.fact, Fact::Uart(UartFact::AppLoaded { .. }))).unwrap_or(0);
    let nvs = before[since..].iter().find_map(|e| match &e.fact {
        Fact::Uart(UartFact::NvsFailed { error }) => Some(Diagnosis::new(of_nvs_error(error), Step::Boot, error)),
        _ => None,
    });
    Some(nvs.unwrap_or_else(|| Diagnosis::new(Code::BootLoop, Step::Boot, text)))
}

/// Every finished update excuses one restart. A reset that the line makes begins a new log and is none.
fn judge_restart(before: &[Evidence], reason: &str) -> Option<Diagnosis> {
    let count = |wanted: fn(&Fact) -> bool| before.iter().filter(|e| wanted(&e.fact)).count();
    let updates = count(|fact| matches!(fact, Fact::Uart(UartFact::OtaFinished)));
    let restarts = count(|fact| matches!(fact, Fact::Uart(UartFact::Restarted { .. })));
    (restarts >= updates).then(|| Diagnosis::new(of_restart(reason), Step::Boot, reason))
}

/// What was flashed must be what runs; after an update the other slot is right.
fn judge_loaded(policy: &Policy, before: &[Evidence], offset: Option<u32>) -> Option<Diagnosis> {
    let updated = before.iter().any(|e| matches!(e.fact, Fact::Uart(UartFact::OtaFinished)));
    let flashed = flashed_app(policy, before)?;
    let loaded = offset.filter(|loaded| *loaded != flashed && !updated)?;
    let seen = format!("loaded from {loaded:#x}, flashed at {flashed:#x}");
    Some(Diagnosis::new(Code::WrongFirmware, Step::Boot, seen))
}

/// Where the app that was written last begins.
fn flashed_app(policy: &Policy, before: &[Evidence]) -> Option<u32> {
    let first = policy.regions.iter().find(|region| region.name == APP_REGION);
    let field = policy.field.as_ref().filter(|_| field_written(policy, before).is_some());
    let is_app = |name: &str| name.strip_prefix(FIELD_PREFIX) == Some(APP_REGION);
    let second = field.and_then(|field| field.regions.iter().find(|region| is_app(&region.name)));
    second.or(first).map(|region| region.offset)
}

/// A key that is too long is too long next time as well; every other trouble of NVS may heal.
fn judge_nvs_error(error: &str) -> Option<Diagnosis> {
    let code = of_nvs_error(error);
    (code == Code::NvsKeyTooLong).then(|| Diagnosis::new(code, Step::Provision, error))
}

/// A field image carries no code, so it never asks for a session.
fn judge_started(policy: &Policy, before: &[Evidence]) -> Option<Diagnosis> {
    field_written(policy, before)?;
    Some(Diagnosis::new(Code::ProvisionUnexpected, Step::FieldConnect, "the field image provisions"))
}

/// A unit skips its provisioning when the session that it has to use was not asked for by itself on this boot.
fn judge_skipped(policy: &Policy, before: &[Evidence]) -> Option<Diagnosis> {
    let has_session = issued(before).is_some_and(|issued| issued.on_behalf);
    let expected =
        has_session || policy.injection == crate::Injection::Session || updated_or_second_stage(policy, before);
    (!expected).then(|| Diagnosis::new(Code::ProvisionUnexpected, Step::Provision, "provision skipped"))
}

/// After an update, or in the second stage, the code is gone and the session is there.
fn updated_or_second_stage(policy: &Policy, before: &[Evidence]) -> bool {
    let updated = before.iter().any(|e| matches!(e.fact, Fact::Uart(UartFact::OtaFinished)));
    updated || field_written(policy, before).is_some()
}

/// The identity on the unit's own UART must be the one that was issued.
fn judge_device(before: &[Evidence], device_id: &str) -> Option<Diagnosis> {
    let issued = issued(before)?;
    (issued.device_id.as_str() != device_id).then(|| {
        Diagnosis::new(Code::ProvisionUnexpected, Step::Connect, format!("the unit names the device {device_id}"))
    })
}

/// The user name on the unit's own UART ties the unit in this slot to the session that was issued.
fn judge_username(before: &[Evidence], username: &str) -> Option<Diagnosis> {
    let issued = issued(before)?;
    (issued.on_behalf || issued.mqtt_username != username).then(|| {
        Diagnosis::new(Code::ProvisionUnexpected, Step::Provision, format!("the unit names the user {username}"))
    })
}

/// The unit says that its login was refused. It ends the run when the session was accepted before.
fn judge_refused(before: &[Evidence], line: &UartFact) -> Option<Diagnosis> {
    let UartFact::MqttRefused { code } = line else { return None };
    let accepted = before.iter().any(|e| matches!(e.fact, Fact::MqttConnected { .. }));
    accepted.then(|| Diagnosis::new(Code::MqttRefused, Step::Connect, format!("CONNACK {code}")))
}

/// A refused unit that waits as the contract says will not show more: it was refused. One that does not wait is watched,
/// because it may hammer.
fn judge_back_off(before: &[Evidence], delay_ms: u64) -> Option<Diagnosis> {
    let by_the_contract = u128::from(delay_ms) >= REFUSED_DELAY.as_millis();
    by_the_contract.then(|| refused_before(before)).flatten()
}
