//! Why a step did not finish in time, by what else was seen.

mod service;
mod trust;
mod way;

use self::{service::explain_service, way::Way};
use super::{
    decisive::refused_before,
    stage::{field_written, issued, update_finished, updated},
};
use crate::{Diagnosis, DiagnosisCode as Code, Evidence, Fact, Policy, Step, evidence::UartFact};

/// A code, and what was seen.
type Cause = (Code, String);

/// Explains the first time-out in the evidence; `None` when there is none.
pub(super) fn explain(policy: &Policy, evidence: &[Evidence]) -> Option<Diagnosis> {
    let (step, after_ms) = evidence.iter().find_map(|e| match e.fact {
        Fact::TimedOut { step, after_ms } => Some((step, after_ms)),
        _ => None,
    })?;
    let waited = format!("nothing for {after_ms} ms");
    let (code, seen) = match step {
        Step::Identify | Step::Prepare | Step::Flash | Step::FieldFlash | Step::Attest => (Code::StepTimedOut, waited),
        Step::Boot => explain_boot(evidence, waited),
        Step::Provision => explain_provision(evidence, waited),
        Step::Connect => explain_connect(policy, evidence, 0, waited),
        Step::FieldConnect => explain_field(policy, evidence, waited),
    };
    Some(Diagnosis::new(code, step, seen))
}

fn any_line(evidence: &[Evidence], wanted: fn(&UartFact) -> bool) -> bool {
    evidence.iter().any(|e| matches!(&e.fact, Fact::Uart(line) if wanted(line)))
}

/// Bytes of which none were readable, when no app was loaded after them.
fn noise(evidence: &[Evidence]) -> Option<Cause> {
    evidence
        .iter()
        .rev()
        .find_map(|e| match &e.fact {
            Fact::Uart(UartFact::Noise { bytes }) => Some(Some(*bytes)),
            Fact::Uart(UartFact::AppLoaded { .. }) => Some(None),
            _ => None,
        })?
        .map(|bytes| (Code::UartNoise, format!("{bytes} bytes arrived, none of them readable")))
}

fn explain_boot(evidence: &[Evidence], waited: String) -> Cause {
    if let Some(cause) = Way::of(evidence).cause() {
        return cause;
    }
    let printed = any_line(evidence, |line| matches!(line, UartFact::FirstByte));
    let silent = || if printed { (Code::BootAppMissing, waited) } else { (Code::BootSilent, waited) };
    noise(evidence).unwrap_or_else(silent)
}

fn explain_provision(evidence: &[Evidence], waited: String) -> Cause {
    let way = Way::of(evidence);
    if let Some(cause) = way.cause().or_else(|| way.transport()) {
        return cause;
    }
    let began = any_line(evidence, |line| matches!(line, UartFact::ProvisionStarted | UartFact::NetworkUp { .. }));
    let issued = issued(evidence).is_some_and(|issued| !issued.on_behalf);
    if began || issued {
        return (Code::ProvisionTimedOut, waited);
    }
    noise(evidence).unwrap_or((Code::AppSilent, waited))
}

/// A refused login and a network that is away come before what is missing of the proof. `since` is where the stage that
/// has to prove itself begins.
fn explain_connect(policy: &Policy, evidence: &[Evidence], since: usize, waited: String) -> Cause {
    if let Some(refused) = refused_before(evidence) {
        return (refused.code, refused.seen);
    }
    let way = Way::of(evidence);
    let service = || explain_service(policy, evidence, since);
    let pending = || way.transport().or_else(|| unapplied(policy, evidence, since, &waited));
    way.cause().or_else(service).or_else(pending).unwrap_or((Code::MqttTimedOut, waited.clone()))
}

/// An update that was offered and never began, or never came to its end.
fn unapplied(policy: &Policy, evidence: &[Evidence], since: usize, waited: &str) -> Option<Cause> {
    let waits = since == 0 && updated(policy, evidence).is_some() && update_finished(evidence).is_none();
    waits.then(|| (Code::OtaTimedOut, waited.to_owned()))
}

/// The field image begins anew: only what was seen since it was written says how far it came.
fn explain_field(policy: &Policy, evidence: &[Evidence], waited: String) -> Cause {
    let since = field_written(policy, evidence).unwrap_or(0);
    let lines = || {
        evidence[since..].iter().filter_map(|e| match &e.fact {
            Fact::Uart(line) => Some(line),
            _ => None,
        })
    };
    let first_byte = |line: &UartFact| matches!(line, UartFact::FirstByte | UartFact::Noise { .. });
    let loader =
        |line: &UartFact| matches!(line, UartFact::FirstByte | UartFact::Noise { .. } | UartFact::AppLoaded { .. });
    let noise_or = |code| noise(&evidence[since..]).unwrap_or((code, waited.clone()));
    match () {
        () if lines().next().is_none() => (Code::BootSilent, waited),
        () if lines().all(first_byte) => noise_or(Code::BootAppMissing),
        () if lines().all(loader) => noise_or(Code::AppSilent),
        () => explain_connect(policy, evidence, since, waited),
    }
}
