//! Everything about one unit as an archive: its runs with recipe, steps and evidence, its audit entries, its
//! certificates and its UART logs. With it the verdicts can be computed again elsewhere. Holds no secret.

use std::{
    fs::File,
    io::{self, Write},
    path::Path as FilePath,
};

use axum::{extract::State, http::Method};
use firstpass_domain::{
    Diagnosis, Fact, Mac, Policy, Run, RunId, RunState, Sha256Digest, SlotId, StationId, Step, StepOutcome, Timestamp,
};
use firstpass_store::{CertificateRecord, RunDetail, SessionRecord, Standing, StepRecord, UnitDetail};
use serde::Serialize;
use serde_json::{Value, json};
use tokio::runtime::Handle;

use super::{
    Broken, Chunks, Done, Order,
    manifest::{self, Head, Manifest},
    send,
    zip::Archive,
};
use crate::{
    AppState,
    access::Principal,
    extract::Path,
    pages::units::{batch_of, full_pem, log_path, query},
    problem::{Answer, HttpProblem},
};

/// Audit entries of a unit at most; a unit has some fifty for each run.
const ENTRIES_MAX: u32 = 100_000;

/// The archive of a unit.
pub(crate) async fn unit(
    State(app): State<AppState>,
    person: Principal,
    method: Method,
    Path(mac): Path<String>,
) -> Answer {
    let mac = query::mac(&mac)?;
    let filter = json!({ "unit": mac });
    let order = Order::of(&app, &person, "unit", mac.to_string(), None, filter).await?;
    let unit = app.services.store.unit(mac).await?;
    let unit = unit.ok_or_else(|| HttpProblem::not_found(format!("No run on record had unit {mac}.")))?;
    send(app, &method, order, move |app, order, archive, done| fill(app, order, &unit, archive, done)).await
}

fn fill(
    app: &AppState,
    order: &Order,
    unit: &UnitDetail,
    archive: Archive<Chunks>,
    done: &mut Done,
) -> Result<Archive<Chunks>, Broken> {
    let archive = file(archive, "unit.json", &pretty(&unit_json(unit)))?;
    let archive = runs(app, unit, archive, done)?;
    let (archive, left_out) = entries(app, unit.summary.mac, archive)?;
    let archive = certificates(app, &unit.certificates, archive)?;
    let archive = logs(app, &unit.runs, archive)?;
    let end = Head::from(Handle::current().block_on(app.services.store.audit_head())?);
    let manifest = manifest::text(&Manifest::of(order, done, archive.written(), end).without(left_out));
    Ok(manifest::seal(archive, &manifest)?)
}

fn file(archive: Archive<Chunks>, name: &str, bytes: &[u8]) -> io::Result<Archive<Chunks>> {
    let mut member = archive.member(name)?;
    member.write_all(bytes)?;
    member.finish()
}

fn pretty(value: &Value) -> Vec<u8> {
    let mut text = serde_json::to_vec_pretty(value).expect("values serialise");
    text.push(b'\n');
    text
}

fn line(member: &mut impl Write, value: &impl Serialize) -> io::Result<()> {
    let mut text = serde_json::to_vec(value).expect("rows are plain data");
    text.push(b'\n');
    member.write_all(&text)
}

/// The runs, and beside them their evidence: exactly what its digest covers, in order.
fn runs(
    app: &AppState,
    unit: &UnitDetail,
    archive: Archive<Chunks>,
    done: &mut Done,
) -> Result<Archive<Chunks>, Broken> {
    let mut member = archive.member("runs.jsonl")?;
    for run in &unit.runs {
        if let Some(detail) = load(app, run)? {
            line(&mut member, &RunLine::of(&detail))?;
            done.rows += 1;
        }
    }
    let mut member = member.finish()?.member("evidence.jsonl")?;
    for run in &unit.runs {
        let Some(detail) = load(app, run)? else { continue };
        for (seq, evidence) in (1_u64..).zip(&detail.evidence) {
            line(&mut member, &EvidenceLine { run: run.id, seq, at: evidence.at, fact: &evidence.fact })?;
        }
    }
    Ok(member.finish()?)
}

fn load(app: &AppState, run: &Run) -> Result<Option<RunDetail>, Broken> {
    Ok(Handle::current().block_on(app.services.store.run(run.id))?)
}

/// Its audit entries, in the form of `station audit export`; and what of them was left out, when there are too many.
fn entries(app: &AppState, mac: Mac, archive: Archive<Chunks>) -> Result<(Archive<Chunks>, Option<String>), Broken> {
    let entries = Handle::current().block_on(app.services.store.audit_of_unit(mac, ENTRIES_MAX + 1))?;
    let too_many = entries.len().saturating_sub(ENTRIES_MAX as usize);
    let mut member = archive.member("audit.jsonl")?;
    for entry in &entries[too_many..] {
        line(&mut member, entry)?;
    }
    let left_out = (too_many > 0).then(|| format!("audit.jsonl has the newest {ENTRIES_MAX} entries only"));
    Ok((member.finish()?, left_out))
}

