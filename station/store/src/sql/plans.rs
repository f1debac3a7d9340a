//! What people have told the slots of a station: what they work on, and which port they have.

use firstpass_domain::{AuditKind, Mac, SlotId, Timestamp};
use serde_json::json;

use super::{batches, golden};
use crate::{
    Act, BatchId, BatchState, SlotMove, SlotPlan, StoreError,
    db::{Row, values},
    tx::Tx,
};

pub(crate) async fn all(tx: &mut Tx) -> Result<Vec<SlotPlan>, StoreError> {
    let sql = "SELECT slot, port, batch, stopped FROM slot_plans WHERE station = $1 ORDER BY slot";
    let values = values![tx.station().clone()];
    let mut rows = tx.rows(sql, values).await?;
    let read = |row: &mut Row| {
        let (slot, port, batch) = (row.next()?, row.next()?, row.next()?);
        Ok(SlotPlan { slot, port, batch, stopped: row.next()? })
    };
    rows.iter_mut().map(read).collect()
}

pub(crate) async fn start(
    tx: &mut Tx,
    batch: BatchId,
    slots: &[SlotId],
    act: &Act,
    now: Timestamp,
) -> Result<(), StoreError> {
    let Some(found) = batches::by_id(tx, batch).await? else { return Err(tx.conflict("the batch is not on record")) };
    match found.state {
        BatchState::Open | BatchState::Paused => {}
        BatchState::Closed => return Err(tx.batch_not_open(found)),
    }
    for slot in slots {
        set_batch(tx, slot, Some(batch), now).await?;
        let body = json!({ "batch": batch.0.to_string(), "name": found.batch.name, "reason": act.reason });
        tx.audit(now, &act.actor, AuditKind::SlotStarted, slot, body).await?;
    }
    Ok(())
}

pub(crate) async fn stop(
    tx: &mut Tx,
    slot: &SlotId,
    at_once: bool,
    act: &Act,
    now: Timestamp,
) -> Result<(), StoreError> {
    set_batch(tx, slot, None, now).await?;
    let body = json!({ "at_once": at_once, "reason": act.reason });
    tx.audit(now, &act.actor, AuditKind::SlotStopped, slot, body).await
}

pub(crate) async fn note_retry(
    tx: &mut Tx,
    slot: &SlotId,
    mac: Option<Mac>,
    act: &Act,
    now: Timestamp,
) -> Result<(), StoreError> {
    let subject = mac.map_or_else(|| slot.to_string(), |mac| mac.to_string());
    let body = json!({ "slot": slot, "reason": act.reason });
    tx.audit(now, &act.actor, AuditKind::UnitRetried, subject, body).await
}

pub(crate) async fn note_question(tx: &mut Tx, slot: &SlotId, act: &Act, now: Timestamp) -> Result<(), StoreError> {
    tx.audit(now, &act.actor, AuditKind::SlotAsked, slot, json!({ "reason": act.reason })).await
}

pub(crate) async fn map(tx: &mut Tx, moves: &[SlotMove], act: &Act, now: Timestamp) -> Result<(), StoreError> {
    for SlotMove { slot, from, to } in moves {
        let station = started(tx).await?;
        tx.execute(
            "INSERT INTO slot_plans (station, slot, port, changed_at) VALUES ($1, $2, $3, $4)
             ON CONFLICT (station, slot) DO UPDATE SET port = $3, changed_at = $4",
            values![station, slot.clone(), to, now],
        )
        .await?;
        golden::void_of_slot(tx, slot).await?;
        let body = json!({ "from": from, "to": to, "reason": act.reason });
        tx.audit(now, &act.actor, AuditKind::SlotMapped, slot, body).await?;
    }
    Ok(())
}

async fn set_batch(tx: &mut Tx, slot: &SlotId, batch: Option<BatchId>, now: Timestamp) -> Result<(), StoreError> {
    let station = started(tx).await?;
    tx.execute(
        "INSERT INTO slot_plans (station, slot, batch, stopped, changed_at) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (station, slot) DO UPDATE SET batch = $3, stopped = $4, changed_at = $5",
        values![station, slot.clone(), batch, batch.is_none(), now],
    )
    .await?;
    Ok(())
}

/// The station that writes, which must have been started.
pub(super) async fn started(tx: &mut Tx) -> Result<firstpass_domain::StationId, StoreError> {
    let station = tx.station().clone();
    match tx.row("SELECT name FROM stations WHERE name = $1", values![station.clone()]).await? {
        Some(_) => Ok(station),
        None => Err(tx.conflict("the station has not been started")),
    }
}
