//! What ends a run as soon as it is seen, whatever else went well.

use super::complete::issued;
use crate::{
    Diagnosis, DiagnosisCode as Code, Evidence, Fact, Injection, Mac, Policy, Sha256Digest, Step,
    evidence::{Identity, LinkFault, NvsReadBack, RegionDigest, Rule, UartFact},
    policy::{APP_REGION, NVS_REGION},
};

/// The first decisive failure, in the order in which the evidence was recorded.
pub(super) fn find(policy: &Policy, evidence: &[Evidence]) -> Option<Diagnosis> {
    evidence.iter().enumerate().find_map(|(index, e)| judge_fact(policy, &evidence[..index], &e.fact))
}

/// Whether `fact`, coming after `before`, ends the run.
fn judge_fact(policy: &Policy, before: &[Evidence], fact: &Fact) -> Option<Diagnosis> {
    match fact {
        Fact::Identified(identity) => judge_identity(policy, identity),
        Fact::Reconnected { mac } => judge_reconnect(before, *mac),
        Fact::SessionKept { .. }
        | Fact::SessionFound { .. }
        | Fact::BaudReduced { .. }
        | Fact::PortMoved { .. }
        | Fact::FlashSearched { .. }
        | Fact::FirmwareServed { .. }
        | Fact::UpstreamFailed { .. }
        | Fact::HandshakeFailed { .. } => None,
        Fact::Prepared { .. } | Fact::Subscribed { .. } | Fact::Presence { .. } => None,
        Fact::RegionWritten(digest) => judge_region(policy, digest, Step::Flash, Code::FlashVerifyFailed)
            .or_else(|| judge_own_region(before, digest)),
        Fact::RegionAttested(digest) => judge_region(policy, digest, Step::Attest, Code::FlashChanged),
        Fact::NvsReadBack(nvs) => judge_nvs(policy, before, nvs),
        Fact::LinkFailed { step, fault, detail } => Some(Diagnosis::new(link_code(*fault), *step, detail)),
        Fact::Uart(line) => judge_uart(policy, before, line),
        Fact::ProvisionAccepted { on_behalf, mqtt_username, mac, .. } => {
            judge_accepted(policy, *on_behalf, mqtt_username).or_else(|| judge_sender(before, *mac))
        }
        Fact::ProvisionRefused { status, reason } if reason == QUOTA_REACHED => {
            Some(Diagnosis::new(Code::QuotaReached, Step::Provision, format!("HTTP {status}")))
        }
        Fact::ProvisionRefused { status, reason } => judge_refusal(*status, reason),
        Fact::MqttConnected { username, certificate, .. } => {
            let issued = issued(before)?;
            let missing = policy.client_certificate && certificate.as_ref() != Some(issued.device_id);
            missing.then(|| Diagnosis::new(Code::CertificateMissing, Step::Connect, format!("login of {username}")))
        }
        Fact::MqttRefused { code, reason } => {
            Some(Diagnosis::new(Code::MqttRefused, Step::Connect, format!("CONNACK {code}, {reason}")))
        }
        Fact::TopicDenied { topic, subscribe, .. } => {
            let act = if *subscribe { "subscribe to" } else { "publish to" };
            Some(Diagnosis::new(Code::TopicDenied, Step::Connect, format!("{act} {topic}")))
        }
        Fact::PingAnswered { fw_version, app_sha256, .. } => judge_firmware(policy, fw_version, app_sha256),
        // A lost connection may come back in time; a time-out may be explained by other evidence.
        Fact::MqttDisconnected { .. } | Fact::TimedOut { .. } => None,
        Fact::Flooded => Some(Diagnosis::new(Code::UnitFloods, Step::Connect, "")),
        Fact::Refused { rule } => Some(Diagnosis::new(rule_code(*rule), Step::Prepare, "")),
        Fact::Interrupted { step, cancelled } => {
            let code = if *cancelled { Code::Cancelled } else { Code::Interrupted };
            Some(Diagnosis::new(code, *step, format!("during {step}")))
        }
    }
}

fn judge_identity(policy: &Policy, identity: &Identity) -> Option<Diagnosis> {
    let fail = |code, seen: String| Some(Diagnosis::new(code, Step::Identify, seen));
    if identity.chip != Some(policy.chip) {
        let found = identity.chip.map_or("an unknown chip".to_owned(), |chip| chip.to_string());
        return fail(Code::WrongChip, format!("{found} instead of {}", policy.chip));
    }
    let security = identity.security;
    if security.secure_boot || security.flash_encryption || security.secure_download {
        return fail(Code::SecurityEnabled, format!("{security:?}"));
    }
    if let Some(wanted) = policy.min_revision
        && identity.revision.is_none_or(|revision| revision < wanted)
    {
        let found = identity.revision.map_or("none".to_owned(), |revision| revision.to_string());
        return fail(Code::RevisionTooOld, format!("{found}, at least {wanted} is needed"));
    }
    if identity.flash_size != Some(policy.flash_size) {
        let found = identity.flash_size.map_or("no known size".to_owned(), |size| size.to_string());
        return fail(Code::WrongFlashSize, format!("{found} instead of {}", policy.flash_size));
    }
    None
}

