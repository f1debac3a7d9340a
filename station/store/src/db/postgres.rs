//! PostgreSQL: several stations on one record.

use std::time::Duration;

use async_trait::async_trait;
use sqlx::{
    ConnectOptions as _, Row as _,
    postgres::{PgConnectOptions, PgPool, PgPoolOptions},
};

use super::{Database, DbError, Dialect, Transaction, Value, drive_transaction, migrations};

/// Connections of one station.
const CONNECTIONS_MAX: u32 = 8;
/// How long a call waits for a free connection.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);
/// What every session sets. A site may have switched the first off for all, but the record is never to lose what it has
/// confirmed; the others end the wait for a station that hangs while it holds the lock.
const SESSION: [(&str, &str); 3] =
    [("synchronous_commit", "on"), ("lock_timeout", "10s"), ("idle_in_transaction_session_timeout", "30s")];

/// A record on a server.
#[derive(Debug)]
pub struct Postgres {
    pool: PgPool,
}

impl Postgres {
    /// Connects and brings the database to this version. `url`: `postgres://user:password@host:port/database`.
    pub(crate) async fn connect(url: &str) -> Result<Self, DbError> {
        let options: PgConnectOptions = url.parse().map_err(DbError::of)?;
        let options = options.options(SESSION).disable_statement_logging();
        let pool = PgPoolOptions::new().max_connections(CONNECTIONS_MAX).acquire_timeout(ACQUIRE_TIMEOUT);
        let pool = pool.connect_with(options).await.map_err(DbError::of)?;
        migrations::migrator(Dialect::Postgres).run(&pool).await.map_err(DbError::of_migration)?;
        Ok(Self { pool })
    }
}

#[async_trait]
impl Database for Postgres {
    async fn begin_write(&self) -> Result<Box<dyn Transaction>, DbError> {
        let mut transaction =
            self.pool.begin_with("BEGIN ISOLATION LEVEL READ COMMITTED").await.map_err(DbError::of)?;
        // The audit chain has one end, so writers take turns; each statement after this sees all that came before.
        // The number is the name of the lock, "firstpas" in ASCII.
        let lock = sqlx::query("SELECT pg_advisory_xact_lock(7379555304623595891)");
        lock.execute(&mut *transaction).await.map_err(DbError::of)?;
        Ok(Box::new(PgTransaction(transaction)))
    }

    async fn begin_read(&self) -> Result<Box<dyn Transaction>, DbError> {
        let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
        let transaction = self.pool.begin_with(begin).await.map_err(DbError::of)?;
        Ok(Box::new(PgTransaction(transaction)))
    }

    async fn close(&self) {
        self.pool.close().await;
    }
}

type Driver = sqlx::Postgres;

struct PgTransaction(sqlx::Transaction<'static, Driver>);

drive_transaction!(PgTransaction, Dialect::Postgres);
