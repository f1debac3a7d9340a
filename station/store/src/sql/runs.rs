//! Runs: begun, looked up, listed.

use firstpass_domain::{
    AuditKind, Diagnosis, DiagnosisCode, Mac, Policy, Run, RunId, RunState, Sha256Digest, StationId, Timestamp,
};
use serde_json::json;

use super::{LINE, audit, batches, evidence, steps};
use crate::{
    BatchId, NewRun, RunDetail, StoreError,
    db::{Row, values},
    tx::Tx,
};

/// Columns that [`read`] takes, of runs by the name `r`.
macro_rules! run_columns {
    () => {
        "r.id, r.station, r.slot, r.mac, r.attempt, r.recipe, r.began_at, r.ended_at, r.state, r.diagnosis, r.repair"
    };
}
pub(crate) use run_columns;

pub(crate) async fn begin(tx: &mut Tx, run: &NewRun, now: Timestamp) -> Result<Run, StoreError> {
    let repair = check(tx, run).await?;
    let station = tx.station().clone();
    tx.execute(
        "INSERT INTO runs (id, station, slot, batch, recipe, attempt, admitted, state, began_at, repair)
         VALUES ($1, $2, $3, $4, $5, 0, 0, 'open', $6, $7)",
        values![run.id, station.clone(), run.slot.clone(), run.batch, run.recipe, now, repair],
    )
    .await?;
    let body = json!({ "slot": run.slot, "batch": run.batch.0.to_string(), "recipe": run.recipe });
    tx.audit(now, LINE, AuditKind::RunBegan, run.id, body).await?;
    let (id, slot, recipe) = (run.id, run.slot.clone(), run.recipe);
    Ok(Run { id, station, slot, mac: None, attempt: 0, recipe, began: now, ended: None, state: RunState::Open, repair })
}

/// Whether the run may begin; when it may, whether its recipe is a repair.
async fn check(tx: &mut Tx, run: &NewRun) -> Result<bool, StoreError> {
    let station = tx.station().clone();
    if tx.row("SELECT name FROM stations WHERE name = $1", values![station.clone()]).await?.is_none() {
        return Err(tx.conflict("the station has not been started"));
    }
    batches::check_open(tx, run.batch).await?;
    let repair = match tx.row("SELECT policy FROM recipes WHERE hash = $1", values![run.recipe]).await? {
        Some(mut row) => row.json::<Policy>()?.repair,
        None => return Err(tx.conflict("its recipe is not on record")),
    };
    if tx.row("SELECT slot FROM runs WHERE id = $1", values![run.id]).await?.is_some() {
        return Err(tx.conflict("a run of this id is on record"));
    }
    let taken = "SELECT id FROM runs WHERE station = $1 AND slot = $2 AND state = 'open'";
    match tx.row(taken, values![station, run.slot.clone()]).await? {
        Some(mut row) => Err(tx.conflict(format!("slot {} holds the open run {}", run.slot, row.next::<RunId>()?))),
        None => Ok(repair),
    }
}

/// A run that can still be written to.
#[derive(Debug)]
pub(crate) struct OpenRun {
    /// Its unit, once it is identified.
    pub(crate) mac: Option<Mac>,
    /// Whether the rules let the unit go on.
    pub(crate) admitted: bool,
    /// Batch that it counts for.
    pub(crate) batch: BatchId,
    /// Hash of its recipe.
    pub(crate) recipe: Sha256Digest,
    /// Whether it only repairs the unit's credentials.
    pub(crate) repair: bool,
}

/// Finds an open run; a conflict when there is none.
pub(crate) async fn open(tx: &mut Tx, run: RunId) -> Result<OpenRun, StoreError> {
    let row =
        tx.row("SELECT mac, admitted, batch, recipe, repair, state FROM runs WHERE id = $1", values![run]).await?;
    let Some(mut row) = row else { return Err(tx.conflict(format!("run {run} is not on record"))) };
    let (mac, admitted, batch, recipe) = (row.next()?, row.next()?, row.next()?, row.next()?);
    let open = OpenRun { mac, admitted, batch, recipe, repair: row.next()? };
    if row.next::<String>()? != OPEN {
        return Err(tx.conflict(format!("run {run} has ended")));
    }
    Ok(open)
}

/// Finds the unit and the batch of an open run that was admitted; a conflict when there is none.
pub(crate) async fn admitted(tx: &mut Tx, run: RunId) -> Result<(Mac, BatchId), StoreError> {
    match open(tx, run).await? {
        OpenRun { mac: Some(mac), admitted: true, batch, .. } => Ok((mac, batch)),
        OpenRun { .. } => Err(tx.conflict(format!("run {run} has no unit that was admitted"))),
    }
}

