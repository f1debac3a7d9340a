//! Places in a batch, so that no more units are made than were ordered.

use firstpass_domain::Mac;

use crate::{BatchId, StoreError, db::values, tx::Tx};

/// Whether as many other units as the batch allows have a place in it: a live session of the batch, an open run that was
/// admitted and will get one, or a passed run that issued none, because the unit kept what it had. `mac` itself is not
/// counted: a unit that runs again takes no second place. Failed runs have none of these and give their place back, and
/// so do units that are scrapped. Without a quota, the quantity that was ordered is the limit.
pub(crate) async fn is_reached(tx: &mut Tx, batch: BatchId, mac: Mac) -> Result<bool, StoreError> {
    let quota = tx.row("SELECT COALESCE(quota, quantity) FROM batches WHERE id = $1", values![batch]).await?;
    let Some(quota) = quota.map(|mut row| row.next::<Option<u32>>()).transpose()?.flatten() else { return Ok(false) };
    let taken = "SELECT COUNT(*) FROM (
                   SELECT s.mac FROM runs r JOIN sessions s ON s.run = r.id
                   WHERE r.batch = $1 AND s.revoked_at IS NULL AND s.mac <> $2
                   UNION
                   SELECT o.mac FROM runs o
                   WHERE o.batch = $1 AND o.state = 'open' AND o.admitted = 1 AND o.mac <> $2
                   UNION
                   SELECT p.mac FROM runs p JOIN units u ON u.mac = p.mac
                   WHERE p.batch = $1 AND p.state = 'passed' AND p.mac <> $2
                     AND (u.hold IS NULL OR u.hold <> 'scrapped')
                     AND NOT EXISTS (SELECT 1 FROM sessions i WHERE i.run = p.id)
                 ) AS places";
    Ok(tx.count(taken, values![batch, mac]).await? >= quota)
}
