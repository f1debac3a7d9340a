//! What ends a run as soon as it is seen, whatever else went well.

mod identity;
mod login;
mod provision;
mod regions;
mod uart;

pub(super) use self::login::refused_before;
use self::{
    identity::{judge_identity, judge_reconnect},
    login::{judge_certificate, judge_connected, judge_firmware, judge_refused_login},
    provision::{judge_accepted, judge_refusal, judge_upstream},
    regions::{judge_attested, judge_found, judge_nvs, judge_searched, judge_written},
};
use crate::{
    Diagnosis, DiagnosisCode as Code, Evidence, Fact, Policy, Step,
    evidence::{LinkFault, Rule},
};

/// The first decisive failure, in the order in which the evidence was recorded.
pub(super) fn find(policy: &Policy, evidence: &[Evidence]) -> Option<Diagnosis> {
    (0..evidence.len()).find_map(|index| judge_fact(policy, &evidence[..=index], &evidence[index].fact))
}

/// Whether `fact`, the last of `evidence`, ends the run.
fn judge_fact(policy: &Policy, evidence: &[Evidence], fact: &Fact) -> Option<Diagnosis> {
    let before = &evidence[..evidence.len() - 1];
    match fact {
        // A lost connection may come back in time; a time-out may be explained by other evidence; what the network and
        // the services did may heal.
        Fact::MqttDisconnected { .. } | Fact::TimedOut { .. } | Fact::HandshakeFailed { .. } => None,
        Fact::Prepared { .. } | Fact::SessionKept { .. } | Fact::Subscribed { .. } | Fact::Presence { .. } => None,
        Fact::BaudReduced { .. } | Fact::PortMoved { .. } | Fact::FirmwareServed { .. } => None,
        Fact::ConnectionHeld { .. } => None,
        Fact::Identified(identity) => judge_identity(policy, identity),
        Fact::Reconnected { mac } => judge_reconnect(policy, before, *mac),
        Fact::SessionFound { device_id } => judge_found(policy, device_id),
        Fact::RegionWritten(digest) => judge_written(policy, before, digest),
        Fact::RegionAttested(digest) => judge_attested(policy, before, digest),
        Fact::NvsReadBack(nvs) => judge_nvs(policy, before, nvs),
        Fact::FlashSearched { found_at, .. } => judge_searched(policy, *found_at),
        Fact::LinkFailed { step, fault, detail } => Some(Diagnosis::new(link_code(*fault), *step, detail)),
        Fact::Uart(line) => uart::judge_line(policy, before, line),
        Fact::ProvisionAccepted { on_behalf, mqtt_username, mac, .. } => {
            judge_accepted(policy, before, *on_behalf, mqtt_username).or_else(|| identity::judge_sender(before, *mac))
        }
        Fact::ProvisionRefused { status, reason } => judge_refusal(before, *status, reason),
        Fact::UpstreamFailed { status, reason } => judge_upstream(policy, *status, reason),
        Fact::MqttConnected { username, certificate, .. } => {
            judge_connected(policy, before, username, certificate.as_ref())
        }
        Fact::MqttRefused { reason, .. } => judge_certificate(reason).or_else(|| judge_refused_login(evidence)),
        Fact::TopicDenied { topic, subscribe, .. } => {
            let act = if *subscribe { "subscribe to" } else { "publish to" };
            Some(Diagnosis::new(Code::TopicDenied, Step::Connect, format!("{act} {topic}")))
        }
        Fact::PingAnswered { connection, fw_version, app_sha256 } => {
            judge_firmware(policy, before, *connection, fw_version, app_sha256)
        }
        Fact::Flooded => Some(Diagnosis::new(Code::UnitFloods, Step::Connect, "")),
        Fact::Refused { rule } => Some(Diagnosis::new(rule_code(*rule), Step::Prepare, "")),
        Fact::CredentialsRevoked { mqtt_username } => {
            Some(Diagnosis::new(Code::CredentialsRevoked, Step::Attest, format!("broker user {mqtt_username}")))
        }
        Fact::Interrupted { step, cancelled } => {
            let code = if *cancelled { Code::Cancelled } else { Code::Interrupted };
            Some(Diagnosis::new(code, *step, format!("during {step}")))
        }
    }
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
