//! Finds audit entries, newest first.
//!
//! Entries of one station, actor and kind are a group, and those of them that are about one batch are another: what is
//! asked for is some groups, each in the order of the chain, and the answer is their newest entries together. However
//! rare what is asked for, nothing else is read. Time is looked up by station, for each has its own clock.

mod groups;
mod spans;
mod subjects;

use firstpass_domain::{AuditEntry, Sha256Digest};

use super::audit;
use crate::{
    AuditSearch, StoreError,
    db::{Row, values},
    tx::Tx,
};

pub(crate) use subjects::of_unit;

/// Columns that [`audit::read`] takes, of entries by the name `a`.
macro_rules! entry_columns {
    () => {
        "a.seq, a.at, a.station, a.actor, a.kind, a.subject, a.body, a.prev, a.hash"
    };
}
use entry_columns;

pub(crate) async fn head(tx: &mut Tx) -> Result<Option<(i64, Sha256Digest)>, StoreError> {
    let row = tx.row("SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1", values![]).await?;
    row.map(|mut row| Ok((row.next()?, row.next()?))).transpose()
}

pub(crate) async fn find(tx: &mut Tx, search: &AuditSearch) -> Result<Vec<AuditEntry>, StoreError> {
    let AuditSearch { from, to, actor, station, batch, kinds, subject, before, limit } = search;
    if subject.is_some() {
        return subjects::find(tx, search).await;
    }
    if from.is_none() && to.is_none() && actor.is_none() && station.is_none() && batch.is_none() && kinds.is_empty() {
        return newest(tx, before.unwrap_or(i64::MAX), *limit).await;
    }
    groups::find(tx, search).await
}

async fn newest(tx: &mut Tx, before: i64, limit: u32) -> Result<Vec<AuditEntry>, StoreError> {
    let sql = concat!("SELECT ", entry_columns!(), " FROM audit a WHERE a.seq < $1 ORDER BY a.seq DESC LIMIT $2");
    read_all(tx.rows(sql, values![before, limit]).await?)
}

fn read_all(rows: Vec<Row>) -> Result<Vec<AuditEntry>, StoreError> {
    rows.into_iter().map(|mut row| audit::read(&mut row)).collect()
}
