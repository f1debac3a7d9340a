//! SQLite: one writer, some readers, write-ahead log, full synchronisation.

mod pools;

use std::{fs::OpenOptions, io, path::Path};

use async_trait::async_trait;
use sqlx::{AssertSqlSafe, Row as _, migrate::Migrate as _, sqlite::SqlitePool};

use super::{
    Database, DbError, Dialect, Mark, Transaction, Value, drive_transaction, mark::MarkFile, migrations, place::Place,
};
use crate::Damage;

/// Largest file that is checked at each start.
const CHECKED_LEN_MAX: u64 = 64 << 20;
/// Most of the file that is kept in memory while it is migrated, in KiB.
const MIGRATION_CACHE_KIB: i64 = 256 << 10;

/// A record in a file.
#[derive(Debug)]
pub struct Sqlite {
    /// `None` when opened to be read only.
    writer: Option<Writer>,
    readers: SqlitePool,
}

/// What a record needs that is written to.
#[derive(Debug)]
struct Writer {
    pool: SqlitePool,
    place: Place,
    mark: MarkFile,
}

impl Sqlite {
    /// Opens or makes the file and brings it to this version. `mark`: what is noted beside it.
    pub(crate) async fn open(path: &Path, mark: Option<Mark>) -> Result<Self, DbError> {
        check_writable(path).map_err(DbError::of_io)?;
        let writer = pools::writer(path).await?;
        migrate(&writer).await?;
        let readers = pools::readers(path).await?;
        let place = Place::of([path.to_owned(), pools::log_of(path)]).map_err(DbError::of_io)?;
        let writer = Writer { pool: writer, place, mark: MarkFile::open(path, mark) };
        Ok(Self { writer: Some(writer), readers })
    }

    /// Looks at a file without a change to it: `None` when there is no record in it yet. One that does not hold together
    /// is [`DbError::Corrupt`].
    pub(crate) async fn inspect(path: &Path) -> Result<Option<Self>, DbError> {
        let Some(len) = std::fs::metadata(path).ok().map(|found| found.len()).filter(|len| *len > 0) else {
            return Ok(None);
        };
        let found = Self { writer: None, readers: pools::tidy_readers(path).await? };
        let looked = found.holds_record(path, len).await;
        if let Ok(true) = looked {
            return Ok(Some(found));
        }
        // Also when it is refused: what looking has made is gone before anybody is told.
        found.close().await;
        looked.map(|_| None)
    }

    /// Whether there is a record in a file that holds together.
    async fn holds_record(&self, path: &Path, len: u64) -> Result<bool, DbError> {
        check_file(&self.readers, path, len).await?;
        let found = sqlx::query("SELECT name FROM sqlite_schema WHERE name = 'pulse'").fetch_optional(&self.readers);
        Ok(found.await.map_err(DbError::of)?.is_some())
    }

    /// Opens the file to read it only; it must be of this version.
    pub(crate) async fn open_read_only(path: &Path) -> Result<Self, DbError> {
        OpenOptions::new().read(true).open(path).map_err(|error| DbError::Unavailable(error.into()))?;
        let readers = pools::tidy_readers(path).await?;
        check_version(&readers).await?;
        Ok(Self { writer: None, readers })
    }
}

/// Checks how the file hangs together, where that takes no time that anyone would notice: about 1.3 ms a mebibyte.
async fn check_file(readers: &SqlitePool, path: &Path, len: u64) -> Result<(), DbError> {
    check_len(readers, path, len).await?;
    if len > CHECKED_LEN_MAX {
        tracing::info!(len, "the record's file is too large to be checked at each start");
        return Ok(());
    }
    let found: String = sqlx::query_scalar("PRAGMA quick_check(1)").fetch_one(readers).await.map_err(DbError::of)?;
    if found == "ok" { Ok(()) } else { Err(DbError::Corrupt(Damage::File { found }.into())) }
}

/// SQLite itself takes the end of a page that was cut for zeros. With a log beside it, the page may stand there.
async fn check_len(readers: &SqlitePool, path: &Path, len: u64) -> Result<(), DbError> {
    if std::fs::metadata(pools::log_of(path)).is_ok_and(|log| log.len() > 0) {
        return Ok(());
    }
    let sql = "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size";
    let whole: i64 = sqlx::query_scalar(sql).fetch_one(readers).await.map_err(DbError::of)?;
    if u64::try_from(whole).is_ok_and(|whole| whole <= len) {
        return Ok(());
    }
    let found = format!("it is {len} bytes long and was {whole}");
    Err(DbError::Corrupt(Damage::File { found }.into()))
}

/// SQLite itself would fall back to reading, or say only that the file cannot be opened. Makes the file when missing.
fn check_writable(path: &Path) -> io::Result<()> {
    OpenOptions::new().read(true).append(true).create(true).open(path).map(drop)
}

/// Brings the file to this version. What a migration derives it looks up all over the file, so it has memory meanwhile.
async fn migrate(writer: &SqlitePool) -> Result<(), DbError> {
    let usual: i64 = sqlx::query_scalar("PRAGMA cache_size").fetch_one(writer).await.map_err(DbError::of)?;
    set_cache(writer, -MIGRATION_CACHE_KIB).await?;
    let migrated = migrate_at_once(writer).await;
    set_cache(writer, usual).await?;
    migrated
}

