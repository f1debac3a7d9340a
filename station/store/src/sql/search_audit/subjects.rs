//! Finds entries by what they are about. A subject has few of them, so the rest is compared entry by entry.

use firstpass_domain::{AuditEntry, Mac};

use super::{entry_columns, read_all};
use crate::{AuditSearch, BatchId, StoreError, db::values, tx::Tx};

/// Entries of a subject that are read at a time.
const READ: u32 = 256;
/// Newest runs, and newest certificates, of a unit whose entries are looked for, however few entries are wanted.
const OF_UNIT_MIN: u32 = 500;

pub(super) async fn find(tx: &mut Tx, search: &AuditSearch) -> Result<Vec<AuditEntry>, StoreError> {
    let subject = search.subject.as_deref().unwrap_or_default();
    let (mut found, mut before) = (Vec::new(), search.before.unwrap_or(i64::MAX));
    loop {
        let read = about(tx, subject, before, READ).await?;
        let is_last = read.len() < READ as usize;
        before = read.last().map_or(before, |last| last.seq);
        for entry in read.into_iter().filter(|entry| fits(search, entry)) {
            let is_wanted = match search.batch {
                Some(batch) => is_about_batch(tx, &entry, batch).await?,
                None => true,
            };
            if is_wanted && found.len() < search.limit as usize {
                found.push(entry);
            }
        }
        if is_last || found.len() >= search.limit as usize {
            return Ok(found);
        }
    }
}

async fn about(tx: &mut Tx, subject: &str, before: i64, limit: u32) -> Result<Vec<AuditEntry>, StoreError> {
    let sql = concat!(
        "SELECT ",
        entry_columns!(),
        " FROM audit a WHERE a.subject = $1 AND a.seq < $2 ORDER BY a.seq DESC LIMIT $3"
    );
    read_all(tx.rows(sql, values![subject, before, limit]).await?)
}

fn fits(search: &AuditSearch, entry: &AuditEntry) -> bool {
    search.from.is_none_or(|from| entry.at >= from)
        && search.to.is_none_or(|to| entry.at < to)
        && search.actor.as_ref().is_none_or(|actor| *actor == entry.actor)
        && search.station.as_ref().is_none_or(|station| *station == entry.station)
        && (search.kinds.is_empty() || search.kinds.contains(&entry.kind))
}

async fn is_about_batch(tx: &mut Tx, entry: &AuditEntry, batch: BatchId) -> Result<bool, StoreError> {
    let sql = "SELECT m.seq FROM audit_groups g JOIN audit_marks m ON m.grp = g.id AND m.seq = $5
               WHERE g.batch = $1 AND g.station = $2 AND g.actor = $3 AND g.kind = $4";
    let values = values![batch, entry.station.clone(), &entry.actor, entry.kind.name(), entry.seq];
    Ok(tx.row(sql, values).await?.is_some())
}

/// The newest `limit` entries about a unit, its runs and its certificates, in order. Of a unit with more runs or certificates
/// than are looked at, those that were not made lately are left out.
pub(crate) async fn of_unit(tx: &mut Tx, mac: Mac, limit: u32) -> Result<Vec<AuditEntry>, StoreError> {
    let mut found = Vec::new();
    // Each has an entry at least, so that as many subjects as entries leave none out.
    for subject in subjects(tx, mac, limit.max(OF_UNIT_MIN)).await? {
        found.extend(about(tx, &subject, i64::MAX, limit).await?);
    }
    found.sort_by_key(|entry| entry.seq);
    let older = found.len().saturating_sub(limit as usize);
    Ok(found.split_off(older))
}

async fn subjects(tx: &mut Tx, mac: Mac, max: u32) -> Result<Vec<String>, StoreError> {
    let mut subjects = vec![mac.to_string()];
    let sql = "SELECT id FROM runs WHERE mac = $1 ORDER BY id DESC LIMIT $2";
    for mut row in tx.rows(sql, values![mac, max]).await? {
        subjects.push(row.next::<firstpass_domain::RunId>()?.to_string());
    }
    let sql = "SELECT serial FROM certificates WHERE mac = $1 ORDER BY issued_at DESC, serial LIMIT $2";
    for mut row in tx.rows(sql, values![mac, max]).await? {
        subjects.push(row.next()?);
    }
    Ok(subjects)
}