fn certificates(
    app: &AppState,
    certificates: &[CertificateRecord],
    archive: Archive<Chunks>,
) -> Result<Archive<Chunks>, Broken> {
    let mut member = archive.member("certificates.pem")?;
    for record in certificates {
        member.write_all(full_pem(record, app.services.authority.as_deref()).as_bytes())?;
    }
    Ok(member.finish()?)
}

/// The logs that this station keeps. One that is there and cannot be read breaks the export off: it would not be whole.
fn logs(app: &AppState, runs: &[Run], mut archive: Archive<Chunks>) -> Result<Archive<Chunks>, Broken> {
    let Some(folder) = app.services.uart_dir.as_deref() else { return Ok(archive) };
    for run in runs {
        archive = log(folder, run, archive)?;
    }
    Ok(archive)
}

fn log(folder: &FilePath, run: &Run, archive: Archive<Chunks>) -> Result<Archive<Chunks>, Broken> {
    let mut file = match File::open(log_path(folder, run.id)) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(archive),
        Err(error) => return Err(error.into()),
    };
    let mut member = archive.member(format!("uart-{}.log", run.id))?;
    io::copy(&mut file, &mut member)?;
    Ok(member.finish()?)
}

fn unit_json(unit: &UnitDetail) -> Value {
    let UnitDetail { summary, hold, sessions, certificates, .. } = unit;
    let hold = hold
        .as_ref()
        .map(|hold| json!({ "kind": hold.kind.name(), "reason": hold.reason, "by": hold.actor, "since": hold.since }));
    json!({
        "mac": summary.mac,
        "serial": summary.serial,
        "attempts": summary.attempts,
        "standing": summary.standing.map(Standing::name),
        "hold": hold,
        "sessions": sessions.iter().map(session_json).collect::<Vec<_>>(),
        "certificates": certificates.iter().map(certificate_json).collect::<Vec<_>>(),
    })
}

/// Leaves out the password's verifier and the token's hash.
fn session_json(record: &SessionRecord) -> Value {
    let session = &record.session;
    json!({
        "device_id": session.device_id,
        "device_key": session.device_key,
        "workspace_slug": session.workspace_slug,
        "mqtt_host": session.mqtt_host,
        "mqtt_port": session.mqtt_port,
        "mqtt_username": session.mqtt_username,
        "run": record.run,
        "certificate": record.certificate,
        "issued": record.issued,
        "revoked": record.revoked,
        "may_log_in": record.may_log_in(),
    })
}

fn certificate_json(record: &CertificateRecord) -> Value {
    let certificate = &record.certificate;
    json!({
        "serial": certificate.serial,
        "fingerprint": certificate.fingerprint,
        "subject": certificate.subject,
        "not_before": certificate.not_before,
        "not_after": certificate.not_after,
        "run": record.run,
        "issued": record.issued,
        "revoked": record.revoked.as_ref().map(|(at, _)| at),
        "revoked_reason": record.revoked.as_ref().map(|(_, reason)| reason),
    })
}

/// A piece of evidence. `fact` is the very text that the digest covers.
#[derive(Serialize)]
struct EvidenceLine<'a> {
    run: RunId,
    seq: u64,
    at: Timestamp,
    fact: &'a Fact,
}

/// A run with what its verdict follows from. `policy` is the very text that the recipe's hash covers.
#[derive(Serialize)]
struct RunLine<'a> {
    run: RunId,
    mac: Option<Mac>,
    attempt: u32,
    repair: bool,
    station: &'a StationId,
    slot: &'a SlotId,
    batch_id: Option<String>,
    state: &'static str,
    began: Timestamp,
    ended: Option<Timestamp>,
    diagnosis: Option<&'a Diagnosis>,
    steps: Vec<StepLine>,
    evidence: usize,
    evidence_digest: Sha256Digest,
    recipe: Sha256Digest,
    recipe_name: &'a str,
    recipe_text: &'a str,
    policy: &'a Policy,
}

#[derive(Serialize)]
struct StepLine {
    step: Step,
    began: Timestamp,
    ended: Option<Timestamp>,
    outcome: Option<StepOutcome>,
}

impl<'a> RunLine<'a> {
    fn of(detail: &'a RunDetail) -> Self {
        let run = &detail.run;
        Self {
            run: run.id,
            mac: run.mac,
            attempt: run.attempt,
            repair: run.repair,
            station: &run.station,
            slot: &run.slot,
            batch_id: batch_of(&detail.entries).map(|batch| batch.0.to_string()),
            state: match run.state {
                RunState::Open => "open",
                RunState::Passed => "passed",
                RunState::Failed { .. } => "failed",
            },
            began: run.began,
            ended: run.ended,
            diagnosis: detail.diagnosis.as_ref(),
            steps: detail.steps.iter().map(StepLine::of).collect(),
            evidence: detail.evidence.len(),
            evidence_digest: detail.evidence_digest,
            recipe: run.recipe,
            recipe_name: &detail.recipe_name,
            recipe_text: &detail.recipe_text,
            policy: &detail.policy,
        }
    }
}

impl StepLine {
    fn of(record: &StepRecord) -> Self {
        let ended = record.ended;
        Self {
            step: record.step,
            began: record.began,
            ended: ended.map(|(at, _)| at),
            outcome: ended.map(|(_, outcome)| outcome),
        }
    }
}
