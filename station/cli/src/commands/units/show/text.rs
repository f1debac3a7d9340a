//! A unit in words.

use std::fmt::{self, Write as _};

use firstpass_domain::{Language, SerialNumber, StepOutcome};

use super::view::{HoldView, RunView, SessionView, StepView, UnitView};
use crate::commands::ca::CertificateView;

/// The whole unit, without the end of the last line.
pub(super) fn of(unit: &UnitView, language: Language) -> String {
    let mut text = String::new();
    write_unit(&mut text, unit, language).expect("writing to a string does not fail");
    text.truncate(text.trim_end().len());
    text
}

fn write_unit(text: &mut String, unit: &UnitView, language: Language) -> fmt::Result {
    let serial = unit.serial.as_ref().map_or("none", SerialNumber::as_str);
    writeln!(
        text,
        "unit {}, serial number {serial}, attempts: {}, stands as {}",
        unit.mac,
        unit.attempts,
        unit.standing.unwrap_or("untested")
    )?;
    if let Some(HoldView { kind, reason, by, since }) = &unit.hold {
        writeln!(text, "{} since {since} by {by}: {reason}", kind.to_uppercase())?;
    }
    for run in &unit.runs {
        write_run(text, run, language)?;
    }
    for session in &unit.sessions {
        write_session(text, session)?;
    }
    for certificate in &unit.certificates {
        write_certificate(text, certificate)?;
    }
    Ok(())
}

fn write_run(text: &mut String, run: &RunView, language: Language) -> fmt::Result {
    let kind = if run.repair { ", repair" } else { "" };
    writeln!(text, "\nrun {} (attempt {}{kind}): {}", run.run, run.attempt, run.state.to_uppercase())?;
    writeln!(text, "  station {}, slot {}, recipe {} {}", run.station, run.slot, run.recipe, run.recipe_hash)?;
    writeln!(text, "  from {} to {}", run.began, run.ended.as_deref().unwrap_or("now"))?;
    for step in &run.steps {
        write_step(text, step)?;
    }
    let counts: Vec<_> = run.evidence_counts.iter().map(|(witness, count)| format!("{witness} {count}")).collect();
    writeln!(text, "  evidence: {} ({})", run.evidence.len(), counts.join(", "))?;
    if let Some(problem) = &run.problem {
        let step = run.failed_step.map(|step| format!(" in step {step}")).unwrap_or_default();
        writeln!(text, "  failed{step}: {}", problem.told(language).replace('\n', "\n  "))?;
    }
    Ok(())
}

fn write_step(text: &mut String, step: &StepView) -> fmt::Result {
    let outcome = match step.outcome {
        Some(StepOutcome::Done) => "done",
        Some(StepOutcome::Failed) => "failed",
        None => "not ended",
    };
    let duration = step.duration_ms.map(|ms| format!("{ms:>8} ms")).unwrap_or_default();
    writeln!(text, "  {:<10} {outcome:<10}{duration}", step.step.name())
}

fn write_session(text: &mut String, session: &SessionView) -> fmt::Result {
    writeln!(text, "\nsession of device {} (run {})", session.device_id, session.run)?;
    writeln!(text, "  topics {}/{}", session.workspace_slug, session.device_key)?;
    let SessionView { mqtt_username, mqtt_host, mqtt_port, .. } = session;
    writeln!(text, "  broker user {mqtt_username} at {mqtt_host}:{mqtt_port}")?;
    writeln!(text, "  issued {}{}", session.issued, revoked(session.revoked.as_deref(), None))
}

fn write_certificate(text: &mut String, certificate: &CertificateView) -> fmt::Result {
    writeln!(text, "\ncertificate {} for {}", certificate.serial, certificate.subject)?;
    writeln!(text, "  fingerprint {}", certificate.fingerprint)?;
    let CertificateView { not_before, not_after, issued, .. } = certificate;
    let revoked = revoked(certificate.revoked.as_deref(), certificate.revoked_reason.as_deref());
    writeln!(text, "  valid from {not_before} to {not_after}, issued {issued}{revoked}")
}

fn revoked(at: Option<&str>, reason: Option<&str>) -> String {
    let reason = reason.filter(|reason| !reason.is_empty()).map(|reason| format!(": {reason}")).unwrap_or_default();
    at.map(|at| format!(", REVOKED {at}{reason}")).unwrap_or_default()
}
