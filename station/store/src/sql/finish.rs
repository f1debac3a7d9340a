//! Ends a run, with all that follows from it, in one transaction.

use firstpass_domain::{
    AuditKind, Diagnosis, DiagnosisCode, Evidence, Fact, Mac, RunId, Step, StepOutcome, Timestamp, Verdict, judge,
};
use serde_json::json;

use super::{
    LINE, admission, certificates, codes, evidence, holds,
    runs::{self, OpenRun},
    sessions, steps,
};
use crate::{RunEnd, SessionRecord, StoreError, db::values, tx::Tx};

/// Returns the broker users of the sessions that ended with the run.
pub(crate) async fn finish(
    tx: &mut Tx,
    run: RunId,
    end: &RunEnd,
    new_evidence: &[Evidence],
    now: Timestamp,
) -> Result<Vec<String>, StoreError> {
    let open = runs::open(tx, run).await?;
    evidence::append(tx, run, new_evidence).await?;
    codes::void_of_run(tx, run, now).await?;
    let ended_users = match end {
        RunEnd::Passed => pass(tx, run, now).await?,
        RunEnd::Failed(diagnosis) => fail(tx, run, diagnosis, now).await?,
    };
    note(tx, run, &open, end, now).await?;
    // A repair proves the credentials alone: it neither makes a unit good nor bad.
    if let (Some(mac), true, false) = (open.mac, open.admitted, open.repair) {
        let sql = "UPDATE units SET standing = (SELECT state FROM runs WHERE id = $1) WHERE mac = $2";
        tx.execute(sql, values![run, mac]).await?;
        if !is_attempt(end) {
            admission::untie(tx, mac).await?;
        }
    }
    if let (Some(mac), RunEnd::Failed(diagnosis)) = (open.mac, end)
        && !is_golden(tx, run, &open).await?
    {
        holds::after_failure(tx, mac, run, diagnosis, now).await?;
    }
    Ok(ended_users)
}

/// A golden unit's check is about the slot, whatever the unit was seen to do.
async fn is_golden(tx: &mut Tx, run: RunId, open: &OpenRun) -> Result<bool, StoreError> {
    Ok(open.repair && runs::policy(tx, run).await?.golden)
}

/// What was cut says nothing of the unit, and uses up no attempt.
const fn is_attempt(end: &RunEnd) -> bool {
    match end {
        RunEnd::Passed => true,
        RunEnd::Failed(found) => !matches!(found.code, DiagnosisCode::Interrupted | DiagnosisCode::Cancelled),
    }
}

async fn pass(tx: &mut Tx, run: RunId, now: Timestamp) -> Result<Vec<String>, StoreError> {
    let (mac, _) = runs::admitted(tx, run).await?;
    check_steps(tx, run).await?;
    let evidence = check_verdict(tx, run).await?;
    check_unit(tx, run, mac, &evidence).await?;
    tx.execute("UPDATE runs SET state = 'passed', ended_at = $1 WHERE id = $2", values![now, run]).await?;
    // A pass that brought the unit no session (it kept the one it had) leaves the session that it lives by.
    let mut ended_users = Vec::new();
    let has_kept = evidence.iter().any(|seen| matches!(seen.fact, Fact::SessionKept { .. }));
    if !has_kept && sessions::is_live_of_run(tx, run).await? {
        ended_users = sessions::revoke_older(tx, mac, run, now).await?;
        certificates::revoke_older(tx, mac, run, now).await?;
    }
    Ok(ended_users)
}

/// Nothing passes by accident: every step that began is done, and the last of the line is among them.
async fn check_steps(tx: &mut Tx, run: RunId) -> Result<(), StoreError> {
    let steps = steps::of_run(tx, run).await?;
    let is_done = |outcome: Option<(Timestamp, StepOutcome)>| matches!(outcome, Some((_, StepOutcome::Done)));
    if let Some(step) = steps.iter().find(|step| !is_done(step.ended)) {
        return Err(tx.conflict(format!("step {} of run {run} is not done", step.step)));
    }
    if !steps.iter().any(|step| step.step == Step::Attest) {
        return Err(tx.conflict(format!("run {run} was not attested")));
    }
    Ok(())
}

/// Nor against the evidence: whatever was added since the caller judged is judged here, and no more can come in.
async fn check_verdict(tx: &mut Tx, run: RunId) -> Result<Vec<Evidence>, StoreError> {
    let policy = runs::policy(tx, run).await?;
    let (evidence, _) = evidence::of_run(tx, run).await?;
    let against = match judge(&policy, &evidence) {
        Verdict::Pass => return Ok(evidence),
        Verdict::Fail(diagnosis) => format!("it fails with {}", diagnosis.code.name()),
        Verdict::Open { step } => format!("step {step} is not complete"),
    };
    Err(tx.conflict(format!("by its evidence run {run} does not pass: {against}")))
}

/// Nor a unit that was set aside meanwhile, nor one whose session was revoked, be it of this run or kept.
async fn check_unit(tx: &mut Tx, run: RunId, mac: Mac, evidence: &[Evidence]) -> Result<(), StoreError> {
    if let Some(hold) = holds::of_unit(tx, mac).await? {
        return Err(tx.conflict(format!("unit {mac} is {}", hold.kind.name())));
    }
    let sessions = sessions::of_unit(tx, mac).await?;
    if let Some(shut) = sessions.iter().find(|session| session.run == run && !session.may_log_in()) {
        return Err(tx.conflict(format!("the session of {} may not log in any more", shut.session.mqtt_username)));
    }
    for seen in evidence {
        let Fact::SessionKept { mqtt_username, .. } = &seen.fact else { continue };
        let kept = sessions.iter().find(|session| session.session.mqtt_username == *mqtt_username);
        if !kept.is_some_and(SessionRecord::may_log_in) {
            return Err(tx.conflict(format!("unit {mac} keeps the session of {mqtt_username}, which may not log in")));
        }
    }
    Ok(())
}

async fn fail(tx: &mut Tx, run: RunId, diagnosis: &Diagnosis, now: Timestamp) -> Result<Vec<String>, StoreError> {
    let text = serde_json::to_string(diagnosis).expect("a diagnosis is plain data");
    tx.execute(
        "UPDATE runs SET state = 'failed', ended_at = $1, diagnosis = $2, code = $3 WHERE id = $4",
        values![now, text, diagnosis.code, run],
    )
    .await?;
    let ended_users = sessions::revoke_of_run(tx, run, now).await?;
    certificates::revoke_of_run(tx, run, now).await?;
    Ok(ended_users)
}

/// Seals the run into the audit chain, with its recipe, its unit and its evidence: a row that is changed later no longer
/// fits.
async fn note(tx: &mut Tx, run: RunId, of: &OpenRun, end: &RunEnd, now: Timestamp) -> Result<(), StoreError> {
    let (kind, diagnosis) = match end {
        RunEnd::Passed => (AuditKind::RunPassed, None),
        RunEnd::Failed(diagnosis) => (AuditKind::RunFailed, Some(diagnosis)),
    };
    let (evidence, digest) = evidence::of_run(tx, run).await?;
    let body = json!({
        "recipe": of.recipe, "mac": of.mac, "diagnosis": diagnosis, "evidence_count": evidence.len(),
        "evidence_digest": digest,
    });
    tx.audit(now, LINE, kind, run, body).await
}
