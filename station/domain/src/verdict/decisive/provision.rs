//! What the provisioning server did, and what the service behind it said.

use crate::{
    Diagnosis, DiagnosisCode as Code, Evidence, Fact, Injection, Policy, Step,
    diagnosis::line::{of_http_error, of_status},
    evidence::UartFact,
    verdict::stage::{field_written, issued},
};

/// Reason of a refusal that says nothing about the unit: the batch is full.
const QUOTA_REACHED: &str = "quota_reached";
/// Reason of a refusal of a code that bought a session before.
const USED_CODE: &str = "used_code";
/// Reasons of a refusal that are the word of the service behind this station.
const UPSTREAM_REFUSED: &str = "upstream_refused";
const UPSTREAM_FOREIGN_BROKER: &str = "upstream_foreign_broker";

/// A session is issued over HTTPS to a unit with a code, on its behalf to one without, and to none that has to use the
/// session it has.
pub(super) fn judge_accepted(
    policy: &Policy,
    before: &[Evidence],
    on_behalf: bool,
    username: &str,
) -> Option<Diagnosis> {
    let expected = policy.injection == Injection::Session;
    let kept = before.iter().any(|e| matches!(e.fact, Fact::SessionKept { .. }));
    let second_stage = field_written(policy, before).is_some();
    (on_behalf != expected || kept || second_stage).then(|| {
        let step = if second_stage { Step::FieldConnect } else { Step::Provision };
        Diagnosis::new(Code::ProvisionUnexpected, step, format!("session issued to {username} over HTTPS"))
    })
}

/// 408, 429 and 5xx ask the unit to come back; every other refusal will be the same next time.
pub(super) fn is_final(status: u16) -> bool {
    (400..500).contains(&status) && !matches!(status, 408 | 429)
}

pub(super) fn judge_refusal(before: &[Evidence], status: u16, reason: &str) -> Option<Diagnosis> {
    let fail = |code, seen| Some(Diagnosis::new(code, Step::Provision, seen));
    if !is_final(status) {
        return None;
    }
    match reason {
        QUOTA_REACHED => fail(Code::QuotaReached, format!("HTTP {status}")),
        USED_CODE if issued(before).is_some_and(|issued| !issued.on_behalf) => {
            fail(lost_answer(before).unwrap_or(Code::ProvisionRefused), format!("HTTP {status}, {reason}"))
        }
        UPSTREAM_REFUSED => fail(Code::UpstreamRefused, format!("HTTP {status}, {reason}")),
        UPSTREAM_FOREIGN_BROKER => fail(Code::UpstreamForeignBroker, format!("HTTP {status}, {reason}")),
        _ => fail(of_status(status), format!("HTTP {status}, {reason}")),
    }
}

/// A unit that asks again with the code that bought it a session has not got the answer: what became of it is the cause.
fn lost_answer(before: &[Evidence]) -> Option<Code> {
    before.iter().rev().find_map(|e| match &e.fact {
        Fact::Uart(UartFact::ProvisionUnreadable) => Some(Code::ProvisionUnreadable),
        Fact::Uart(UartFact::ProvisionTransport { error }) if of_http_error(error) == Code::DnsFailed => None,
        Fact::Uart(UartFact::ProvisionTransport { .. }) => Some(Code::ProvisionCutOff),
        _ => None,
    })
}

/// The service's word on this unit, or an answer that leads the unit away, stays as it is; everything else may heal while
/// the unit itself asks. The line asks once on a unit's behalf: then what the service did is the end.
pub(super) fn judge_upstream(policy: &Policy, status: Option<u16>, reason: &str) -> Option<Diagnosis> {
    let on_behalf = policy.injection == Injection::Session;
    let code = match reason {
        "refused" => Code::UpstreamRefused,
        "foreign_broker" => Code::UpstreamForeignBroker,
        "known_unit" => Code::UpstreamKnownUnit,
        "unreadable" | "unrecorded" if on_behalf => Code::ProvisionUnreadable,
        _ if on_behalf => Code::UpstreamAway,
        _ => return None,
    };
    let seen = status.map_or(reason.to_owned(), |status| format!("HTTP {status}, {reason}"));
    Some(Diagnosis::new(code, if on_behalf { Step::Prepare } else { Step::Provision }, seen))
}
