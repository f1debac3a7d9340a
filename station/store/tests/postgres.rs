//! The record in PostgreSQL: every claim of the suite, each in a database of its own on a server of our own.

#![expect(clippy::unwrap_used, reason = "in a test, a panic is the report")]

mod conformance;
mod first_version;
mod postgres_server;

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use async_trait::async_trait;
use conformance::{
    every_claim,
    fixture::{Place, Table, now},
    line::Line,
};
use firstpass_domain::{StationId, Step};
use firstpass_store::{PgStore, Store, StoreError};
use postgres_server::Server;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, postgres::PgConnectOptions};

/// A database of one claim.
struct Database {
    url: String,
}

impl Database {
    async fn create(server: &Server) -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let name = format!("claim_{}", COUNT.fetch_add(1, Ordering::Relaxed));
        execute(&server.url("postgres"), format!("CREATE DATABASE {name}")).await.unwrap();
        Self { url: server.url(&name) }
    }

    async fn connect(&self, station: &str) -> Result<PgStore, StoreError> {
        PgStore::connect(&self.url, StationId::new(station).unwrap()).await
    }
}

async fn execute(url: &str, sql: impl Into<String>) -> Result<(), sqlx::Error> {
    let mut connection = url.parse::<PgConnectOptions>()?.connect().await?;
    sqlx::query(AssertSqlSafe(sql.into())).execute(&mut connection).await?;
    connection.close().await
}

#[async_trait]
impl Place for Database {
    async fn open(&self, station: &str) -> Arc<dyn Store> {
        Arc::new(self.connect(station).await.unwrap())
    }

    async fn tamper(&self, sql: &'static str) -> Result<(), sqlx::Error> {
        execute(&self.url, sql).await
    }

    async fn count(&self, sql: &'static str) -> i64 {
        let mut connection = self.url.parse::<PgConnectOptions>().unwrap().connect().await.unwrap();
        sqlx::query_scalar(sql).fetch_one(&mut connection).await.unwrap()
    }

    fn unprotect(&self, table: Table) -> &'static [&'static str] {
        match table {
            Table::Audit => &["DROP TRIGGER audit_refuses_change ON audit"],
            Table::Evidence => &["DROP TRIGGER evidence_refuses_change ON evidence"],
        }
    }
}

/// Runs every claim in a task, so that one that fails does not hide the others; returns the names of those that failed.
macro_rules! failures {
    ($($topic:ident::$claim:ident;)*) => {
        async fn failures(server: &Server) -> Vec<&'static str> {
            let mut failures = Vec::new();
            $(
                let database = Database::create(server).await;
                if tokio::spawn(async move { conformance::$topic::$claim(&database).await }).await.is_err() {
                    failures.push(stringify!($claim));
                }
            )*
            failures
        }
    };
}

every_claim!(failures);

// One server serves all, so all is one test.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_claim_on_the_record_holds_in_postgres() {
    let mut server = Server::start();
    assert_eq!(failures(&server).await, Vec::<&str>::new());
    truncation_is_refused(&server).await;
    a_read_only_database_gives_read_only_and_another_version_gives_corrupt(&server).await;
    a_server_that_goes_away_gives_unavailable_and_the_same_store_goes_on_when_it_is_back(&mut server).await;
    a_record_of_the_first_version_goes_on(&server).await;
    drop(server);
    a_server_that_is_away_gives_unavailable().await;
}

async fn truncation_is_refused(server: &Server) {
    let database = Database::create(server).await;
    database.open("s1").await;
    for sql in ["TRUNCATE audit CASCADE", "TRUNCATE evidence CASCADE"] {
        let error = database.tamper(sql).await.unwrap_err();
        assert!(error.to_string().contains("is append-only"), "{sql}: {error}");
    }
}

async fn a_read_only_database_gives_read_only_and_another_version_gives_corrupt(server: &Server) {
    let database = Database::create(server).await;
    database.open("s1").await;
    database.tamper("UPDATE _sqlx_migrations SET checksum = '\\x00'").await.unwrap();
    assert!(matches!(database.connect("s1").await, Err(StoreError::Corrupt { .. })));

    let database = Database::create(server).await;
    let store = database.open("s1").await;
    let read_only = "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET default_transaction_read_only = on',
                     current_database()); END $$";
    database.tamper(read_only).await.unwrap();
    drop(store);
    let opened = database.connect("s1").await;
    assert!(matches!(opened, Err(StoreError::ReadOnly { .. })), "{opened:?}");
}

async fn a_server_that_goes_away_gives_unavailable_and_the_same_store_goes_on_when_it_is_back(server: &mut Server) {
    let database = Database::create(server).await;
    let line = Line::start(&database).await;
    let run = line.admitted_run("A1").await;
    let before = line.audit().await;
    server.stop();
    let (checked, read) = (line.store.check().await, line.store.run(run).await);
    assert!(matches!(checked, Err(StoreError::Unavailable { .. })), "{checked:?}");
    assert!(matches!(read, Err(StoreError::Unavailable { .. })), "{read:?}");
    let begun = line.store.begin_step(run, Step::Flash, now()).await;
    assert!(matches!(begun, Err(StoreError::Unavailable { .. })), "{begun:?}");
    server.start_again();
    line.store.check().await.unwrap();
    assert_eq!(line.audit().await, before);
    line.provision(run).await;
    line.pass(run).await;
    line.verify().await.unwrap();
}

async fn a_record_of_the_first_version_goes_on(server: &Server) {
    let database = Database::create(server).await;
    let mut connection = database.url.parse::<PgConnectOptions>().unwrap().connect().await.unwrap();
    let first = first_version::migrator(include_str!("../../../migrations/postgres/0001_record.sql"));
    first.run_direct(None, &mut connection, false).await.unwrap();
    for row in first_version::rows(|bytes| format!("'\\x{}'", hex(bytes))) {
        sqlx::query(AssertSqlSafe(row)).execute(&mut connection).await.unwrap();
    }
    first_version::goes_on(database.open("s1").await).await;
    conformance::figures::check_kept(&database).await;
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

async fn a_server_that_is_away_gives_unavailable() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("postgres://postgres@localhost/x?host={}", folder.path().display());
    let opened = PgStore::connect(&url, StationId::new("s1").unwrap()).await;
    assert!(matches!(opened, Err(StoreError::Unavailable { .. })), "{opened:?}");
}
