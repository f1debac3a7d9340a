//! What a station has learnt about its slots.

use firstpass_domain::{AuditKind, SlotId, Timestamp};
use serde_json::json;

use super::LINE;
use crate::{StoreError, db::values, tx::Tx};

pub(crate) async fn baud(tx: &mut Tx, slot: &SlotId) -> Result<Option<u32>, StoreError> {
    let sql = "SELECT baud FROM slot_bauds WHERE station = $1 AND slot = $2";
    let values = values![tx.station().clone(), slot.clone()];
    tx.row(sql, values).await?.map(|mut row| row.next()).transpose()
}

pub(crate) async fn remember_baud(tx: &mut Tx, slot: &SlotId, to: u32, now: Timestamp) -> Result<(), StoreError> {
    let from = baud(tx, slot).await?;
    if from == Some(to) {
        return Ok(());
    }
    let station = tx.station().clone();
    if tx.row("SELECT name FROM stations WHERE name = $1", values![station.clone()]).await?.is_none() {
        return Err(tx.conflict("the station has not been started"));
    }
    tx.execute(
        "INSERT INTO slot_bauds (station, slot, baud, noted_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (station, slot) DO UPDATE SET baud = $3, noted_at = $4",
        values![station, slot.clone(), to, now],
    )
    .await?;
    tx.audit(now, LINE, AuditKind::SlotBaudNoted, slot, json!({ "from": from, "to": to })).await
}
