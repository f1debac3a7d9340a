//! Reads the audit chain, and adds what is noted for its own sake.

use firstpass_domain::{AuditEntry, AuditKind, RunId, Timestamp};

use crate::{
    Act, StoreError,
    db::{Row, values},
    tx::Tx,
};

pub(crate) async fn entries(tx: &mut Tx, after: i64, limit: u32) -> Result<Vec<AuditEntry>, StoreError> {
    let sql = "SELECT seq, at, station, actor, kind, subject, body, prev, hash FROM audit
               WHERE seq > $1 ORDER BY seq LIMIT $2";
    tx.rows(sql, values![after, limit]).await?.iter_mut().map(read).collect()
}

pub(crate) async fn note(
    tx: &mut Tx,
    kind: AuditKind,
    subject: &str,
    mut body: serde_json::Value,
    act: &Act,
    now: Timestamp,
) -> Result<(), StoreError> {
    if let (serde_json::Value::Object(fields), false) = (&mut body, act.reason.is_empty()) {
        fields.insert("reason".to_owned(), act.reason.clone().into());
    }
    tx.audit(now, &act.actor, kind, subject, body).await
}

/// The entries that began and ended a run, in order.
pub(crate) async fn limits_of_run(tx: &mut Tx, run: RunId) -> Result<Vec<AuditEntry>, StoreError> {
    let sql = "SELECT seq, at, station, actor, kind, subject, body, prev, hash FROM audit
               WHERE subject = $1 AND kind IN ($2, $3, $4) ORDER BY seq";
    let [began, passed, failed] =
        [AuditKind::RunBegan, AuditKind::RunPassed, AuditKind::RunFailed].map(AuditKind::name);
    tx.rows(sql, values![run.to_string(), began, passed, failed]).await?.iter_mut().map(read).collect()
}

pub(crate) fn read(row: &mut Row) -> Result<AuditEntry, StoreError> {
    let (seq, at, station, actor) = (row.next()?, row.next()?, row.next()?, row.next()?);
    let kind: String = row.next()?;
    let kind = AuditKind::ALL.iter().copied().find(|known| known.name() == kind);
    let kind = kind.ok_or_else(|| row.damaged(format!("audit entry {seq} is of an unknown kind")))?;
    let (subject, body, prev, hash) = (row.next()?, row.next()?, row.next()?, row.next()?);
    Ok(AuditEntry { seq, at, station, actor, kind, subject, body, prev, hash })
}
