//! Sessions: issued with a code or on a unit's behalf, looked up by broker user, revoked with their run.

use firstpass_domain::{AuditKind, CodeHash, DeviceId, Evidence, Mac, RunId, Timestamp};
use serde_json::json;

use super::{LINE, UNIT, certificates, evidence, quota, runs};
use crate::{
    Act, BatchId, IssueError, NewCertificate, NewSession, SessionRecord, StoreError,
    db::{Row, values},
    tx::Tx,
};

/// Whom a session is for, and what it was bought with.
#[derive(Debug)]
pub(crate) struct Bought {
    pub(crate) run: RunId,
    pub(crate) mac: Mac,
    pub(crate) batch: BatchId,
    pub(crate) code: Option<CodeHash>,
}

pub(crate) async fn issue_on_behalf(
    tx: &mut Tx,
    run: RunId,
    session: &NewSession,
    certificate: Option<&NewCertificate>,
    evidence: &Evidence,
    now: Timestamp,
) -> Result<(), IssueError> {
    let (mac, batch) = runs::admitted(tx, run).await?;
    issue(tx, &Bought { run, mac, batch, code: None }, session, certificate, now).await?;
    Ok(evidence::append(tx, run, std::slice::from_ref(evidence)).await?)
}

/// Notes a session and its certificate.
pub(crate) async fn issue(
    tx: &mut Tx,
    bought: &Bought,
    session: &NewSession,
    certificate: Option<&NewCertificate>,
    now: Timestamp,
) -> Result<(), IssueError> {
    if quota::is_reached(tx, bought.batch, bought.mac).await? {
        return Err(IssueError::QuotaReached);
    }
    let actor = if bought.code.is_some() { UNIT } else { LINE };
    if let Some(certificate) = certificate {
        certificates::issue(tx, bought.run, bought.mac, certificate, actor, now).await?;
    }
    check_unique(tx, session).await?;
    insert(tx, bought, session, certificate, now).await?;
    let body = json!({
        "mac": bought.mac, "device_id": session.device_id, "mqtt_username": session.mqtt_username,
        "certificate": certificate.map(|certificate| certificate.fingerprint),
    });
    Ok(tx.audit(now, actor, AuditKind::SessionIssued, bought.run, body).await?)
}

/// Words before the indexes speak.
async fn check_unique(tx: &mut Tx, session: &NewSession) -> Result<(), StoreError> {
    let sql = "SELECT device_id FROM sessions
               WHERE device_id = $1 OR mqtt_username = $2 OR (workspace_slug = $3 AND device_key = $4) OR token = $5";
    let NewSession { device_id, mqtt_username, workspace_slug, device_key, token, .. } = session;
    let values = values![device_id.clone(), mqtt_username, workspace_slug, device_key, *token];
    match tx.row(sql, values).await? {
        Some(_) => Err(tx.conflict("another session has the same identity, topic key, broker user or token")),
        None => Ok(()),
    }
}

async fn insert(
    tx: &mut Tx,
    bought: &Bought,
    session: &NewSession,
    certificate: Option<&NewCertificate>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let NewSession { device_id, device_key, workspace_slug, mqtt_host, mqtt_port, mqtt_username, verifier, token } =
        session.clone();
    let fingerprint = certificate.map(|certificate| certificate.fingerprint);
    tx.execute(
        "INSERT INTO sessions (device_id, device_key, workspace_slug, mqtt_host, mqtt_port, mqtt_username, verifier,
                               token, code, certificate, mac, run, issued_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
        values![
            device_id,
            device_key,
            workspace_slug,
            mqtt_host,
            mqtt_port,
            mqtt_username,
            verifier,
            token,
            bought.code,
            fingerprint,
            bought.mac,
            bought.run,
            now,
        ],
    )
    .await?;
    Ok(())
}

/// Sessions by the name `s`, each with the certificate issued with it by the name `c`.
macro_rules! select_sessions {
    ($condition:literal) => {
        concat!(
            "SELECT s.mac, s.run, s.certificate, s.issued_at, s.revoked_at, c.revoked_at, s.device_id, s.device_key,
             s.workspace_slug, s.mqtt_host, s.mqtt_port, s.mqtt_username, s.verifier, s.token
             FROM sessions s LEFT JOIN certificates c ON c.fingerprint = s.certificate WHERE ",
            $condition
        )
    };
}

