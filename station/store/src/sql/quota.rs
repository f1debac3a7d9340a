//! Places in a batch, so that no more units are made than were ordered. Which units have one, the view `batch_units_now`
//! says; the record keeps count, because every unit asks.

use firstpass_domain::Mac;

use crate::{BatchId, StoreError, db::values, tx::Tx};

/// Whether as many other units as the batch allows have a place in it; `mac` itself is not counted: a unit that runs
/// again takes no second place. Without a quota, the quantity that was ordered is the limit.
pub(crate) async fn is_reached(tx: &mut Tx, batch: BatchId, mac: Mac) -> Result<bool, StoreError> {
    let quota = tx.row("SELECT COALESCE(quota, quantity) FROM batches WHERE id = $1", values![batch]).await?;
    let Some(quota) = quota.map(|mut row| row.next::<Option<u32>>()).transpose()?.flatten() else { return Ok(false) };
    let own = "SELECT places FROM batch_units WHERE batch = $1 AND mac = $2";
    let own = tx.count(own, values![batch, mac]).await?;
    Ok(taken(tx, batch).await? - own >= quota)
}

/// How many units have a place in the batch.
pub(crate) async fn taken(tx: &mut Tx, batch: BatchId) -> Result<u32, StoreError> {
    tx.count("SELECT places FROM batch_counts WHERE batch = $1", values![batch]).await
}