async fn set_cache(writer: &SqlitePool, size: i64) -> Result<(), DbError> {
    let sql = AssertSqlSafe(format!("PRAGMA cache_size = {size}"));
    sqlx::query(sql).execute(writer).await.map_err(DbError::of).map(drop)
}

/// In one transaction, so that two stations that start on one file cannot both migrate it.
async fn migrate_at_once(writer: &SqlitePool) -> Result<(), DbError> {
    let mut transaction = writer.begin_with("BEGIN IMMEDIATE").await.map_err(DbError::of)?;
    let migrator = migrations::migrator(Dialect::Sqlite);
    migrator.run_direct(None, &mut *transaction, false).await.map_err(DbError::of_migration)?;
    transaction.commit().await.map_err(DbError::of)
}

async fn check_version(readers: &SqlitePool) -> Result<(), DbError> {
    let mut connection = readers.acquire().await.map_err(DbError::of)?;
    let applied = connection.list_applied_migrations("_sqlx_migrations").await.map_err(DbError::of_migration)?;
    let migrator = migrations::migrator(Dialect::Sqlite);
    let known = migrator.iter().map(|migration| (migration.version, &migration.checksum));
    if applied.iter().map(|migration| (migration.version, &migration.checksum)).eq(known) {
        return Ok(());
    }
    Err(DbError::Corrupt(Damage::OtherVersion.into()))
}

#[async_trait]
impl Database for Sqlite {
    async fn begin_write(&self) -> Result<Box<dyn Transaction>, DbError> {
        // SQLite itself would begin, and complain only at the first write.
        let writer = self.writer.as_ref().ok_or_else(|| DbError::ReadOnly("it was opened to be read only".into()))?;
        writer.place.check().map_err(DbError::of_io)?;
        let transaction = writer.pool.begin_with("BEGIN IMMEDIATE").await.map_err(DbError::of)?;
        Ok(Box::new(SqliteTransaction(transaction)))
    }

    async fn begin_read(&self) -> Result<Box<dyn Transaction>, DbError> {
        let transaction = self.readers.begin().await.map_err(DbError::of)?;
        Ok(Box::new(SqliteTransaction(transaction)))
    }

    fn note_confirmed(&self, confirmed: Mark) {
        if let Some(writer) = &self.writer {
            writer.mark.raise_to(confirmed);
        }
    }

    async fn close(&self) {
        self.readers.close().await;
        if let Some(writer) = &self.writer {
            writer.pool.close().await;
            writer.mark.close();
        }
    }
}

type Driver = sqlx::Sqlite;

struct SqliteTransaction(sqlx::Transaction<'static, Driver>);

drive_transaction!(SqliteTransaction, Dialect::Sqlite);

#[cfg(test)]
mod tests {
    use super::{super::values, *};

    async fn limit_pages(database: &Sqlite, pragma: &'static str) {
        sqlx::query(pragma).execute(&database.writer.as_ref().unwrap().pool).await.unwrap();
    }

    async fn add(database: &Sqlite, name: String) -> Result<(), DbError> {
        let mut transaction = database.begin_write().await?;
        let sql = "INSERT INTO stations (name, first_started_at, last_started_at) VALUES ($1, 1, 1)";
        transaction.execute(sql, values![name]).await?;
        transaction.commit().await
    }

    #[tokio::test]
    async fn a_file_that_may_not_grow_is_full_and_goes_on_when_it_may() {
        let folder = tempfile::tempdir().unwrap();
        let database = Sqlite::open(&folder.path().join("record.sqlite"), None).await.unwrap();
        // SQLite takes the present size when the limit is smaller.
        limit_pages(&database, "PRAGMA max_page_count = 1").await;
        let error = add(&database, "x".repeat(100_000)).await.unwrap_err();
        assert!(matches!(error, DbError::Full(_)), "{error:?}");
        limit_pages(&database, "PRAGMA max_page_count = 1000000").await;
        add(&database, "x".repeat(100_000)).await.unwrap();
    }

    #[tokio::test]
    async fn the_writer_synchronises_every_commit_and_readers_cannot_write() {
        let folder = tempfile::tempdir().unwrap();
        let database = Sqlite::open(&folder.path().join("record.sqlite"), None).await.unwrap();
        let writer = &database.writer.as_ref().unwrap().pool;
        let mode: String = sqlx::query_scalar("PRAGMA journal_mode").fetch_one(writer).await.unwrap();
        let synchronous: i64 = sqlx::query_scalar("PRAGMA synchronous").fetch_one(writer).await.unwrap();
        // 2 is FULL: <https://www.sqlite.org/pragma.html#pragma_synchronous>.
        assert_eq!((mode.as_str(), synchronous), ("wal", 2));
        let written = sqlx::query("DELETE FROM stations").execute(&database.readers).await;
        assert!(matches!(DbError::of(written.unwrap_err()), DbError::ReadOnly(_)));
    }
}
