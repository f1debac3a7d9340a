//! Serial numbers: counted per prefix, never given twice.

use firstpass_domain::{AuditKind, Mac, RunId, SerialNumber, Timestamp};
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
    let serial = match held(tx, mac, prefix).await? {
        Some(serial) => serial,
        None => give_next(tx, mac, prefix).await?,
    };
    let sql = "UPDATE units SET serial = $1 WHERE mac = $2 AND (serial IS NULL OR serial <> $1)";
    if tx.execute(sql, values![serial.clone(), mac]).await? != 0 {
        let body = json!({ "serial": serial, "mac": mac });
        tx.audit(now, LINE, AuditKind::SerialAllocated, run, body).await?;
    }
    Ok(serial)
}

async fn give_next(tx: &mut Tx, mac: Mac, prefix: &str) -> Result<SerialNumber, StoreError> {
    let number = 1 + last(tx, prefix).await?;
    let serial = SerialNumber::new(format!("{prefix}{number:0DIGITS_MIN$}"));
    let serial = serial.map_err(|error| tx.conflict(format!("{prefix:?} makes no serial number: {error}")))?;
    if tx.row("SELECT mac FROM serials WHERE serial = $1", values![serial.clone()]).await?.is_some() {
        return Err(tx.conflict(format!("serial number {serial} was given to a unit under another prefix")));
    }
    tx.execute(
        "INSERT INTO serials (prefix, number, serial, mac) VALUES ($1, $2, $3, $4)",
        values![prefix, number, serial.clone(), mac],
    )
    .await?;
    Ok(serial)
}

/// What the unit was given of exactly this prefix. The text alone does not tell: `FP200000001` may be number 1 of `FP2`
/// or number 200 000 001 of `FP`.
async fn held(tx: &mut Tx, mac: Mac, prefix: &str) -> Result<Option<SerialNumber>, StoreError> {
    let sql = "SELECT serial FROM serials WHERE mac = $1 AND prefix = $2";
    tx.row(sql, values![mac, prefix]).await?.map(|mut row| row.next()).transpose()
}

/// The last number given of a prefix; 0 before the first.
async fn last(tx: &mut Tx, prefix: &str) -> Result<u32, StoreError> {
    tx.count("SELECT number FROM serials WHERE prefix = $1 ORDER BY number DESC LIMIT 1", values![prefix]).await
}
