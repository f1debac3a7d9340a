//! Claims: one claim code to one unit.

use firstpass_domain::{AuditKind, Mac, Sha256Digest, Timestamp};
use serde_json::json;

use super::UNIT;
use crate::{ClaimError, StoreError, db::values, tx::Tx};

/// The same claim code for the same unit again is no error: a unit that missed the answer repeats its request.
pub(crate) async fn bind(
    tx: &mut Tx,
    token: Sha256Digest,
    claim: Sha256Digest,
    now: Timestamp,
) -> Result<(), ClaimError> {
    let mac = unit_of(tx, token).await?.ok_or(ClaimError::UnknownToken)?;
    let bound = tx.row("SELECT claim FROM claims WHERE mac = $1", values![mac]).await?;
    if let Some(mut row) = bound {
        return if row.next::<Sha256Digest>()? == claim { Ok(()) } else { Err(ClaimError::AlreadyClaimed) };
    }
    if tx.row("SELECT mac FROM claims WHERE claim = $1", values![claim]).await?.is_some() {
        return Err(ClaimError::ClaimUsed);
    }
    let sql = "INSERT INTO claims (claim, mac, bound_at) VALUES ($1, $2, $3)";
    tx.execute(sql, values![claim, mac, now]).await?;
    Ok(tx.audit(now, UNIT, AuditKind::ClaimBound, mac, json!({ "claim": claim })).await?)
}

async fn unit_of(tx: &mut Tx, token: Sha256Digest) -> Result<Option<Mac>, StoreError> {
    // Neither a revoked session nor one whose certificate is revoked speaks for its unit, nor does a scrapped unit.
    let sql = "SELECT s.mac FROM sessions s JOIN units u ON u.mac = s.mac
               LEFT JOIN certificates c ON c.fingerprint = s.certificate
               WHERE s.token = $1 AND s.revoked_at IS NULL AND c.revoked_at IS NULL
                 AND (u.hold IS NULL OR u.hold <> 'scrapped')";
    tx.row(sql, values![token]).await?.map(|mut row| row.next()).transpose()
}
