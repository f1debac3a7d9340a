//! Which batch the runs count for: one that is on record, or a new one.

use firstpass_domain::{Sha256Digest, Timestamp};
use firstpass_store::{BatchId, BatchRecord, BatchState, NewBatch, Store};

use crate::StationError;

/// Which batch (work order) is worked on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WorkOrder {
    /// One that is on record.
    Existing(BatchId),
    /// The batch of this name that is not closed; when there is none, a new one.
    Named {
        /// Name of the work order.
        name: String,
        /// Product that it is for; a batch of that name for another product is refused. When empty, any is taken.
        product: String,
        /// Passes that it wants; `None` is no limit. What is given must be what an existing batch says.
        quantity: Option<u32>,
        /// Most sessions that it may issue; `None` is no limit. What is given must be what an existing batch says.
        quota: Option<u32>,
    },
}

impl WorkOrder {
    /// The batch of this name, for no product in particular and without a quantity.
    pub fn named(name: &str, quota: Option<u32>) -> Self {
        Self::Named { name: name.to_owned(), product: String::new(), quantity: None, quota }
    }

    /// Finds the batch, or opens it.
    pub(crate) async fn open(
        &self,
        store: &dyn Store,
        recipe: Sha256Digest,
        now: Timestamp,
    ) -> Result<BatchRecord, StationError> {
        let id = match self {
            Self::Existing(id) => *id,
            Self::Named { name, product, quantity, quota } => {
                let newest = store.batch_by_name(name).await?;
                match newest.filter(|batch| batch.state != BatchState::Closed) {
                    Some(batch) => {
                        fits(&batch.batch, product, *quantity, *quota)?;
                        return Ok(batch);
                    }
                    None => {
                        let (name, product) = (name.clone(), product.clone());
                        let new_batch = NewBatch { name, product, recipe, quantity: *quantity, quota: *quota };
                        store.open_batch(&new_batch, now).await?
                    }
                }
            }
        };
        store.batch(id).await?.ok_or_else(|| refused(&id.0.to_string(), "it is not on record".to_owned()))
    }
}

/// A work order is not changed by the way.
fn fits(batch: &NewBatch, product: &str, quantity: Option<u32>, quota: Option<u32>) -> Result<(), StationError> {
    if !product.is_empty() && batch.product != product {
        return Err(refused(&batch.name, format!("it is for {}, not for {product}", batch.product)));
    }
    for (what, wanted, stands) in [("quantity", quantity, batch.quantity), ("quota", quota, batch.quota)] {
        if wanted.is_some() && wanted != stands {
            let stands = stands.map_or("none".to_owned(), |number| number.to_string());
            return Err(refused(&batch.name, format!("its {what} on record is {stands}")));
        }
    }
    Ok(())
}

fn refused(batch: &str, why: String) -> StationError {
    StationError::Batch { batch: batch.to_owned(), why }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_work_order_is_taken_again_only_as_it_stands() {
        let recipe = Sha256Digest::new([0; 32]);
        let batch = NewBatch { name: "W7".into(), product: "lamp".into(), recipe, quantity: Some(5), quota: None };
        assert!(fits(&batch, "lamp", None, None).is_ok());
        assert!(fits(&batch, "lamp", Some(5), None).is_ok());
        assert!(fits(&batch, "lamp", Some(6), None).is_err());
        assert!(fits(&batch, "lamp", None, Some(5)).is_err());
        assert!(fits(&batch, "plug", None, None).is_err());
    }
}
