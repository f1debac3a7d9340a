//! Serial numbers: counted per pattern, never given twice, each with its unit and its fate.

use firstpass_domain::{AuditKind, Mac, RunId, SerialNumber, SerialPattern, Timestamp};
use serde_json::json;

use super::{LINE, runs};
use crate::{
    SerialFate, SerialRecord, Standing, StoreError,
    db::{Row, values},
    tx::Tx,
};

/// Numbers in a row that are passed over because another pattern has made the same text before.
const SKIPPED_MAX: u32 = 1000;

pub(crate) async fn allocate(
    tx: &mut Tx,
    run: RunId,
    pattern: &SerialPattern,
    now: Timestamp,
) -> Result<SerialNumber, StoreError> {
    let (mac, _) = runs::admitted(tx, run).await?;
    let serial = match held(tx, mac, pattern).await? {
        Some(serial) => serial,
        None => give_next(tx, mac, pattern, now).await?,
    };
    let sql = "UPDATE units SET serial = $1 WHERE mac = $2 AND (serial IS NULL OR serial <> $1)";
    if tx.execute(sql, values![serial.clone(), mac]).await? != 0 {
        let body = json!({ "serial": serial, "mac": mac });
        tx.audit(now, LINE, AuditKind::SerialAllocated, run, body).await?;
    }
    Ok(serial)
}

async fn give_next(tx: &mut Tx, mac: Mac, pattern: &SerialPattern, now: Timestamp) -> Result<SerialNumber, StoreError> {
    let (number, serial) = next_free(tx, pattern, now).await?;
    tx.execute(
        "INSERT INTO serials (prefix, number, serial, mac, allocated_at) VALUES ($1, $2, $3, $4, $5)",
        values![pattern.counter(), number, serial.clone(), mac, now],
    )
    .await?;
    Ok(serial)
}

/// The next number of the pattern's counter whose text no other pattern has made.
async fn next_free(tx: &mut Tx, pattern: &SerialPattern, now: Timestamp) -> Result<(i64, SerialNumber), StoreError> {
    let last = last(tx, pattern).await?;
    for number in (last + 1..).take(SKIPPED_MAX as usize) {
        let serial = u64::try_from(number).ok().and_then(|number| pattern.serial(number, now));
        let serial = serial.ok_or_else(|| tx.conflict(format!("the numbers of {pattern} are used up")))?;
        if tx.row("SELECT mac FROM serials WHERE serial = $1", values![serial.clone()]).await?.is_none() {
            return Ok((number, serial));
        }
    }
    Err(tx.conflict(format!("the next {SKIPPED_MAX} serial numbers of {pattern} were given under other patterns")))
}

/// What the unit was given of exactly this pattern. The text alone does not tell: `FP200000001` may be number 1 of
/// `FP2{number:08}` or number 200 000 001 of `FP{number:08}`.
async fn held(tx: &mut Tx, mac: Mac, pattern: &SerialPattern) -> Result<Option<SerialNumber>, StoreError> {
    let sql = "SELECT serial FROM serials WHERE mac = $1 AND prefix = $2";
    tx.row(sql, values![mac, pattern.counter()]).await?.map(|mut row| row.next()).transpose()
}

/// The last number given of a pattern; 0 before the first.
async fn last(tx: &mut Tx, pattern: &SerialPattern) -> Result<i64, StoreError> {
    let sql = "SELECT number FROM serials WHERE prefix = $1 ORDER BY number DESC LIMIT 1";
    Ok(tx.row(sql, values![pattern.counter()]).await?.map(|mut row| row.next()).transpose()?.unwrap_or(0))
}

/// Serial numbers after `after` in the order of their text, each with what became of its unit.
pub(crate) async fn list(
    tx: &mut Tx,
    after: Option<&SerialNumber>,
    limit: u32,
) -> Result<Vec<SerialRecord>, StoreError> {
    let after = after.map_or("", SerialNumber::as_str);
    // A record of an older version knows the time of none that its log does not tell.
    let sql = "SELECT s.serial, s.mac, COALESCE(s.allocated_at, u.first_seen_at),
                      CAST(CASE WHEN u.serial = s.serial THEN 1 ELSE 0 END AS BIGINT),
                      u.hold, u.standing,
                      CAST(CASE WHEN EXISTS (SELECT 1 FROM runs r WHERE r.mac = s.mac AND r.state = 'open'
                                             AND r.admitted = 1) THEN 1 ELSE 0 END AS BIGINT)
               FROM serials s JOIN units u ON u.mac = s.mac
               WHERE s.serial > $1 ORDER BY s.serial LIMIT $2";
    tx.rows(sql, values![after, limit]).await?.iter_mut().map(read).collect()
}

fn read(row: &mut Row) -> Result<SerialRecord, StoreError> {
    let (serial, mac, allocated, is_borne) = (row.next()?, row.next()?, row.next()?, row.next()?);
    let standing = super::units::standing(row)?;
    let is_in_work: bool = row.next()?;
    let fate = match standing {
        _ if is_in_work => SerialFate::InWork,
        Some(Standing::Passed) => SerialFate::Passed,
        Some(Standing::Failed) => SerialFate::Failed,
        Some(Standing::Quarantined) => SerialFate::Quarantined,
        Some(Standing::Scrapped) => SerialFate::Scrapped,
        // Admitted, and not tried to the end yet.
        None => SerialFate::InWork,
    };
    Ok(SerialRecord { serial, mac, allocated, is_borne, fate })
}
