//! What a message tells, read from the record when the message is made.

use firstpass_domain::{Diagnosis, Policy, RunId};
use uuid::Uuid;

use super::{batches, units};
use crate::{BatchFacts, BatchId, BatchRecord, EventFacts, RunFacts, StoreError, WebhookEvent, db::values, tx::Tx};

/// `None` when it is not to be told: a repair says nothing of its unit, and its batch is nobody's order.
pub(crate) async fn of(tx: &mut Tx, event: WebhookEvent, subject: &str) -> Result<Option<EventFacts>, StoreError> {
    match event {
        WebhookEvent::UnitPassed | WebhookEvent::UnitFailed => of_run(tx, subject).await,
        WebhookEvent::BatchClosed => {
            let id = Uuid::parse_str(subject).map_err(|_| tx.damaged("a batch in the audit log has no id"))?;
            if is_of_repairs(tx, BatchId(id)).await? {
                return Ok(None);
            }
            Ok(Some(EventFacts::Batch(of_batch(tx, BatchId(id)).await?)))
        }
    }
}

/// Golden units' checks are repairs too: their recipes say so.
async fn is_of_repairs(tx: &mut Tx, batch: BatchId) -> Result<bool, StoreError> {
    let sql = "SELECT c.policy FROM batches b JOIN recipes c ON c.hash = b.recipe WHERE b.id = $1";
    let row = tx.row(sql, values![batch]).await?;
    let mut row = row.ok_or_else(|| tx.damaged("a batch in the audit log is not on record"))?;
    Ok(row.json::<Policy>()?.repair)
}

async fn of_run(tx: &mut Tx, subject: &str) -> Result<Option<EventFacts>, StoreError> {
    let run: RunId = subject.parse().map_err(|_| tx.damaged("a run in the audit log has no id"))?;
    let sql = "SELECT r.repair, r.batch, r.slot, r.mac, u.serial, u.hold, u.standing, r.attempt, r.admitted, c.name,
                      r.recipe, r.began_at, r.ended_at, r.diagnosis
               FROM runs r JOIN recipes c ON c.hash = r.recipe LEFT JOIN units u ON u.mac = r.mac WHERE r.id = $1";
    let row = tx.row(sql, values![run]).await?;
    let mut row = row.ok_or_else(|| tx.damaged("a run in the audit log is not on record"))?;
    if row.next::<bool>()? {
        return Ok(None);
    }
    // It may have been closed since: that is told by itself.
    let batch = BatchFacts { reason: None, ..of_batch(tx, row.next()?).await? };
    let (slot, mac, serial) = (row.next()?, row.next()?, row.next()?);
    let standing = units::standing(&mut row)?.map(|standing| standing.name().to_owned());
    let (attempt, admitted, recipe_name, recipe) = (row.next()?, row.next()?, row.next()?, row.next()?);
    let (began, ended, diagnosis) = (row.next()?, row.next()?, row.optional_json::<Diagnosis>()?);
    let facts = RunFacts {
        run,
        slot,
        mac,
        serial,
        standing,
        attempt,
        admitted,
        recipe_name,
        recipe,
        batch,
        began,
        ended,
        diagnosis,
    };
    Ok(Some(EventFacts::Run(Box::new(facts))))
}

async fn of_batch(tx: &mut Tx, id: BatchId) -> Result<BatchFacts, StoreError> {
    let batch = batches::by_id(tx, id).await?;
    let BatchRecord { batch, reason, .. } = batch.ok_or_else(|| tx.damaged("a batch is not on record"))?;
    Ok(BatchFacts { id: id.0, name: batch.name, product: batch.product, quantity: batch.quantity, reason })
}
