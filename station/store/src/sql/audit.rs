//! Reads the audit chain.

use firstpass_domain::{AuditEntry, AuditKind};

use crate::{
    StoreError,
    db::{Row, values},
    tx::Tx,
};

pub(crate) async fn entries(tx: &mut Tx, after: i64, limit: u32) -> Result<Vec<AuditEntry>, StoreError> {
    let sql = "SELECT seq, at, station, actor, kind, subject, body, prev, hash FROM audit
               WHERE seq > $1 ORDER BY seq LIMIT $2";
    tx.rows(sql, values![after, limit]).await?.iter_mut().map(read).collect()
}

fn read(row: &mut Row) -> Result<AuditEntry, StoreError> {
    let (seq, at, station, actor) = (row.next()?, row.next()?, row.next()?, row.next()?);
    let kind: String = row.next()?;
    let kind = AuditKind::ALL.iter().copied().find(|known| known.name() == kind);
    let kind = kind.ok_or_else(|| row.damaged(format!("audit entry {seq} is of an unknown kind")))?;
    let (subject, body, prev, hash) = (row.next()?, row.next()?, row.next()?, row.next()?);
    Ok(AuditEntry { seq, at, station, actor, kind, subject, body, prev, hash })
}
