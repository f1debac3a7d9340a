//! How many units a batch is to make: changed by a person, with name and reason.

use firstpass_domain::{AuditKind, Timestamp};
use serde_json::json;

use super::{batches, quota};
use crate::{Act, BatchId, BatchSize, BatchState, StoreError, db::values, tx::Tx};

/// Whether anything is another number now.
pub(crate) async fn change(
    tx: &mut Tx,
    id: BatchId,
    size: &BatchSize,
    act: &Act,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let Some(record) = batches::by_id(tx, id).await? else { return Err(tx.conflict("the batch is not on record")) };
    let batch = record.batch;
    if record.state == BatchState::Closed {
        return Err(tx.conflict(format!("batch {} is closed for good", batch.name)));
    }
    check_room(tx, id, size).await?;
    let (quantity, quota) = (size.quantity.or(batch.quantity), size.quota.or(batch.quota));
    if (quantity, quota) == (batch.quantity, batch.quota) {
        return Ok(false);
    }
    tx.execute("UPDATE batches SET quantity = $1, quota = $2 WHERE id = $3", values![quantity, quota, id]).await?;
    let body = json!({ "name": batch.name, "quantity": quantity, "quota": quota, "reason": act.reason });
    tx.audit(now, &act.actor, AuditKind::BatchChanged, id.0, body).await?;
    Ok(true)
}

/// What is there already cannot be ordered away.
async fn check_room(tx: &mut Tx, id: BatchId, size: &BatchSize) -> Result<(), StoreError> {
    let taken = quota::taken(tx, id).await?;
    if size.quantity.into_iter().chain(size.quota).any(|number| number < taken) {
        return Err(tx.conflict(format!("{taken} units have a place in the batch already")));
    }
    Ok(())
}
