//! Finds audit entries.

use firstpass_domain::{AuditEntry, Mac, Sha256Digest};

use super::{audit, certificates, runs};
use crate::{AuditSearch, StoreError, db::values, tx::Tx};

pub(crate) async fn head(tx: &mut Tx) -> Result<Option<(i64, Sha256Digest)>, StoreError> {
    let row = tx.row("SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1", values![]).await?;
    row.map(|mut row| Ok((row.next()?, row.next()?))).transpose()
}

pub(crate) async fn find(tx: &mut Tx, search: &AuditSearch) -> Result<Vec<AuditEntry>, StoreError> {
    let sql = "SELECT seq, at, station, actor, kind, subject, body, prev, hash FROM audit
               WHERE seq < $1 ORDER BY seq DESC LIMIT 1000";
    let (mut found, mut before) = (Vec::new(), search.before.unwrap_or(i64::MAX));
    while found.len() < search.limit as usize {
        let rows = tx.rows(sql, values![before]).await?;
        let Ok(read) = rows.into_iter().map(|mut row| audit::read(&mut row)).collect::<Result<Vec<_>, _>>() else {
            break;
        };
        let Some(last) = read.last() else { break };
        before = last.seq;
        found.extend(read.into_iter().filter(|entry| fits(search, entry)));
    }
    found.truncate(search.limit as usize);
    Ok(found)
}

fn fits(search: &AuditSearch, entry: &AuditEntry) -> bool {
    search.from.is_none_or(|from| entry.at >= from)
        && search.to.is_none_or(|to| entry.at < to)
        && search.actor.as_ref().is_none_or(|actor| *actor == entry.actor)
        && search.station.as_ref().is_none_or(|station| *station == entry.station)
        && search.subject.as_ref().is_none_or(|subject| *subject == entry.subject)
        && (search.kinds.is_empty() || search.kinds.contains(&entry.kind))
}

pub(crate) async fn of_unit(tx: &mut Tx, mac: Mac, limit: u32) -> Result<Vec<AuditEntry>, StoreError> {
    let mut subjects = vec![mac.to_string()];
    subjects.extend(runs::of_unit(tx, mac).await?.iter().map(|run| run.id.to_string()));
    subjects.extend(certificates::of_unit(tx, mac).await?.into_iter().map(|record| record.certificate.serial));
    let sql = "SELECT seq, at, station, actor, kind, subject, body, prev, hash FROM audit
               WHERE subject = $1 ORDER BY seq DESC LIMIT $2";
    let mut found = Vec::new();
    for subject in subjects {
        for mut row in tx.rows(sql, values![subject, limit]).await? {
            found.push(audit::read(&mut row)?);
        }
    }
    found.sort_by_key(|entry| entry.seq);
    let older = found.len().saturating_sub(limit as usize);
    Ok(found.split_off(older))
}
