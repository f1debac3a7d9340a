//! The figures of batches, and how much is on record: read from what triggers have counted.

use std::collections::BTreeMap;

use firstpass_domain::{RunId, Sha256Digest, SlotId, StationId, Step, Timestamp};

use super::{runs, yields};
use crate::{
    BatchFigures, BatchId, Bucket, HourFigures, RECENT_RUNS_MAX, RecordCounts, RunPoint, SlotFigures, StepFigures,
    StoreError,
    db::{Row, values},
    tx::Tx,
};

/// Newest passed runs of a recipe that its usual times come from.
const USUAL_RUNS: u32 = 200;
const MICROS_PER_HOUR: i64 = 3_600_000_000;
/// What an attempt that passed is tallied under, among the codes of diagnoses.
const PASSED: &str = "passed";

pub(crate) async fn of_batch(tx: &mut Tx, id: BatchId) -> Result<BatchFigures, StoreError> {
    Ok(BatchFigures {
        yield_: yields::of_batch(tx, id).await?,
        per_step: steps(tx, id).await?,
        per_slot: slots(tx, id).await?,
        throughput: hours(tx, id).await?,
        recent: runs(tx, id, None, RECENT_RUNS_MAX).await?,
    })
}

async fn steps(tx: &mut Tx, id: BatchId) -> Result<Vec<StepFigures>, StoreError> {
    let mut steps = BTreeMap::<Step, StepFigures>::new();
    let empty = |step| StepFigures { step, count: 0, failed: 0, times: Default::default() };
    let sql = "SELECT name, bucket, count FROM batch_tallies
               WHERE batch = $1 AND topic = 'step' ORDER BY name, bucket";
    for mut row in tx.rows(sql, values![id]).await? {
        let (step, bucket) = (row.next()?, read_bucket(&mut row)?);
        let figures = steps.entry(step).or_insert_with(|| empty(step));
        figures.count += bucket.count;
        figures.times.buckets.push(bucket);
    }
    let sql = "SELECT name, count FROM batch_tallies WHERE batch = $1 AND topic = 'step_failed'";
    for mut row in tx.rows(sql, values![id]).await? {
        let step = row.next()?;
        steps.entry(step).or_insert_with(|| empty(step)).failed = row.next()?;
    }
    Ok(steps.into_values().collect())
}

fn read_bucket(row: &mut Row) -> Result<Bucket, StoreError> {
    let from_ms: i64 = row.next()?;
    Ok(Bucket::beginning(u64::try_from(from_ms).map_err(|error| row.damaged(error))?, row.next()?))
}

async fn slots(tx: &mut Tx, id: BatchId) -> Result<Vec<SlotFigures>, StoreError> {
    let mut slots = BTreeMap::<(StationId, SlotId), SlotFigures>::new();
    let sql = "SELECT station, slot, topic, name, count FROM batch_tallies
               WHERE batch = $1 AND topic IN ('slot', 'unidentified') ORDER BY station, slot, count DESC, name";
    for mut row in tx.rows(sql, values![id]).await? {
        let figures = slot_of(&mut slots, &mut row)?;
        count_end(figures, &mut row)?;
    }
    let sql = "SELECT station, slot, bucket, count FROM batch_tallies
               WHERE batch = $1 AND topic = 'cycle' ORDER BY station, slot, bucket";
    for mut row in tx.rows(sql, values![id]).await? {
        let figures = slot_of(&mut slots, &mut row)?;
        figures.cycle.buckets.push(read_bucket(&mut row)?);
    }
    Ok(slots.into_values().collect())
}

/// Reads the columns `station` and `slot`.
fn slot_of<'a>(
    slots: &'a mut BTreeMap<(StationId, SlotId), SlotFigures>,
    row: &mut Row,
) -> Result<&'a mut SlotFigures, StoreError> {
    let (station, slot): (StationId, SlotId) = (row.next()?, row.next()?);
    Ok(slots.entry((station.clone(), slot.clone())).or_insert_with(|| SlotFigures {
        station,
        slot,
        runs: 0,
        passed: 0,
        failed: 0,
        cycle: Default::default(),
        diagnoses: Vec::new(),
        unidentified: Vec::new(),
    }))
}

/// Reads the columns `topic`, `name` and `count`.
fn count_end(figures: &mut SlotFigures, row: &mut Row) -> Result<(), StoreError> {
    let (topic, name, count): (String, String, u32) = (row.next()?, row.next()?, row.next()?);
    let is_attempt = topic == "slot";
    if is_attempt {
        figures.runs += count;
    }
    if is_attempt && name == PASSED {
        figures.passed += count;
        return Ok(());
    }
    let code = runs::code_named(&name).ok_or_else(|| row.damaged(format!("no diagnosis has the code {name}")))?;
    if is_attempt {
        figures.failed += count;
        figures.diagnoses.push((code, count));
    } else {
        figures.unidentified.push((code, count));
    }
    Ok(())
}

