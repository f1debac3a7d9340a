//! Counts a batch: units by how they stand, runs, and failures by their diagnosis.

use firstpass_domain::DiagnosisCode;

use super::quota;
use crate::{
    BatchId, BatchYield, StoreError,
    db::{Row, values},
    tx::Tx,
};

/// One row for each unit that was admitted to the batch, repairs apart. A run counts as an attempt when it came to an end of its own.
/// `first_attempt` and `last_attempt` are the first and the newest attempt: twice its number, and one more when it passed.
macro_rules! per_unit {
    () => {
        "SELECT a.mac, u.hold,
                COUNT(CASE WHEN a.state = 'open' THEN 1 END) AS open_runs,
                COUNT(CASE WHEN a.code IN ('interrupted', 'cancelled') THEN 1 END) AS interrupted,
                COUNT(a.attempt_if_counted) AS attempts,
                MIN(a.attempt_if_counted * 2 + a.has_passed) AS first_attempt,
                MAX(a.attempt_if_counted * 2 + a.has_passed) AS last_attempt
         FROM (SELECT r.mac, r.state, r.code,
                      CASE WHEN r.state = 'passed' THEN 1 ELSE 0 END AS has_passed,
                      CASE WHEN r.state = 'open' OR r.code IN ('interrupted', 'cancelled') THEN NULL
                           ELSE r.attempt END AS attempt_if_counted
               FROM runs r WHERE r.batch = $1 AND r.admitted = 1 AND r.repair = 0) AS a
         JOIN units u ON u.mac = a.mac
         GROUP BY a.mac, u.hold"
    };
}

pub(crate) async fn of_batch(tx: &mut Tx, batch: BatchId) -> Result<BatchYield, StoreError> {
    // A unit that is on hold is only that; of the others, one that is in a slot or was never tried to the end is in work.
    let sql = concat!(
        "SELECT COUNT(*),
                COUNT(CASE WHEN first_attempt % 2 = 1 THEN 1 END),
                COUNT(CASE WHEN hold IS NULL AND open_runs = 0 AND last_attempt % 2 = 1 THEN 1 END),
                COUNT(CASE WHEN hold IS NULL AND open_runs = 0 AND last_attempt % 2 = 0 THEN 1 END),
                COUNT(CASE WHEN hold = 'quarantined' THEN 1 END),
                COUNT(CASE WHEN hold = 'scrapped' THEN 1 END),
                COUNT(CASE WHEN hold IS NULL AND (open_runs > 0 OR attempts = 0) THEN 1 END),
                CAST(COALESCE(SUM(attempts), 0) AS BIGINT),
                CAST(COALESCE(SUM(CASE WHEN attempts > 1 THEN attempts - 1 ELSE 0 END), 0) AS BIGINT),
                CAST(COALESCE(SUM(interrupted), 0) AS BIGINT)
         FROM (",
        per_unit!(),
        ") AS per_unit"
    );
    let Some(mut row) = tx.row(sql, values![batch]).await? else { return Ok(BatchYield::default()) };
    let mut counted = read(&mut row)?;
    counted.held_places = quota::held(tx, batch).await?;
    counted.diagnoses = diagnoses(tx, batch).await?;
    Ok(counted)
}

fn read(row: &mut Row) -> Result<BatchYield, StoreError> {
    Ok(BatchYield {
        units: row.next()?,
        first_passed: row.next()?,
        passed: row.next()?,
        failed: row.next()?,
        quarantined: row.next()?,
        held_places: 0,
        scrapped: row.next()?,
        in_work: row.next()?,
        runs: row.next()?,
        retests: row.next()?,
        interrupted: row.next()?,
        diagnoses: Vec::new(),
    })
}

/// Every failed run of the batch, also those that are no attempt: most frequent first.
async fn diagnoses(tx: &mut Tx, batch: BatchId) -> Result<Vec<(DiagnosisCode, u32)>, StoreError> {
    let sql = "SELECT code, COUNT(*) FROM runs WHERE batch = $1 AND state = 'failed' AND code IS NOT NULL
               GROUP BY code ORDER BY COUNT(*) DESC, code";
    tx.rows(sql, values![batch]).await?.iter_mut().map(|row| Ok((row.next()?, row.next()?))).collect()
}
