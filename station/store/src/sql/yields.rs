//! How a batch comes out. The sums stand in `batch_counts`, which triggers keep: counting a large batch anew would take
//! longer than its page may.

use firstpass_domain::DiagnosisCode;

use crate::{
    BatchId, BatchYield, StoreError,
    db::{Row, values},
    tx::Tx,
};

pub(crate) async fn of_batch(tx: &mut Tx, batch: BatchId) -> Result<BatchYield, StoreError> {
    let sql = "SELECT units, first_passed, passed, failed, quarantined, held_places, scrapped, in_work, runs, retests,
                      interrupted
               FROM batch_counts WHERE batch = $1";
    let diagnoses = diagnoses(tx, batch).await?;
    match tx.row(sql, values![batch]).await? {
        Some(mut row) => read(&mut row, diagnoses),
        None => Ok(BatchYield { diagnoses, ..BatchYield::default() }),
    }
}

fn read(row: &mut Row, diagnoses: Vec<(DiagnosisCode, u32)>) -> Result<BatchYield, StoreError> {
    Ok(BatchYield {
        units: row.next()?,
        first_passed: row.next()?,
        passed: row.next()?,
        failed: row.next()?,
        quarantined: row.next()?,
        held_places: row.next()?,
        scrapped: row.next()?,
        in_work: row.next()?,
        runs: row.next()?,
        retests: row.next()?,
        interrupted: row.next()?,
        diagnoses,
    })
}

/// Every failed run of the batch, also those that are no attempt: most frequent first.
async fn diagnoses(tx: &mut Tx, batch: BatchId) -> Result<Vec<(DiagnosisCode, u32)>, StoreError> {
    let sql = "SELECT name, count FROM batch_tallies WHERE batch = $1 AND topic = 'diagnosis'
               ORDER BY count DESC, name";
    tx.rows(sql, values![batch]).await?.iter_mut().map(|row| Ok((row.next()?, row.next()?))).collect()
}
