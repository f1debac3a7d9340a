//! How much room the record takes.

use crate::{
    StoreError,
    db::{Dialect, values},
    tx::Tx,
};

/// Size of the database, in bytes; of a file, without what is not yet written back into it.
pub(crate) async fn bytes(tx: &mut Tx) -> Result<u64, StoreError> {
    let sql = match tx.dialect() {
        Dialect::Sqlite => {
            "SELECT CAST(c.page_count * s.page_size AS BIGINT) FROM pragma_page_count() c, pragma_page_size() s"
        }
        Dialect::Postgres => "SELECT pg_database_size(current_database())",
    };
    let bytes: i64 = match tx.row(sql, values![]).await? {
        Some(mut row) => row.next()?,
        None => 0,
    };
    u64::try_from(bytes).map_err(|_| tx.damaged("the record has no size"))
}
