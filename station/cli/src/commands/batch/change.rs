//! `station batch change`: another quantity or quota for a batch that is not closed, with who and why on record.

use firstpass_store::{BatchSize, Store, StoreError};
use serde::Serialize;

use super::{BatchView, check_not_closed, find};
use crate::{
    args::BatchChangeArgs,
    data::DataFolder,
    exit::{Exit, Failure},
    output::Output,
    station::now,
};

/// Changes the batch.
pub(super) async fn run(data: &DataFolder, args: &BatchChangeArgs, output: Output) -> Result<Exit, Failure> {
    let act = args.act.checked()?;
    let store = data.open_record().await?;
    let batch = find(&store, &args.name).await?;
    check_not_closed(&batch)?;
    let size = BatchSize { quantity: args.quantity, quota: args.quota };
    let changed = store.change_batch(batch.id, &size, &act, now()).await.map_err(refused)?;
    let batch = find(&store, &args.name).await?;
    store.close().await;
    #[derive(Serialize)]
    struct View<'a> {
        event: &'static str,
        /// `false` when both numbers were so before.
        changed: bool,
        #[serde(flatten)]
        batch: BatchView<'a>,
    }
    let view = View { event: "batch_changed", changed, batch: BatchView::of(&batch) };
    output.say(&view, || {
        let or_none = |number: Option<u32>| number.map_or("none".to_owned(), |number| number.to_string());
        let (quantity, quota) = (or_none(view.batch.quantity), or_none(view.batch.quota));
        format!("batch {:?} is {}: quantity {quantity}, quota {quota}", view.batch.name, view.batch.state)
    });
    Ok(Exit::Done)
}

/// Less than what is there already cannot be ordered.
fn refused(error: StoreError) -> Failure {
    match error {
        StoreError::Conflict { conflict, .. } => {
            let remedy = "Scrap units that will not be delivered, or name a number that has room for them.";
            Failure::usage("batch_too_small", "The batch cannot be changed so.", format!("{conflict}."), remedy)
        }
        other => other.into(),
    }
}
