//! One-time auth codes: issued to a run's unit, redeemed at most once, void when the run ends.

use firstpass_domain::{AuditKind, CodeHash, Evidence, Mac, RunId, Timestamp};
use serde_json::json;

use super::{LINE, UNIT, evidence, runs, sessions};
use crate::{Act, CodeRecord, IssueError, NewCertificate, NewCode, NewSession, StoreError, db::values, tx::Tx};

pub(crate) async fn issue(tx: &mut Tx, code: &NewCode, now: Timestamp) -> Result<(), StoreError> {
    let (mac, _) = runs::admitted(tx, code.run).await?;
    if find(tx, code.hash).await?.is_some() {
        return Err(tx.conflict("the code is on record already"));
    }
    tx.execute(
        "INSERT INTO auth_codes (hash, run, mac, certificate, issued_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6)",
        values![code.hash, code.run, mac, code.certificate, now, code.expires],
    )
    .await?;
    let body = json!({ "code": code.hash, "mac": mac, "expires": code.expires, "certificate": code.certificate });
    tx.audit(now, LINE, AuditKind::CodeIssued, code.run, body).await
}

pub(crate) async fn find(tx: &mut Tx, hash: CodeHash) -> Result<Option<CodeRecord>, StoreError> {
    let sql = "SELECT run, mac, expires_at, certificate, redeemed_at, voided_at FROM auth_codes WHERE hash = $1";
    let Some(mut row) = tx.row(sql, values![hash]).await? else { return Ok(None) };
    let (run, mac, expires, certificate) = (row.next()?, row.next()?, row.next()?, row.next()?);
    Ok(Some(CodeRecord { run, mac, expires, certificate, redeemed: row.next()?, voided: row.next()? }))
}

pub(crate) async fn redeem(
    tx: &mut Tx,
    hash: CodeHash,
    mac: Option<Mac>,
    session: &NewSession,
    certificate: Option<&NewCertificate>,
    evidence: &Evidence,
    now: Timestamp,
) -> Result<RunId, IssueError> {
    let code = find(tx, hash).await?.ok_or(IssueError::UnknownCode)?;
    check(&code, mac, now)?;
    if code.certificate != certificate.is_some() {
        return Err(tx.conflict("code and answer differ on whether there is a certificate").into());
    }
    let (_, batch) = runs::admitted(tx, code.run).await?;
    // The condition repeats what was checked, so that even a transaction that does not exclude others redeems once.
    let sql = "UPDATE auth_codes SET redeemed_at = $1 WHERE hash = $2 AND redeemed_at IS NULL AND voided_at IS NULL";
    if tx.execute(sql, values![now, hash]).await? != 1 {
        return Err(IssueError::UsedCode);
    }
    let body = json!({ "code": hash, "mac": code.mac });
    tx.audit(now, UNIT, AuditKind::CodeRedeemed, code.run, body).await?;
    let bought = sessions::Bought { run: code.run, mac: code.mac, batch, code: Some(hash) };
    sessions::issue(tx, &bought, session, certificate, now).await?;
    evidence::append(tx, code.run, std::slice::from_ref(evidence)).await?;
    Ok(code.run)
}

fn check(code: &CodeRecord, mac: Option<Mac>, now: Timestamp) -> Result<(), IssueError> {
    if code.redeemed.is_some() {
        return Err(IssueError::UsedCode);
    }
    if code.voided.is_some() || now >= code.expires {
        return Err(IssueError::VoidCode);
    }
    if mac.is_some_and(|mac| mac != code.mac) {
        return Err(IssueError::OtherUnit);
    }
    Ok(())
}

/// Makes the unused codes of a run unusable.
pub(crate) async fn void_of_run(tx: &mut Tx, run: RunId, now: Timestamp) -> Result<(), StoreError> {
    let sql = "UPDATE auth_codes SET voided_at = $1 WHERE run = $2 AND redeemed_at IS NULL AND voided_at IS NULL
               RETURNING hash";
    for mut row in tx.rows(sql, values![now, run]).await? {
        let body = json!({ "code": row.next::<CodeHash>()? });
        tx.audit(now, LINE, AuditKind::CodeVoided, run, body).await?;
    }
    Ok(())
}

/// Makes all unused codes of a unit unusable.
pub(crate) async fn void_of_unit(tx: &mut Tx, mac: Mac, act: &Act, now: Timestamp) -> Result<(), StoreError> {
    let sql = "UPDATE auth_codes SET voided_at = $1 WHERE mac = $2 AND redeemed_at IS NULL AND voided_at IS NULL
               RETURNING run, hash";
    for mut row in tx.rows(sql, values![now, mac]).await? {
        let run: RunId = row.next()?;
        let body = json!({ "code": row.next::<CodeHash>()?, "reason": act.reason });
        tx.audit(now, &act.actor, AuditKind::CodeVoided, run, body).await?;
    }
    Ok(())
}
