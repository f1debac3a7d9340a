//! Places in a batch, so that no more units are made than were ordered.

use firstpass_domain::Mac;

use crate::{BatchId, StoreError, db::values, tx::Tx};

/// The units that have a place in the batch `$1`: a live session of the batch, an open run that was admitted and will get
/// one, or a passed run that issued none, because the unit kept what it had, or whose unit was given another by a repair.
/// A failed run has none of these and gives its place back, and so does a unit that is scrapped. One in quarantine keeps
/// its place: it may be released.
macro_rules! count_places {
    ($condition:literal) => {
        concat!(
            "SELECT COUNT(*) FROM (
               SELECT s.mac FROM runs r JOIN sessions s ON s.run = r.id
               WHERE r.batch = $1 AND s.revoked_at IS NULL
               UNION
               SELECT o.mac FROM runs o
               WHERE o.batch = $1 AND o.state = 'open' AND o.admitted = 1
               UNION
               SELECT p.mac FROM runs p JOIN units u ON u.mac = p.mac
               WHERE p.batch = $1 AND p.state = 'passed'
                 AND (u.hold IS NULL OR u.hold <> 'scrapped')
                 AND (NOT EXISTS (SELECT 1 FROM sessions i WHERE i.run = p.id)
                      OR EXISTS (SELECT 1 FROM sessions n JOIN runs f ON f.id = n.run
                                 WHERE n.mac = p.mac AND n.revoked_at IS NULL AND f.repair = 1))
             ) AS places ",
            $condition
        )
    };
}

/// Whether as many other units as the batch allows have a place in it; `mac` itself is not counted: a unit that runs
/// again takes no second place. Without a quota, the quantity that was ordered is the limit.
pub(crate) async fn is_reached(tx: &mut Tx, batch: BatchId, mac: Mac) -> Result<bool, StoreError> {
    let quota = tx.row("SELECT COALESCE(quota, quantity) FROM batches WHERE id = $1", values![batch]).await?;
    let Some(quota) = quota.map(|mut row| row.next::<Option<u32>>()).transpose()?.flatten() else { return Ok(false) };
    Ok(tx.count(count_places!("WHERE places.mac <> $2"), values![batch, mac]).await? >= quota)
}

/// How many units have a place in the batch.
pub(crate) async fn taken(tx: &mut Tx, batch: BatchId) -> Result<u32, StoreError> {
    tx.count(count_places!(""), values![batch]).await
}

/// How many of them are in quarantine.
pub(crate) async fn held(tx: &mut Tx, batch: BatchId) -> Result<u32, StoreError> {
    let sql = count_places!("JOIN units h ON h.mac = places.mac WHERE h.hold = 'quarantined'");
    tx.count(sql, values![batch]).await
}
