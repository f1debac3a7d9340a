//! Batches (work orders): opened, looked up, paused and closed.

use firstpass_domain::{AuditKind, StationId, Timestamp};
use serde_json::json;
use uuid::Uuid;

use super::LINE;
use crate::{
    Act, BatchChange, BatchId, BatchRecord, BatchSearch, BatchState, NewBatch, StoreError,
    db::{Row, values},
    tx::Tx,
};

/// By the line itself.
pub(crate) async fn open(tx: &mut Tx, batch: &NewBatch, now: Timestamp) -> Result<BatchId, StoreError> {
    order(tx, batch, &Act { actor: LINE.to_owned(), reason: String::new() }, now).await
}

/// By whoever acts.
pub(crate) async fn order(tx: &mut Tx, batch: &NewBatch, act: &Act, now: Timestamp) -> Result<BatchId, StoreError> {
    if tx.row("SELECT name FROM recipes WHERE hash = $1", values![batch.recipe]).await?.is_none() {
        return Err(tx.conflict("its recipe is not on record"));
    }
    let taken = "SELECT id FROM batches WHERE name = $1 AND state <> 'closed'";
    if tx.row(taken, values![&batch.name]).await?.is_some() {
        return Err(tx.conflict(format!("batch {} is not closed", batch.name)));
    }
    let id = BatchId(Uuid::new_v4());
    tx.execute(
        "INSERT INTO batches (id, name, product, recipe, quantity, quota, opened_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        values![id, &batch.name, &batch.product, batch.recipe, batch.quantity, batch.quota, now],
    )
    .await?;
    let mut body = json!({
        "name": batch.name, "product": batch.product, "recipe": batch.recipe, "quantity": batch.quantity,
        "quota": batch.quota,
    });
    if !act.reason.is_empty() {
        body["reason"] = json!(act.reason);
    }
    tx.audit(now, &act.actor, AuditKind::BatchOpened, id.0, body).await?;
    Ok(id)
}

macro_rules! select_batches {
    ($condition:literal) => {
        concat!(
            "SELECT id, name, product, recipe, quantity, quota, state, state_reason, opened_at, closed_at, waits_for FROM batches ",
            $condition
        )
    };
}

pub(crate) async fn by_id(tx: &mut Tx, id: BatchId) -> Result<Option<BatchRecord>, StoreError> {
    tx.row(select_batches!("WHERE id = $1"), values![id]).await?.map(|mut row| read(&mut row)).transpose()
}

pub(crate) async fn by_name(tx: &mut Tx, name: &str) -> Result<Option<BatchRecord>, StoreError> {
    let sql = select_batches!("WHERE name = $1 ORDER BY opened_at DESC, id DESC LIMIT 1");
    tx.row(sql, values![name]).await?.map(|mut row| read(&mut row)).transpose()
}

pub(crate) async fn newest(tx: &mut Tx, limit: u32) -> Result<Vec<BatchRecord>, StoreError> {
    let sql = select_batches!("ORDER BY opened_at DESC, id DESC LIMIT $1");
    tx.rows(sql, values![limit]).await?.iter_mut().map(read).collect()
}

/// Batches read at a time while looking for some that fit.
const SEARCHED: u32 = 256;

/// Looks at one batch after the other: there are hundreds of them, and both databases fold case in their own way.
pub(crate) async fn page(tx: &mut Tx, search: &BatchSearch) -> Result<Vec<BatchRecord>, StoreError> {
    let text = search.text.trim().to_lowercase();
    let fits = |record: &BatchRecord| {
        let holds = |name: &str| name.to_lowercase().contains(&text);
        search.state.is_none_or(|state| state == record.state)
            && (holds(&record.batch.name) || holds(&record.batch.product))
    };
    let mut found = Vec::new();
    let mut before = match search.before {
        Some(id) => by_id(tx, id).await?,
        None => None,
    };
    if search.before.is_some() && before.is_none() {
        return Ok(found);
    }
    while found.len() < search.limit as usize {
        let read = before_batch(tx, before.as_ref()).await?;
        let Some(last) = read.last() else { break };
        before = Some(last.clone());
        found.extend(read.into_iter().filter(fits));
    }
    found.truncate(search.limit as usize);
    Ok(found)
}

async fn before_batch(tx: &mut Tx, before: Option<&BatchRecord>) -> Result<Vec<BatchRecord>, StoreError> {
    let Some(before) = before else { return newest(tx, SEARCHED).await };
    let sql = select_batches!("WHERE (opened_at, id) < ($1, $2) ORDER BY opened_at DESC, id DESC LIMIT $3");
    tx.rows(sql, values![before.opened, before.id, SEARCHED]).await?.iter_mut().map(read).collect()
}

