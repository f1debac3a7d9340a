//! Connections to a file, and how each behaves.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use sqlx::{
    ConnectOptions as _, Connection as _,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous},
};

use super::DbError;

/// How long a statement waits for another process that holds the file.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a call waits for its turn to write, or for a free reader.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);
/// Connections that read at the same time.
const READERS_MAX: u32 = 4;
/// What a connection that reads keeps of the file in memory, in KiB. A search reads a thousand pages of an index, most of
/// them again for the next one.
const READER_CACHE_KIB: i64 = 32 << 10;

/// The connection that writes; each commit is on the disk before it returns.
pub(super) async fn writer(path: &Path) -> Result<SqlitePool, DbError> {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(BUSY_TIMEOUT);
    pool(1, options).await
}

/// Connections that read beside a writer.
pub(super) async fn readers(path: &Path) -> Result<SqlitePool, DbError> {
    pool(READERS_MAX, reading(path)).await
}

/// Connections that only read. They leave the folder as they found it: what has no log makes one and takes it away when
/// it is closed, which SQLite lets nobody do who may not write, so that here only a pragma forbids it.
pub(super) async fn tidy_readers(path: &Path) -> Result<SqlitePool, DbError> {
    if log_of(path).exists() {
        return readers(path).await;
    }
    let tidy = SqliteConnectOptions::new().filename(path).busy_timeout(BUSY_TIMEOUT).pragma("query_only", "ON");
    match pool(READERS_MAX, tidy).await {
        Ok(readers) => Ok(readers),
        // On a medium that cannot be written, the index of the log cannot be made; without a log none is needed.
        Err(DbError::Corrupt(cause)) => Err(DbError::Corrupt(cause)),
        Err(_) => pool(READERS_MAX, reading(path).immutable(true)).await,
    }
}

fn reading(path: &Path) -> SqliteConnectOptions {
    let options = SqliteConnectOptions::new().filename(path).read_only(true).busy_timeout(BUSY_TIMEOUT);
    options.pragma("cache_size", format!("-{READER_CACHE_KIB}"))
}

/// Where SQLite keeps the write-ahead log of a file.
pub(super) fn log_of(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push("-wal");
    name.into()
}

async fn pool(connections: u32, options: SqliteConnectOptions) -> Result<SqlitePool, DbError> {
    let pool = SqlitePoolOptions::new().max_connections(connections).acquire_timeout(ACQUIRE_TIMEOUT);
    let pool = pool.after_release(|connection, _| {
        Box::pin(async move {
            // On a full disk SQLite rolls back by itself, sqlx's own rollback then fails, and sqlx would take the
            // connection for busy for ever. The ping waits until that rollback was tried.
            connection.ping().await?;
            Ok(!connection.is_in_transaction())
        })
    });
    let pool = pool.connect_with(options.disable_statement_logging()).await.map_err(DbError::of)?;
    // Opening alone reads nothing: a file that is no database shows at the first read.
    if let Err(error) = sqlx::query("SELECT COUNT(*) FROM sqlite_schema").fetch_one(&pool).await {
        // What opening has made beside the file goes with the connection.
        pool.close().await;
        return Err(DbError::of(error));
    }
    Ok(pool)
}
