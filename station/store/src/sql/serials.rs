//! Serial numbers: counted per prefix, never given twice.

use firstpass_domain::{AuditKind, RunId, SerialNumber, Timestamp};
use serde_json::json;

use super::{LINE, runs};
use crate::{StoreError, db::values, tx::Tx};

/// Least digits of the number in a serial.
const DIGITS_MIN: usize = 8;

pub(crate) async fn allocate(
    tx: &mut Tx,
    run: RunId,
    prefix: &str,
    now: Timestamp,
) -> Result<SerialNumber, StoreError> {
    let (mac, _) = runs::admitted(tx, run).await?;
    let held = tx.row("SELECT serial FROM units WHERE mac = $1", values![mac]).await?;
    let held: Option<SerialNumber> = held.map(|mut row| row.next()).transpose()?.flatten();
    if let Some(serial) = held.filter(|serial| has_prefix(serial, prefix)) {
        return Ok(serial);
    }
    let number = next(tx, prefix).await?;
    let serial = SerialNumber::new(format!("{prefix}{number:0DIGITS_MIN$}"));
    let serial = serial.map_err(|error| tx.conflict(format!("{prefix:?} makes no serial number: {error}")))?;
    tx.execute("UPDATE units SET serial = $1 WHERE mac = $2", values![serial.clone(), mac]).await?;
    let body = json!({ "serial": serial, "mac": mac });
    tx.audit(now, LINE, AuditKind::SerialAllocated, run, body).await?;
    Ok(serial)
}

async fn next(tx: &mut Tx, prefix: &str) -> Result<u32, StoreError> {
    tx.count(
        "INSERT INTO serial_counters (prefix, next) VALUES ($1, 2)
         ON CONFLICT (prefix) DO UPDATE SET next = serial_counters.next + 1 RETURNING next - 1",
        values![prefix],
    )
    .await
}

/// Prefix `A` is not the prefix of `AB00000001`.
fn has_prefix(serial: &SerialNumber, prefix: &str) -> bool {
    let number = serial.as_str().strip_prefix(prefix);
    number.is_some_and(|number| number.len() >= DIGITS_MIN && number.bytes().all(|byte| byte.is_ascii_digit()))
}
