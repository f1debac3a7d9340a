//! A transaction of the record: runs statements under the name of an operation and writes the audit chain.

use firstpass_domain::{AuditEntry, AuditKind, Sha256Digest, StationId, Timestamp, audit::GENESIS};

use crate::{
    BatchRecord, Damage, NewBatch, StoreError,
    db::{Dialect, Mark, Row, Transaction, Value, values},
};

/// An open transaction, the operation that it serves (for errors) and the end of the audit chain.
pub(crate) struct Tx {
    transaction: Box<dyn Transaction>,
    operation: &'static str,
    station: StationId,
    head: Option<(i64, Sha256Digest)>,
    writes: Option<i64>,
}

impl Tx {
    pub(crate) fn new(transaction: Box<dyn Transaction>, operation: &'static str, station: StationId) -> Self {
        Self { transaction, operation, station, head: None, writes: None }
    }

    /// The station that writes.
    pub(crate) fn station(&self) -> &StationId {
        &self.station
    }

    /// Which SQL the database speaks where the two differ.
    pub(crate) fn dialect(&self) -> Dialect {
        self.transaction.dialect()
    }

    /// Runs a statement; returns how many rows it changed.
    pub(crate) async fn execute(&mut self, sql: &'static str, values: Vec<Value>) -> Result<u64, StoreError> {
        self.transaction.execute(sql, values).await.map_err(|error| error.during(self.operation))
    }

    /// Runs a query; returns its rows.
    pub(crate) async fn rows(&mut self, sql: &'static str, values: Vec<Value>) -> Result<Vec<Row>, StoreError> {
        let rows = self.transaction.rows(sql, values).await.map_err(|error| error.during(self.operation))?;
        Ok(rows.into_iter().map(|cells| Row::new(cells, self.operation)).collect())
    }

    /// Runs a query; returns its first row.
    pub(crate) async fn row(&mut self, sql: &'static str, values: Vec<Value>) -> Result<Option<Row>, StoreError> {
        Ok(self.rows(sql, values).await?.into_iter().next())
    }

    /// Runs a query that counts; returns the number.
    pub(crate) async fn count(&mut self, sql: &'static str, values: Vec<Value>) -> Result<u32, StoreError> {
        match self.row(sql, values).await? {
            Some(mut row) => row.next(),
            None => Ok(0),
        }
    }

    /// Adds an entry to the audit log. `body` is a JSON object without secrets.
    pub(crate) async fn audit(
        &mut self,
        now: Timestamp,
        actor: &str,
        kind: AuditKind,
        subject: impl ToString,
        body: serde_json::Value,
    ) -> Result<(), StoreError> {
        let (seq, prev) = self.head().await?;
        let (station, actor, subject) = (self.station.clone(), actor.to_owned(), subject.to_string());
        let entry = AuditEntry::seal(seq + 1, now, station, actor, kind, subject, body.to_string(), prev);
        self.head = Some((entry.seq, entry.hash));
        let AuditEntry { seq, at, station, actor, kind, subject, body, prev, hash } = entry;
        self.execute(
            "INSERT INTO audit (seq, at, station, actor, kind, subject, body, prev, hash)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            values![seq, at, station, actor, kind.name(), subject, body, prev, hash],
        )
        .await?;
        Ok(())
    }

    async fn head(&mut self) -> Result<(i64, Sha256Digest), StoreError> {
        if let Some(head) = self.head {
            return Ok(head);
        }
        match self.row("SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1", values![]).await? {
            Some(mut row) => Ok((row.next()?, row.next()?)),
            None => Ok((0, GENESIS)),
        }
    }

    /// Makes the changes durable; returns what is confirmed with that.
    pub(crate) async fn commit(self) -> Result<Mark, StoreError> {
        self.transaction.commit().await.map_err(|error| error.during(self.operation))?;
        let (seq, hash) = self.head.unwrap_or((Mark::NONE.seq, Mark::NONE.hash));
        Ok(Mark { seq, hash, writes: self.writes.unwrap_or(Mark::NONE.writes) })
    }

    /// An error that says how the record is damaged.
    pub(crate) fn corrupt(&self, damage: Damage) -> StoreError {
        StoreError::Corrupt { operation: self.operation, source: damage.into() }
    }

    /// Notes how many writes the record has counted with this one.
    pub(crate) const fn counted(&mut self, writes: i64) {
        self.writes = Some(writes);
    }

    /// An error that says that the record lacks what must be there.
    pub(crate) fn damaged(&self, what: &'static str) -> StoreError {
        StoreError::Corrupt { operation: self.operation, source: what.into() }
    }

    /// An error that says that a batch takes no further unit.
    pub(crate) fn batch_not_open(&self, batch: BatchRecord) -> StoreError {
        let BatchRecord { batch: NewBatch { name, .. }, state, reason, .. } = batch;
        StoreError::BatchNotOpen { operation: self.operation, batch: name, state, reason }
    }

    /// An error that says what stands against the operation.
    pub(crate) fn conflict(&self, conflict: impl Into<String>) -> StoreError {
        StoreError::Conflict { operation: self.operation, conflict: conflict.into() }
    }
}