/// Reason of a refusal that says nothing about the unit: the batch is full.
const QUOTA_REACHED: &str = "quota_reached";

fn identified(before: &[Evidence]) -> Option<Mac> {
    before.iter().find_map(|e| match &e.fact {
        Fact::Identified(identity) => Some(identity.mac),
        _ => None,
    })
}

/// The unit that asked for the session must be the one in the slot, when it says who it is.
fn judge_sender(before: &[Evidence], mac: Option<Mac>) -> Option<Diagnosis> {
    let (sent, first) = (mac?, identified(before)?);
    (first != sent).then(|| Diagnosis::new(Code::OtherUnit, Step::Provision, format!("{sent} instead of {first}")))
}

/// The region that is made per unit must be the one that was made for this run.
fn judge_own_region(before: &[Evidence], digest: &RegionDigest) -> Option<Diagnosis> {
    let made = before.iter().rev().find_map(|e| match &e.fact {
        Fact::Prepared { nvs_sha256, .. } => Some(*nvs_sha256),
        _ => None,
    })?;
    let RegionDigest { name, sha256, .. } = digest;
    (name == NVS_REGION && *sha256 != made)
        .then(|| Diagnosis::new(Code::FlashVerifyFailed, Step::Flash, format!("region {name} is another run's")))
}

fn judge_reconnect(before: &[Evidence], mac: Mac) -> Option<Diagnosis> {
    let first = identified(before)?;
    (first != mac).then(|| Diagnosis::new(Code::OtherUnit, Step::Attest, format!("{mac} instead of {first}")))
}

fn judge_region(policy: &Policy, digest: &RegionDigest, step: Step, code: Code) -> Option<Diagnosis> {
    let RegionDigest { name, offset, len, sha256, md5_matches } = digest;
    let planned = policy.regions.iter().find(|region| region.name == *name);
    let as_planned = planned.is_some_and(|region| {
        region.offset == *offset && region.len == *len && region.sha256.is_none_or(|wanted| wanted == *sha256)
    });
    (!md5_matches || !as_planned)
        .then(|| Diagnosis::new(code, step, format!("region {name}, {len} bytes at {offset:#x}")))
}

fn judge_nvs(policy: &Policy, before: &[Evidence], nvs: &NvsReadBack) -> Option<Diagnosis> {
    let fail = |code, seen: &str| Some(Diagnosis::new(code, Step::Attest, seen));
    let wanted = issued(before).and_then(|issued| issued.certificate);
    if nvs.mqtt_username.is_none() {
        return fail(Code::NvsUnreadable, "no session in NVS");
    }
    if !nvs.session_matches {
        return fail(Code::SessionMismatch, "identity, broker fields, token or key differ");
    }
    if !nvs.password_matches {
        return fail(Code::SessionMismatch, "the password differs");
    }
    if nvs.certificate != wanted {
        return fail(Code::SessionMismatch, "the client certificate differs");
    }
    if nvs.auth_code_present && !policy.keep_auth_code {
        return fail(Code::CodeLeftBehind, "the code in NVS");
    }
    None
}

fn judge_accepted(policy: &Policy, on_behalf: bool, username: &str) -> Option<Diagnosis> {
    let expected = policy.injection == Injection::Session;
    (on_behalf != expected).then(|| {
        Diagnosis::new(Code::ProvisionUnexpected, Step::Provision, format!("session issued to {username} over HTTPS"))
    })
}

/// 408, 429 and 5xx ask the unit to come back; every other refusal will be the same next time.
fn judge_refusal(status: u16, reason: &str) -> Option<Diagnosis> {
    let final_answer = (400..500).contains(&status) && !matches!(status, 408 | 429);
    final_answer.then(|| Diagnosis::new(Code::ProvisionRefused, Step::Provision, format!("HTTP {status}, {reason}")))
}

fn judge_firmware(policy: &Policy, version: &str, sha256: &str) -> Option<Diagnosis> {
    let app = policy.app.as_ref()?;
    let same = app.version == version && sha256.parse::<Sha256Digest>().is_ok_and(|found| found == app.sha256);
    (!same).then(|| Diagnosis::new(Code::WrongFirmware, Step::Connect, format!("version {version}, app {sha256}")))
}

