//! Runs statements through a driver of sqlx: the same few lines for each database, because generic sqlx needs more
//! bounds than it has code.

/// Implements [`Transaction`](crate::db::Transaction) for a tuple struct over a transaction of sqlx.
macro_rules! drive_transaction {
    ($type:ident, $dialect:expr) => {
        #[async_trait::async_trait]
        impl $crate::db::Transaction for $type {
            fn dialect(&self) -> $crate::db::Dialect {
                $dialect
            }

            async fn execute(&mut self, sql: &'static str, values: Vec<Value>) -> Result<u64, DbError> {
                let done = bind(sql, values).execute(&mut *self.0).await.map_err(DbError::of)?;
                Ok(done.rows_affected())
            }

            async fn rows(&mut self, sql: &'static str, values: Vec<Value>) -> Result<Vec<Vec<Value>>, DbError> {
                let rows = bind(sql, values).fetch_all(&mut *self.0).await.map_err(DbError::of)?;
                rows.iter().map(|row| (0..row.len()).map(|column| cell(row, column)).collect()).collect()
            }

            async fn commit(self: Box<Self>) -> Result<(), DbError> {
                self.0.commit().await.map_err(DbError::of)
            }
        }

        fn bind(
            sql: &'static str,
            values: Vec<Value>,
        ) -> sqlx::query::Query<'static, Driver, <Driver as sqlx::Database>::Arguments> {
            values.into_iter().fold(sqlx::query(sql), |query, value| match value {
                Value::Int(int) => query.bind(int),
                Value::Text(text) => query.bind(text),
                Value::Bytes(bytes) => query.bind(bytes),
            })
        }

        fn cell(row: &<Driver as sqlx::Database>::Row, column: usize) -> Result<Value, DbError> {
            use sqlx::{TypeInfo as _, ValueRef as _};
            let raw = row.try_get_raw(column).map_err(DbError::of)?;
            let kind = raw.type_info().name().to_owned();
            match kind.as_str() {
                "NULL" => Ok(Value::Int(None)),
                "INTEGER" | "INT8" => row.try_get(column).map(Value::Int).map_err(DbError::of),
                "TEXT" => row.try_get(column).map(Value::Text).map_err(DbError::of),
                "BLOB" | "BYTEA" => row.try_get(column).map(Value::Bytes).map_err(DbError::of),
                _ => Err(DbError::Corrupt(format!("column {column} has the unexpected type {kind}").into())),
            }
        }
    };
}

pub(crate) use drive_transaction;
