//! Why a step did not finish in time, by what else was seen.

use super::complete::{issued, proof_of_life};
use crate::{Diagnosis, DiagnosisCode as Code, Evidence, Fact, Policy, Step, evidence::UartFact};

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
        Step::Connect | Step::FieldConnect => explain_connect(policy, evidence, waited),
    };
    Some(Diagnosis::new(code, step, seen))
}

fn explain_boot(evidence: &[Evidence], waited: String) -> (Code, String) {
    let printed = evidence.iter().any(|e| matches!(e.fact, Fact::Uart(UartFact::FirstByte)));
    if printed { (Code::BootAppMissing, waited) } else { (Code::BootSilent, waited) }
}

fn explain_provision(evidence: &[Evidence], waited: String) -> (Code, String) {
    let last = last_uart(evidence, |line| match line {
        UartFact::NetworkFailed { text } => Some((Code::NetworkFailed, text.clone())),
        UartFact::ProvisionTransport { error } => Some((Code::ProvisionTransport, error.clone())),
        UartFact::ProvisionStarted | UartFact::NetworkUp { .. } => Some((Code::ProvisionTimedOut, waited.clone())),
        _ => None,
    });
    let spoke = issued(evidence).is_some_and(|issued| !issued.on_behalf);
    last.unwrap_or(if spoke { (Code::ProvisionTimedOut, waited) } else { (Code::AppSilent, waited) })
}

fn explain_connect(policy: &Policy, evidence: &[Evidence], waited: String) -> (Code, String) {
    let dropped = evidence.iter().rev().find_map(|e| match &e.fact {
        Fact::MqttDisconnected { reason, .. } => Some(reason.clone()),
        _ => None,
    });
    if let Some(reason) = dropped {
        return (Code::MqttDropped, reason);
    }
    let connected = evidence.iter().any(|e| matches!(e.fact, Fact::MqttConnected { .. }));
    if connected && proof_of_life(policy, evidence).is_none() {
        return (Code::MqttTimedOut, waited);
    }
    let last = last_uart(evidence, |line| match line {
        UartFact::NetworkFailed { text } => Some((Code::NetworkFailed, text.clone())),
        UartFact::MqttError { text } => Some((Code::MqttTransport, text.clone())),
        _ => None,
    });
    last.unwrap_or((Code::MqttTimedOut, waited))
}

fn last_uart<T>(evidence: &[Evidence], pick: impl Fn(&UartFact) -> Option<T>) -> Option<T> {
    evidence.iter().rev().find_map(|e| match &e.fact {
        Fact::Uart(line) => pick(line),
        _ => None,
    })
}
