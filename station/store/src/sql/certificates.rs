//! Certificates: noted when issued, looked up, revoked with a reason.

use firstpass_domain::{AuditKind, Mac, RunId, Timestamp};
use serde_json::json;

use super::LINE;
use crate::{
    Act, CertificateRecord, NewCertificate, StoreError,
    db::{Row, values},
    tx::Tx,
};

pub(crate) async fn add(
    tx: &mut Tx,
    certificate: &NewCertificate,
    act: &Act,
    now: Timestamp,
) -> Result<(), StoreError> {
    insert(tx, None, certificate.mac, certificate, now).await?;
    note_issued(tx, certificate, certificate.mac, None, act, now).await
}

/// Notes the certificate that a run's unit gets.
pub(crate) async fn issue(
    tx: &mut Tx,
    run: RunId,
    mac: Mac,
    certificate: &NewCertificate,
    actor: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    if certificate.mac.is_some_and(|named| named != mac) {
        return Err(tx.conflict("the certificate names another unit"));
    }
    insert(tx, Some(run), Some(mac), certificate, now).await?;
    let act = Act { actor: actor.to_owned(), reason: String::new() };
    note_issued(tx, certificate, Some(mac), Some(run), &act, now).await
}

async fn insert(
    tx: &mut Tx,
    run: Option<RunId>,
    mac: Option<Mac>,
    certificate: &NewCertificate,
    now: Timestamp,
) -> Result<(), StoreError> {
    let NewCertificate { serial, fingerprint, pem, subject, not_before, not_after, mac: _ } = certificate;
    let known = "SELECT serial FROM certificates WHERE serial = $1 OR fingerprint = $2";
    if tx.row(known, values![serial, *fingerprint]).await?.is_some() {
        return Err(tx.conflict("a certificate of this serial number or fingerprint is on record"));
    }
    tx.execute(
        "INSERT INTO certificates (serial, fingerprint, pem, subject, not_before, not_after, mac, run, issued_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        values![serial, *fingerprint, pem, subject, *not_before, *not_after, mac, run, now],
    )
    .await?;
    Ok(())
}

async fn note_issued(
    tx: &mut Tx,
    certificate: &NewCertificate,
    mac: Option<Mac>,
    run: Option<RunId>,
    act: &Act,
    now: Timestamp,
) -> Result<(), StoreError> {
    let body = json!({
        "fingerprint": certificate.fingerprint, "subject": certificate.subject, "mac": mac, "run": run,
        "not_after": certificate.not_after, "reason": act.reason,
    });
    tx.audit(now, &act.actor, AuditKind::CertificateIssued, &certificate.serial, body).await
}

macro_rules! certificate_columns {
    () => {
        "run, issued_at, revoked_at, revoked_reason, serial, fingerprint, pem, subject, not_before, not_after, mac"
    };
}

pub(crate) async fn newest(tx: &mut Tx, limit: u32) -> Result<Vec<CertificateRecord>, StoreError> {
    let sql =
        concat!("SELECT ", certificate_columns!(), " FROM certificates ORDER BY issued_at DESC, serial DESC LIMIT $1");
    tx.rows(sql, values![limit]).await?.iter_mut().map(read).collect()
}

/// Certificates issued before another one, newest first; those of an unknown one are none.
pub(crate) async fn page(tx: &mut Tx, before: Option<&str>, limit: u32) -> Result<Vec<CertificateRecord>, StoreError> {
    let Some(before) = before else { return newest(tx, limit).await };
    let Some(before) = by_serial(tx, before).await? else { return Ok(Vec::new()) };
    let sql = concat!(
        "SELECT ",
        certificate_columns!(),
        " FROM certificates WHERE (issued_at, serial) < ($1, $2) ORDER BY issued_at DESC, serial DESC LIMIT $3"
    );
    let values = values![before.issued, before.certificate.serial, limit];
    tx.rows(sql, values).await?.iter_mut().map(read).collect()
}

/// Revoked certificates after `after` in the order of their serial numbers.
pub(crate) async fn revoked(
    tx: &mut Tx,
    after: Option<&str>,
    limit: u32,
) -> Result<Vec<CertificateRecord>, StoreError> {
    let sql = concat!(
        "SELECT ",
        certificate_columns!(),
        " FROM certificates WHERE revoked_at IS NOT NULL AND serial > $1 ORDER BY serial LIMIT $2"
    );
    tx.rows(sql, values![after.unwrap_or_default(), limit]).await?.iter_mut().map(read).collect()
}

