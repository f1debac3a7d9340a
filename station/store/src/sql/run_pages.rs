//! All runs, page by page, for whoever takes a copy of the record.

use firstpass_domain::{Run, RunId};

use super::runs::{self, run_columns};
use crate::{BatchId, StoreError, db::values, tx::Tx};

pub(crate) async fn after(tx: &mut Tx, after: Option<RunId>, limit: u32) -> Result<Vec<(Run, BatchId)>, StoreError> {
    // An empty string of bytes sorts before every id.
    let after = after.map_or_else(Vec::new, |run| run.0.as_bytes().to_vec());
    let sql = concat!("SELECT r.batch, ", run_columns!(), " FROM runs r WHERE r.id > $1 ORDER BY r.id LIMIT $2");
    let mut rows = tx.rows(sql, values![after, limit]).await?;
    rows.iter_mut()
        .map(|row| {
            let batch = row.next()?;
            Ok((runs::read(row)?.0, batch))
        })
        .collect()
}
