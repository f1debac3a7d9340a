//! The seam to the databases: transactions that run one portable SQL on either. Knows no table.
//!
//! The portable subset: `$1` placeholders in order of first use, BIGINT, TEXT and bytes, `ON CONFLICT … DO NOTHING`,
//! partial indexes; keys and times are made by the application. A write transaction excludes every other one, so what
//! it has read stays true until it commits, on both databases.

mod drive;
mod fault;
mod mark;
mod migrations;
mod place;
#[cfg(feature = "postgres")]
mod postgres;
mod sqlite;
mod value;

use async_trait::async_trait;

pub(crate) use drive::drive_transaction;
pub(crate) use fault::DbError;
pub(crate) use mark::Mark;
pub(crate) use migrations::Dialect;
#[cfg(feature = "postgres")]
pub(crate) use postgres::Postgres;
pub(crate) use sqlite::Sqlite;
pub(crate) use value::{Row, Value, values};

/// A database that keeps the record.
#[async_trait]
pub trait Database: Send + Sync + 'static {
    /// Begins a transaction that may write; waits until no other one writes.
    async fn begin_write(&self) -> Result<Box<dyn Transaction>, DbError>;

    /// Begins a transaction that reads one state of the record.
    async fn begin_read(&self) -> Result<Box<dyn Transaction>, DbError>;

    /// Notes beside the database what it has just confirmed. A server keeps what it has confirmed by itself.
    fn note_confirmed(&self, _confirmed: Mark) {}

    /// Closes all connections.
    async fn close(&self);
}

/// A transaction. Dropped without commit, it has changed nothing.
#[async_trait]
pub trait Transaction: Send {
    /// Which SQL it speaks where the two differ.
    fn dialect(&self) -> Dialect;

    /// Runs a statement; returns how many rows it changed.
    async fn execute(&mut self, sql: &'static str, values: Vec<Value>) -> Result<u64, DbError>;

    /// Runs a query; returns its rows.
    async fn rows(&mut self, sql: &'static str, values: Vec<Value>) -> Result<Vec<Vec<Value>>, DbError>;

    /// Makes the changes durable.
    async fn commit(self: Box<Self>) -> Result<(), DbError>;
}