async fn hours(tx: &mut Tx, id: BatchId) -> Result<Vec<HourFigures>, StoreError> {
    let sql = "SELECT name, bucket, count FROM batch_tallies WHERE batch = $1 AND topic = 'hour'";
    let mut hours = BTreeMap::<i64, HourFigures>::new();
    for mut row in tx.rows(sql, values![id]).await? {
        let (name, hour, count): (String, i64, u32) = (row.next()?, row.next()?, row.next()?);
        let began = Timestamp::from_micros(hour.saturating_mul(MICROS_PER_HOUR));
        let figures = hours.entry(hour).or_insert(HourFigures { began, passed: 0, failed: 0 });
        if name == PASSED { figures.passed = count } else { figures.failed = count }
    }
    Ok(hours.into_values().collect())
}

/// Runs of a batch, newest first.
pub(crate) async fn runs(
    tx: &mut Tx,
    id: BatchId,
    before: Option<RunId>,
    limit: u32,
) -> Result<Vec<RunPoint>, StoreError> {
    // One byte more of the largest value sorts behind every id.
    let before = before.map_or_else(|| vec![0xff; 17], |run| run.0.as_bytes().to_vec());
    let sql = "SELECT id, mac, station, slot, began_at, ended_at, state, code, admitted, repair FROM runs
               WHERE batch = $1 AND id < $2 ORDER BY id DESC LIMIT $3";
    tx.rows(sql, values![id, before, limit]).await?.iter_mut().map(read_point).collect()
}

fn read_point(row: &mut Row) -> Result<RunPoint, StoreError> {
    let (run, mac, station, slot) = (row.next()?, row.next()?, row.next()?, row.next()?);
    let (began, ended, state) = (row.next()?, row.next()?, runs::state(row)?);
    Ok(RunPoint { run, mac, station, slot, began, ended, state, admitted: row.next()?, repair: row.next()? })
}

pub(crate) async fn usual_step_times(tx: &mut Tx, recipe: Sha256Digest) -> Result<Vec<(Step, u64)>, StoreError> {
    let sql = "SELECT s.step, s.ended_at - s.began_at
               FROM (SELECT id FROM runs WHERE recipe = $1 AND state = 'passed' ORDER BY id DESC LIMIT $2) AS r
               JOIN steps s ON s.run = r.id WHERE s.outcome = 'done'";
    let mut times = BTreeMap::<Step, Vec<i64>>::new();
    for mut row in tx.rows(sql, values![recipe, USUAL_RUNS]).await? {
        times.entry(row.next()?).or_default().push(row.next()?);
    }
    Ok(times.into_iter().map(|(step, times)| (step, median_ms(times))).collect())
}

/// Of an even number, the lower of the two in the middle. `micros` is not empty.
fn median_ms(mut micros: Vec<i64>) -> u64 {
    let middle = (micros.len() - 1) / 2;
    let (_, median, _) = micros.select_nth_unstable(middle);
    u64::try_from(*median).unwrap_or(0) / 1000
}

pub(crate) async fn counts(tx: &mut Tx) -> Result<RecordCounts, StoreError> {
    let sql = "SELECT name, count FROM record_counts
               UNION ALL SELECT 'open_runs', COUNT(*) FROM runs WHERE state = 'open'
               UNION ALL SELECT 'batches', COUNT(*) FROM batches
               UNION ALL SELECT 'open_batches', COUNT(*) FROM batches WHERE state = 'open'
               UNION ALL SELECT 'recipes', COUNT(*) FROM recipes
               UNION ALL SELECT 'images', COUNT(*) FROM images
               UNION ALL SELECT 'audit_entries', COALESCE(MAX(seq), 0) FROM audit";
    let mut counts = RecordCounts::default();
    for mut row in tx.rows(sql, values![]).await? {
        let (name, count): (String, i64) = (row.next()?, row.next()?);
        let count = u64::try_from(count).map_err(|error| row.damaged(error))?;
        note_count(&mut counts, &name, count).ok_or_else(|| row.damaged(format!("nothing is counted as {name}")))?;
    }
    Ok(counts)
}

fn note_count(counts: &mut RecordCounts, name: &str, count: u64) -> Option<()> {
    let standing = match name {
        "units.new" => None,
        "units.passed" => Some(&mut counts.passed),
        "units.failed" => Some(&mut counts.failed),
        "units.quarantined" => Some(&mut counts.quarantined),
        "units.scrapped" => Some(&mut counts.scrapped),
        "runs" => Some(&mut counts.runs),
        "open_runs" => Some(&mut counts.open_runs),
        "batches" => Some(&mut counts.batches),
        "open_batches" => Some(&mut counts.open_batches),
        "recipes" => Some(&mut counts.recipes),
        "images" => Some(&mut counts.images),
        "certificates" => Some(&mut counts.certificates),
        "certificates.revoked" => Some(&mut counts.revoked_certificates),
        "audit_entries" => Some(&mut counts.audit_entries),
        _ => return None,
    };
    if let Some(counted) = standing {
        *counted = count;
    }
    if name.starts_with("units.") {
        counts.units += count;
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_or_the_lower_of_two() {
        let cases: [(&[i64], u64); 4] = [(&[5_000], 5), (&[9_000, 1_000], 1), (&[9_000, 1_000, 3_999], 3), (&[-5], 0)];
        for (micros, expected) in cases {
            assert_eq!(median_ms(micros.to_vec()), expected, "{micros:?}");
        }
    }
}