pub(crate) async fn by_serial(tx: &mut Tx, serial: &str) -> Result<Option<CertificateRecord>, StoreError> {
    let sql = concat!("SELECT ", certificate_columns!(), " FROM certificates WHERE serial = $1");
    tx.row(sql, values![serial]).await?.map(|mut row| read(&mut row)).transpose()
}

/// Certificates of a unit, oldest first.
pub(crate) async fn of_unit(tx: &mut Tx, mac: Mac) -> Result<Vec<CertificateRecord>, StoreError> {
    let sql =
        concat!("SELECT ", certificate_columns!(), " FROM certificates WHERE mac = $1 ORDER BY issued_at, serial");
    tx.rows(sql, values![mac]).await?.iter_mut().map(read).collect()
}

fn read(row: &mut Row) -> Result<CertificateRecord, StoreError> {
    let (run, issued) = (row.next()?, row.next()?);
    let (at, reason): (Option<Timestamp>, Option<String>) = (row.next()?, row.next()?);
    let certificate = NewCertificate {
        serial: row.next()?,
        fingerprint: row.next()?,
        pem: row.next()?,
        subject: row.next()?,
        not_before: row.next()?,
        not_after: row.next()?,
        mac: row.next()?,
    };
    Ok(CertificateRecord { certificate, run, issued, revoked: at.zip(reason) })
}

pub(crate) async fn revoke(tx: &mut Tx, serial: &str, act: &Act, now: Timestamp) -> Result<bool, StoreError> {
    let sql = "UPDATE certificates SET revoked_at = $1, revoked_reason = $2
               WHERE serial = $3 AND revoked_at IS NULL RETURNING serial";
    let revoked = tx.rows(sql, values![now, &act.reason, serial]).await?;
    if revoked.is_empty() {
        return match by_serial(tx, serial).await? {
            Some(_) => Ok(false),
            None => Err(tx.conflict(format!("certificate {serial} is not on record"))),
        };
    }
    note_revoked(tx, revoked, act, now).await?;
    Ok(true)
}

/// Revokes the certificates that a run issued.
pub(crate) async fn revoke_of_run(tx: &mut Tx, run: RunId, now: Timestamp) -> Result<(), StoreError> {
    let act = Act { actor: LINE.to_owned(), reason: "the run that issued it failed".to_owned() };
    let sql = "UPDATE certificates SET revoked_at = $1, revoked_reason = $2
               WHERE run = $3 AND revoked_at IS NULL RETURNING serial";
    let revoked = tx.rows(sql, values![now, &act.reason, run]).await?;
    note_revoked(tx, revoked, &act, now).await
}

/// Revokes the certificates of a unit that other runs issued.
pub(crate) async fn revoke_older(tx: &mut Tx, mac: Mac, run: RunId, now: Timestamp) -> Result<(), StoreError> {
    let act = Act { actor: LINE.to_owned(), reason: "the unit passed again with new credentials".to_owned() };
    let sql = "UPDATE certificates SET revoked_at = $1, revoked_reason = $2
               WHERE mac = $3 AND run <> $4 AND revoked_at IS NULL RETURNING serial";
    let revoked = tx.rows(sql, values![now, &act.reason, mac, run]).await?;
    note_revoked(tx, revoked, &act, now).await
}

/// Revokes every certificate of a unit.
pub(crate) async fn revoke_of_unit(tx: &mut Tx, mac: Mac, act: &Act, now: Timestamp) -> Result<(), StoreError> {
    let sql = "UPDATE certificates SET revoked_at = $1, revoked_reason = $2
               WHERE mac = $3 AND revoked_at IS NULL RETURNING serial";
    let revoked = tx.rows(sql, values![now, &act.reason, mac]).await?;
    note_revoked(tx, revoked, act, now).await
}

async fn note_revoked(tx: &mut Tx, revoked: Vec<Row>, act: &Act, now: Timestamp) -> Result<(), StoreError> {
    for mut row in revoked {
        let body = json!({ "reason": act.reason });
        tx.audit(now, &act.actor, AuditKind::CertificateRevoked, row.next::<String>()?, body).await?;
    }
    Ok(())
}