pub(crate) async fn by_username(tx: &mut Tx, username: &str) -> Result<Option<SessionRecord>, StoreError> {
    let row = tx.row(select_sessions!("s.mqtt_username = $1"), values![username]).await?;
    row.map(|mut row| read(&mut row)).transpose()
}

/// Sessions of a unit, oldest first.
pub(crate) async fn of_unit(tx: &mut Tx, mac: Mac) -> Result<Vec<SessionRecord>, StoreError> {
    let sql = select_sessions!("s.mac = $1 ORDER BY s.issued_at, s.run, s.device_id");
    tx.rows(sql, values![mac]).await?.iter_mut().map(read).collect()
}

/// The newest session of a unit that may log in.
pub(crate) async fn live(tx: &mut Tx, mac: Mac) -> Result<Option<SessionRecord>, StoreError> {
    Ok(of_unit(tx, mac).await?.into_iter().rfind(SessionRecord::may_log_in))
}

fn read(row: &mut Row) -> Result<SessionRecord, StoreError> {
    let (mac, run, certificate, issued) = (row.next()?, row.next()?, row.next()?, row.next()?);
    let (revoked, certificate_revoked) = (row.next()?, row.next()?);
    let session = NewSession {
        device_id: row.next()?,
        device_key: row.next()?,
        workspace_slug: row.next()?,
        mqtt_host: row.next()?,
        mqtt_port: row.next()?,
        mqtt_username: row.next()?,
        verifier: row.next()?,
        token: row.next()?,
    };
    Ok(SessionRecord { mac, run, session, certificate, issued, revoked, certificate_revoked })
}

/// Revokes the sessions that a run issued; returns their broker users.
pub(crate) async fn revoke_of_run(tx: &mut Tx, run: RunId, now: Timestamp) -> Result<Vec<String>, StoreError> {
    let sql = "UPDATE sessions SET revoked_at = $1 WHERE run = $2 AND revoked_at IS NULL
               RETURNING run, device_id, mqtt_username";
    let revoked = tx.rows(sql, values![now, run]).await?;
    note_revoked(tx, revoked, &by_line("the run that issued it failed"), now).await
}

/// Revokes the sessions of a unit that other runs issued; returns their broker users.
pub(crate) async fn revoke_older(tx: &mut Tx, mac: Mac, run: RunId, now: Timestamp) -> Result<Vec<String>, StoreError> {
    let sql = "UPDATE sessions SET revoked_at = $1 WHERE mac = $2 AND run <> $3 AND revoked_at IS NULL
               RETURNING run, device_id, mqtt_username";
    let revoked = tx.rows(sql, values![now, mac, run]).await?;
    note_revoked(tx, revoked, &by_line("the unit passed again with new credentials"), now).await
}

/// Revokes every session of a unit; returns their broker users.
pub(crate) async fn revoke_of_unit(
    tx: &mut Tx,
    mac: Mac,
    act: &Act,
    now: Timestamp,
) -> Result<Vec<String>, StoreError> {
    let sql = "UPDATE sessions SET revoked_at = $1 WHERE mac = $2 AND revoked_at IS NULL
               RETURNING run, device_id, mqtt_username";
    let revoked = tx.rows(sql, values![now, mac]).await?;
    note_revoked(tx, revoked, act, now).await
}

fn by_line(reason: &str) -> Act {
    Act { actor: LINE.to_owned(), reason: reason.to_owned() }
}

async fn note_revoked(tx: &mut Tx, revoked: Vec<Row>, act: &Act, now: Timestamp) -> Result<Vec<String>, StoreError> {
    let mut usernames = Vec::with_capacity(revoked.len());
    for mut row in revoked {
        let run: RunId = row.next()?;
        let body = json!({ "device_id": row.next::<DeviceId>()?, "reason": act.reason });
        usernames.push(row.next()?);
        tx.audit(now, &act.actor, AuditKind::SessionRevoked, run, body).await?;
    }
    Ok(usernames)
}

/// Whether a run has a session that may be used.
pub(crate) async fn is_live_of_run(tx: &mut Tx, run: RunId) -> Result<bool, StoreError> {
    let sql = "SELECT device_id FROM sessions WHERE run = $1 AND revoked_at IS NULL LIMIT 1";
    Ok(tx.row(sql, values![run]).await?.is_some())
}
