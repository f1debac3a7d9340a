//! The record in SQLite: every claim of the suite.

#![expect(clippy::unwrap_used, reason = "in a test, a panic is the report")]

mod conformance;
mod first_version;

use std::{path::PathBuf, sync::Arc};

use async_trait::async_trait;
use conformance::{
    every_claim,
    fixture::{Place, Table},
};
use firstpass_domain::StationId;
use firstpass_store::{SqliteStore, Store};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, sqlite::SqliteConnectOptions};
use tempfile::TempDir;

/// A file in a folder of its own.
struct File {
    folder: TempDir,
}

impl File {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("record.sqlite")
    }
}

#[async_trait]
impl Place for File {
    async fn open(&self, station: &str) -> Arc<dyn Store> {
        Arc::new(SqliteStore::open(self.path(), StationId::new(station).unwrap()).await.unwrap())
    }

    async fn tamper(&self, sql: &'static str) -> Result<(), sqlx::Error> {
        let mut connection = SqliteConnectOptions::new().filename(self.path()).connect().await?;
        sqlx::query(sql).execute(&mut connection).await?;
        connection.close().await
    }

    async fn count(&self, sql: &'static str) -> i64 {
        let mut connection = SqliteConnectOptions::new().filename(self.path()).connect().await.unwrap();
        sqlx::query_scalar(sql).fetch_one(&mut connection).await.unwrap()
    }

    fn unprotect(&self, table: Table) -> &'static [&'static str] {
        match table {
            Table::Audit => &["DROP TRIGGER audit_refuses_update", "DROP TRIGGER audit_refuses_delete"],
            Table::Evidence => &["DROP TRIGGER evidence_refuses_update"],
        }
    }
}

macro_rules! tests {
    ($($topic:ident::$claim:ident;)*) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $claim() {
            conformance::$topic::$claim(&File::new()).await;
        }
    )*};
}

every_claim!(tests);

#[tokio::test]
async fn the_log_and_the_evidence_refuse_to_be_replaced() {
    let file = File::new();
    let line = conformance::line::Line::start(&file).await;
    let run = line.admitted_run("A1").await;
    line.fail(run).await;
    for sql in [
        "INSERT OR REPLACE INTO audit SELECT seq, at, station, 'nobody', kind, subject, body, prev, hash FROM audit",
        "INSERT OR REPLACE INTO evidence SELECT run, seq, at + 1, fact FROM evidence",
    ] {
        let error = file.tamper(sql).await.unwrap_err();
        assert!(error.to_string().contains("is append-only"), "{sql}: {error}");
    }
    line.verify().await.unwrap();
}

#[tokio::test]
async fn a_record_of_the_first_version_goes_on() {
    let file = File::new();
    let options = SqliteConnectOptions::new().filename(file.path()).create_if_missing(true);
    let mut connection = options.connect().await.unwrap();
    let first = first_version::migrator(include_str!("../../../migrations/sqlite/0001_record.sql"));
    first.run_direct(None, &mut connection, false).await.unwrap();
    for row in first_version::rows(|bytes| format!("x'{}'", hex(bytes))) {
        sqlx::query(AssertSqlSafe(row)).execute(&mut connection).await.unwrap();
    }
    connection.close().await.unwrap();
    first_version::goes_on(file.open("s1").await).await;
    conformance::figures::check_kept(&file).await;
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