fn read(row: &mut Row) -> Result<BatchRecord, StoreError> {
    let id = row.next()?;
    let (name, product, recipe) = (row.next()?, row.next()?, row.next()?);
    let batch = NewBatch { name, product, recipe, quantity: row.next()?, quota: row.next()? };
    let state: String = row.next()?;
    let state = BatchState::ALL.into_iter().find(|known| known.name() == state);
    let state = state.ok_or_else(|| row.damaged("a batch is in an unknown state"))?;
    let (reason, opened, closed) = (row.next()?, row.next()?, row.next()?);
    Ok(BatchRecord { id, batch, state, reason, opened, closed, waits_for: row.next()? })
}

pub(crate) async fn set_state(
    tx: &mut Tx,
    id: BatchId,
    state: BatchState,
    act: &Act,
    now: Timestamp,
) -> Result<BatchChange, StoreError> {
    let Some(batch) = by_id(tx, id).await? else { return Err(tx.conflict("the batch is not on record")) };
    // A pause that waits gives way to one that does not, and never the other way round.
    if batch.state == state && (state != BatchState::Paused || batch.waits_for.is_none()) {
        return Ok(BatchChange::Unchanged);
    }
    change(tx, batch, state, None, act, now).await
}

/// Pauses an open batch until this station's provisioning service is here again; a pause that stands is left alone.
pub(crate) async fn wait(tx: &mut Tx, id: BatchId, act: &Act, now: Timestamp) -> Result<BatchChange, StoreError> {
    let Some(batch) = by_id(tx, id).await? else { return Err(tx.conflict("the batch is not on record")) };
    if batch.state == BatchState::Paused {
        return Ok(BatchChange::Unchanged);
    }
    let station = tx.station().clone();
    change(tx, batch, BatchState::Paused, Some(station), act, now).await
}

/// Ends the pause that waits for this station's service; every other one is left alone.
pub(crate) async fn end_wait(tx: &mut Tx, id: BatchId, act: &Act, now: Timestamp) -> Result<BatchChange, StoreError> {
    match by_id(tx, id).await? {
        Some(batch) if batch.waits_for.as_ref() == Some(tx.station()) => {
            change(tx, batch, BatchState::Open, None, act, now).await
        }
        Some(_) => Ok(BatchChange::Unchanged),
        None => Err(tx.conflict("the batch is not on record")),
    }
}

/// Ends every pause that an earlier life of this station has left waiting.
pub(crate) async fn end_left_waits(tx: &mut Tx, now: Timestamp) -> Result<(), StoreError> {
    let station = tx.station().clone();
    let act = Act { actor: LINE.to_owned(), reason: format!("station {station} has started again") };
    for mut row in tx.rows("SELECT id FROM batches WHERE waits_for = $1", values![station]).await? {
        end_wait(tx, row.next()?, &act, now).await?;
    }
    Ok(())
}

async fn change(
    tx: &mut Tx,
    batch: BatchRecord,
    state: BatchState,
    waits_for: Option<StationId>,
    act: &Act,
    now: Timestamp,
) -> Result<BatchChange, StoreError> {
    let kind = match (batch.state, state) {
        (BatchState::Closed, _) => return Err(tx.conflict(format!("batch {} is closed for good", batch.batch.name))),
        (_, BatchState::Open) => AuditKind::BatchResumed,
        (_, BatchState::Paused) => AuditKind::BatchPaused,
        (_, BatchState::Closed) => AuditKind::BatchClosed,
    };
    let closed = (state == BatchState::Closed).then_some(now);
    tx.execute(
        "UPDATE batches SET state = $1, state_reason = $2, closed_at = $3, waits_for = $4 WHERE id = $5",
        values![state.name(), &act.reason, closed, waits_for, batch.id],
    )
    .await?;
    let body = json!({ "name": batch.batch.name, "reason": act.reason });
    tx.audit(now, &act.actor, kind, batch.id.0, body).await?;
    Ok(BatchChange::Changed { from: batch.state })
}

/// Whether the batch takes a further run.
pub(crate) async fn check_open(tx: &mut Tx, id: BatchId) -> Result<(), StoreError> {
    let Some(batch) = by_id(tx, id).await? else { return Err(tx.conflict("its batch is not on record")) };
    match batch.state {
        BatchState::Open => Ok(()),
        BatchState::Paused | BatchState::Closed => Err(tx.batch_not_open(batch)),
    }
}
