//! The figures of batches, and how much is on record.

use firstpass_domain::{RunId, Sha256Digest, Step};

use super::yields;
use crate::{
    BatchFigures, BatchId, RECENT_RUNS_MAX, RecordCounts, RunPoint, StoreError,
    db::{Row, values},
    tx::Tx,
};

pub(crate) async fn of_batch(tx: &mut Tx, id: BatchId) -> Result<BatchFigures, StoreError> {
    let yield_ = yields::of_batch(tx, id).await?;
    let recent = runs(tx, id, None, RECENT_RUNS_MAX).await?;
    Ok(BatchFigures { yield_, recent, ..BatchFigures::default() })
}

pub(crate) async fn runs(
    tx: &mut Tx,
    id: BatchId,
    before: Option<RunId>,
    limit: u32,
) -> Result<Vec<RunPoint>, StoreError> {
    // Sixteen highest bytes sort behind every id.
    let before = before.map_or_else(|| vec![0xff; 17], |run| run.0.as_bytes().to_vec());
    let sql = "SELECT id, mac, station, slot, began_at, ended_at, state, code, admitted, repair FROM runs
               WHERE batch = $1 AND id < $2 ORDER BY id DESC LIMIT $3";
    tx.rows(sql, values![id, before, limit]).await?.iter_mut().map(read).collect()
}

fn read(row: &mut Row) -> Result<RunPoint, StoreError> {
    let (run, mac, station, slot) = (row.next()?, row.next()?, row.next()?, row.next()?);
    let (began, ended) = (row.next()?, row.next()?);
    let state = super::runs::state(row)?;
    Ok(RunPoint { run, mac, station, slot, began, ended, state, admitted: row.next()?, repair: row.next()? })
}

pub(crate) async fn usual_step_times(tx: &mut Tx, recipe: Sha256Digest) -> Result<Vec<(Step, u64)>, StoreError> {
    let sql = "SELECT s.step, s.ended_at - s.began_at
               FROM (SELECT id FROM runs WHERE recipe = $1 AND state = 'passed' ORDER BY id DESC LIMIT 200) AS r
               JOIN steps s ON s.run = r.id WHERE s.outcome = 'done'";
    let mut times = std::collections::BTreeMap::<Step, Vec<u64>>::new();
    for mut row in tx.rows(sql, values![recipe]).await? {
        let (step, micros): (Step, i64) = (row.next()?, row.next()?);
        times.entry(step).or_default().push(u64::try_from(micros).unwrap_or(0) / 1000);
    }
    Ok(times.into_iter().map(|(step, times)| (step, median(times))).collect())
}

fn median(mut times: Vec<u64>) -> u64 {
    times.sort_unstable();
    times[times.len() / 2]
}

pub(crate) async fn counts(tx: &mut Tx) -> Result<RecordCounts, StoreError> {
    let sql = "SELECT COUNT(*) FROM units";
    let units = u64::from(tx.count(sql, values![]).await?);
    Ok(RecordCounts { units, ..RecordCounts::default() })
}
