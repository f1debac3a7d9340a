//! Steps: noted before their first act and after their last.

use firstpass_domain::{AuditKind, RunId, Step, StepOutcome, Timestamp};
use serde_json::json;

use super::{LINE, runs};
use crate::{
    StepRecord, StoreError,
    db::{Row, values},
    tx::Tx,
};

const DONE: &str = "done";
const FAILED: &str = "failed";

pub(crate) async fn begin(tx: &mut Tx, run: RunId, step: Step, now: Timestamp) -> Result<(), StoreError> {
    runs::open(tx, run).await?;
    if open(tx, run, step).await?.is_some() {
        return Err(tx.conflict(format!("step {step} of run {run} has begun already")));
    }
    tx.execute(
        "INSERT INTO steps (run, seq, step, began_at)
         SELECT $1, COALESCE(MAX(seq), 0) + 1, $2, $3 FROM steps WHERE run = $1",
        values![run, step, now],
    )
    .await?;
    tx.audit(now, LINE, AuditKind::StepBegan, run, json!({ "step": step })).await
}

pub(crate) async fn end(
    tx: &mut Tx,
    run: RunId,
    step: Step,
    outcome: StepOutcome,
    now: Timestamp,
) -> Result<(), StoreError> {
    runs::open(tx, run).await?;
    let Some(seq) = open(tx, run, step).await? else {
        return Err(tx.conflict(format!("step {step} of run {run} is not under way")));
    };
    let name = match outcome {
        StepOutcome::Done => DONE,
        StepOutcome::Failed => FAILED,
    };
    tx.execute(
        "UPDATE steps SET ended_at = $1, outcome = $2 WHERE run = $3 AND seq = $4",
        values![now, name, run, seq],
    )
    .await?;
    tx.audit(now, LINE, AuditKind::StepEnded, run, json!({ "step": step, "outcome": outcome })).await
}

/// Position of the step when it is under way.
async fn open(tx: &mut Tx, run: RunId, step: Step) -> Result<Option<i64>, StoreError> {
    let sql = "SELECT seq FROM steps WHERE run = $1 AND step = $2 AND ended_at IS NULL";
    tx.row(sql, values![run, step]).await?.map(|mut row| row.next()).transpose()
}

/// Steps of a run, in order.
pub(crate) async fn of_run(tx: &mut Tx, run: RunId) -> Result<Vec<StepRecord>, StoreError> {
    let sql = "SELECT step, began_at, ended_at, outcome FROM steps WHERE run = $1 ORDER BY seq";
    tx.rows(sql, values![run]).await?.iter_mut().map(read).collect()
}

fn read(row: &mut Row) -> Result<StepRecord, StoreError> {
    let (step, began) = (row.next()?, row.next()?);
    let (ended, outcome): (Option<Timestamp>, Option<String>) = (row.next()?, row.next()?);
    let ended = match (ended, outcome.as_deref()) {
        (None, None) => None,
        (Some(at), Some(DONE)) => Some((at, StepOutcome::Done)),
        (Some(at), Some(FAILED)) => Some((at, StepOutcome::Failed)),
        (_, _) => return Err(row.damaged("a step has an unknown outcome")),
    };
    Ok(StepRecord { step, began, ended })
}
