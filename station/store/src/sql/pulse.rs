//! Counts the writes that leave no trace in the audit log, so that none of them can get lost unnoticed.

use crate::{StoreError, db::values, tx::Tx};

/// Counts one write. As a transaction of its own it shows whether the record takes writes.
pub(crate) async fn beat(tx: &mut Tx) -> Result<(), StoreError> {
    let writes = tx.row("UPDATE pulse SET writes = writes + 1 WHERE id = 1 RETURNING writes", values![]).await?;
    match writes {
        Some(mut row) => {
            tx.counted(row.next()?);
            Ok(())
        }
        None => Err(tx.damaged("the row that counts writes is missing")),
    }
}