fn judge_uart(policy: &Policy, before: &[Evidence], line: &UartFact) -> Option<Diagnosis> {
    let fail = |code, step, seen: &str| Some(Diagnosis::new(code, step, seen));
    match line {
        UartFact::AppLoaded { offset } => judge_loaded(policy, before, *offset),
        UartFact::InitComplete { device_id } => judge_device(before, device_id),
        UartFact::FirstByte
        | UartFact::NetworkUp { .. }
        | UartFact::WifiJoined
        | UartFact::WifiDisconnected { .. }
        | UartFact::DnsFailed { .. }
        | UartFact::TlsFailed { .. }
        | UartFact::NvsFailed { .. }
        | UartFact::ClientError { .. }
        | UartFact::FirmwareFault { .. }
        | UartFact::BackingOff { .. }
        | UartFact::Backtrace { .. }
        | UartFact::BrownOut
        | UartFact::NetworkFailed { .. }
        | UartFact::ProvisionStarted
        | UartFact::ProvisionTransport { .. }
        | UartFact::MqttConnected
        | UartFact::MqttError { .. }
        | UartFact::OtaSkipped
        | UartFact::OtaStarted
        | UartFact::OtaFinished => None,
        UartFact::BootFailed { text } => fail(Code::BootImageInvalid, Step::Boot, text),
        UartFact::Panicked { text } => fail(Code::BootLoop, Step::Boot, text),
        UartFact::DownloadMode => fail(Code::DownloadMode, Step::Boot, "waiting for download"),
        UartFact::Restarted { reason } => {
            let count = |wanted: fn(&Fact) -> bool| before.iter().filter(|e| wanted(&e.fact)).count();
            let updates = count(|fact| matches!(fact, Fact::Uart(UartFact::OtaFinished)));
            let restarts = count(|fact| matches!(fact, Fact::Uart(UartFact::Restarted { .. })));
            // Every finished update excuses one restart.
            if restarts < updates { None } else { fail(Code::BootLoop, Step::Boot, reason) }
        }
        UartFact::ProvisionSkipped => match policy.injection {
            Injection::Nvs | Injection::Image => fail(Code::ProvisionUnexpected, Step::Provision, "provision skipped"),
            Injection::Session => None,
        },
        UartFact::ProvisionImpossible => fail(Code::ProvisionImpossible, Step::Provision, ""),
        UartFact::ProvisionRefused { status } => judge_refusal(*status, "as the unit logged it"),
        UartFact::ProvisionUnreadable => fail(Code::ProvisionUnreadable, Step::Provision, ""),
        UartFact::Provisioned { username } => judge_username(before, username),
        UartFact::MqttRefused { code } => fail(Code::MqttRefused, Step::Connect, &format!("CONNACK {code}")),
        UartFact::OtaFailed { error } => fail(Code::OtaFailed, Step::Connect, error),
    }
}

/// What was flashed must be what runs; after an update the other slot is right.
fn judge_loaded(policy: &Policy, before: &[Evidence], offset: Option<u32>) -> Option<Diagnosis> {
    let updated = before.iter().any(|e| matches!(e.fact, Fact::Uart(UartFact::OtaFinished)));
    let flashed = policy.regions.iter().find(|region| region.name == APP_REGION)?.offset;
    let loaded = offset.filter(|loaded| *loaded != flashed && !updated)?;
    let seen = format!("loaded from {loaded:#x}, flashed at {flashed:#x}");
    Some(Diagnosis::new(Code::WrongFirmware, Step::Boot, seen))
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

const fn link_code(fault: LinkFault) -> Code {
    match fault {
        LinkFault::PortBusy => Code::PortBusy,
        LinkFault::PortGone => Code::PortGone,
        LinkFault::PortUnusable => Code::PortUnusable,
        LinkFault::PortMoved => Code::PortMoved,
        LinkFault::FixtureFailed => Code::FixtureFailed,
        LinkFault::NoAnswer => Code::NoAnswer,
        LinkFault::Garbled => Code::LinkGarbled,
        LinkFault::Rejected => Code::LoaderRejected,
        LinkFault::VerifyFailed => Code::FlashVerifyFailed,
        LinkFault::NvsUnreadable => Code::NvsUnreadable,
        LinkFault::OtherUnit => Code::OtherUnit,
        LinkFault::SecureDownload => Code::SecurityEnabled,
    }
}

const fn rule_code(rule: Rule) -> Code {
    match rule {
        Rule::AttemptsUsedUp => Code::AttemptsUsedUp,
        Rule::PassedBefore => Code::PassedBefore,
        Rule::InWorkElsewhere => Code::InWorkElsewhere,
        Rule::QuotaReached => Code::QuotaReached,
        Rule::BatchAttemptsUsedUp => Code::BatchAttemptsUsedUp,
        Rule::Quarantined => Code::Quarantined,
        Rule::Scrapped => Code::Scrapped,
    }
}