/// The policy of a run's recipe, as it stands on record.
pub(crate) async fn policy(tx: &mut Tx, run: RunId) -> Result<Policy, StoreError> {
    let sql = "SELECT p.policy FROM runs r JOIN recipes p ON p.hash = r.recipe WHERE r.id = $1";
    match tx.row(sql, values![run]).await? {
        Some(mut row) => row.json(),
        None => Err(tx.conflict(format!("run {run} is not on record"))),
    }
}

/// Open runs of a station, oldest first.
pub(crate) async fn open_on(tx: &mut Tx, station: &StationId) -> Result<Vec<Run>, StoreError> {
    let sql =
        concat!("SELECT ", run_columns!(), " FROM runs r WHERE r.station = $1 AND r.state = 'open' ORDER BY r.id");
    tx.rows(sql, values![station.clone()]).await?.iter_mut().map(|row| Ok(read(row)?.0)).collect()
}

/// Runs of a unit, oldest first.
pub(crate) async fn of_unit(tx: &mut Tx, mac: Mac) -> Result<Vec<Run>, StoreError> {
    let sql = concat!("SELECT ", run_columns!(), " FROM runs r WHERE r.mac = $1 ORDER BY r.id");
    tx.rows(sql, values![mac]).await?.iter_mut().map(|row| Ok(read(row)?.0)).collect()
}

/// Runs of a unit that were not admitted, oldest first.
pub(crate) async fn refused_of_unit(tx: &mut Tx, mac: Mac) -> Result<Vec<RunId>, StoreError> {
    let sql = "SELECT id FROM runs WHERE mac = $1 AND admitted = 0 ORDER BY id";
    tx.rows(sql, values![mac]).await?.iter_mut().map(Row::next).collect()
}

pub(crate) async fn ended(tx: &mut Tx, after: Option<RunId>, limit: u32) -> Result<Vec<RunId>, StoreError> {
    // An empty string of bytes sorts before every id.
    let after = after.map_or_else(Vec::new, |run| run.0.as_bytes().to_vec());
    let sql = "SELECT id FROM runs WHERE state <> 'open' AND id > $1 ORDER BY id LIMIT $2";
    tx.rows(sql, values![after, limit]).await?.iter_mut().map(Row::next).collect()
}

pub(crate) async fn detail(tx: &mut Tx, run: RunId) -> Result<Option<RunDetail>, StoreError> {
    let sql = concat!(
        "SELECT ",
        run_columns!(),
        ", p.name, p.text, p.policy FROM runs r JOIN recipes p ON p.hash = r.recipe WHERE r.id = $1"
    );
    let Some(mut row) = tx.row(sql, values![run]).await? else { return Ok(None) };
    let (run, diagnosis) = read(&mut row)?;
    let (recipe_name, recipe_text, policy) = (row.next()?, row.next()?, row.json()?);
    let steps = steps::of_run(tx, run.id).await?;
    let (evidence, evidence_digest) = evidence::of_run(tx, run.id).await?;
    let entries = audit::limits_of_run(tx, run.id).await?;
    Ok(Some(RunDetail { run, recipe_name, recipe_text, policy, steps, evidence, evidence_digest, diagnosis, entries }))
}

const OPEN: &str = "open";

/// The code of a diagnosis.
pub(crate) fn code_named(name: &str) -> Option<DiagnosisCode> {
    DiagnosisCode::ALL.iter().copied().find(|code| code.name() == name)
}

/// Reads the columns `state` and `code`.
pub(crate) fn state(row: &mut Row) -> Result<RunState, StoreError> {
    let (state, code): (String, Option<DiagnosisCode>) = (row.next()?, row.next()?);
    match (state.as_str(), code) {
        (OPEN, None) => Ok(RunState::Open),
        ("passed", None) => Ok(RunState::Passed),
        ("failed", Some(code)) => Ok(RunState::Failed { code }),
        (_, _) => Err(row.damaged(format!("a run is in the unknown state {state}"))),
    }
}

/// Reads [`run_columns`].
pub(crate) fn read(row: &mut Row) -> Result<(Run, Option<Diagnosis>), StoreError> {
    let (id, station, slot, mac) = (row.next()?, row.next()?, row.next()?, row.next()?);
    let (attempt, recipe, began, ended) = (row.next()?, row.next()?, row.next()?, row.next()?);
    let state: String = row.next()?;
    let diagnosis: Option<Diagnosis> = row.optional_json()?;
    let repair = row.next()?;
    let state = match (state.as_str(), &diagnosis) {
        (OPEN, None) => RunState::Open,
        ("passed", None) => RunState::Passed,
        ("failed", Some(diagnosis)) => RunState::Failed { code: diagnosis.code },
        (_, _) => return Err(row.damaged(format!("a run is in the unknown state {state}"))),
    };
    Ok((Run { id, station, slot, mac, attempt, recipe, began, ended, state, repair }, diagnosis))
}
