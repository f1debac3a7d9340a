//! Finds the batch that a command line names, and holds it against the recipe.

use firstpass_domain::Sha256Digest;
use firstpass_line::{WorkOrder, recipe::Recipe};
use firstpass_store::{BatchRecord, BatchState, Store};

use crate::exit::Failure;

/// Digits of a recipe's hash that tell it from others.
const HASH_SHOWN: usize = 12;

/// The batch of this name, or one to be opened. One that was closed stays so: the line would go on past what was ordered.
pub(crate) async fn named(
    store: &dyn Store,
    recipe: &Recipe,
    name: &str,
    quota: Option<u32>,
) -> Result<WorkOrder, Failure> {
    check_name(name)?;
    let Some(batch) = store.batch_by_name(name).await? else {
        return Ok(WorkOrder::Named { name: name.to_owned(), product: recipe.name.clone(), quantity: None, quota });
    };
    if batch.state == BatchState::Closed {
        return Err(closed(&batch));
    }
    if batch.batch.recipe != recipe.hash {
        return Err(other_recipe(&batch, recipe.hash));
    }
    match quota {
        Some(quota) if batch.batch.quota != Some(quota) => Err(other_quota(&batch)),
        Some(_) | None => Ok(WorkOrder::Existing(batch.id)),
    }
}

/// Name of the batch of a command that was given none. It goes on over restarts while recipe and images are the same.
pub(crate) fn own_name(command: &str, recipe: &Recipe) -> String {
    let hash = recipe.hash.to_string();
    format!("{command} {} {}", recipe.name, &hash[..HASH_SHOWN])
}

/// A name that people can read on one line.
pub(crate) fn check_name(name: &str) -> Result<(), Failure> {
    const NAME_MAX: usize = 128;
    if (1..=NAME_MAX).contains(&name.len()) && !name.chars().any(char::is_control) && name.trim() == name {
        return Ok(());
    }
    let why = format!("A name has 1 to {NAME_MAX} bytes, no control characters, and no space at either end.");
    Err(Failure::usage("batch_name", format!("{name:?} is no name of a batch."), why, "Choose another name."))
}

fn closed(batch: &BatchRecord) -> Failure {
    let name = &batch.batch.name;
    let reason = batch.reason.as_deref().unwrap_or("closed");
    let remedy = "Open one for further units with `station batch open`, and name that.";
    Failure::usage("batch_closed", format!("Batch {name:?} is closed."), format!("On record: {reason}."), remedy)
}

fn other_recipe(batch: &BatchRecord, hash: Sha256Digest) -> Failure {
    let name = &batch.batch.name;
    let why = format!("It was opened for the recipe with SHA-256 {}; this one has {hash}.", batch.batch.recipe);
    let remedy = "Work by the recipe and images that it was opened for, or close it and open another one.";
    Failure::usage("batch_other_recipe", format!("Batch {name:?} is for another recipe."), why, remedy)
}

fn other_quota(batch: &BatchRecord) -> Failure {
    let quota = batch.batch.quota.map_or("none".to_owned(), |quota| quota.to_string());
    let why = format!("Its quota on record is {quota}.");
    let what = format!("Batch {:?} is open with another quota.", batch.batch.name);
    Failure::usage("batch_other_quota", what, why, "Leave --quota out, or close the batch and open another one.")
}
