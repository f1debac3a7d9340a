//! `station batch open`: notes the recipe and opens a batch for it. Makes the record when there is none yet.

use firstpass_line::recipe::Recipe;
use firstpass_store::{BatchState, NewBatch, SqliteStore, Store};
use serde::Serialize;

use super::BatchView;
use crate::{
    args::BatchOpenArgs,
    data::DataFolder,
    exit::{Exit, Failure},
    output::Output,
    secrets,
    station::now,
    work_order,
};

/// Opens the batch.
pub(super) async fn run(data: &DataFolder, args: &BatchOpenArgs, output: Output) -> Result<Exit, Failure> {
    work_order::check_name(&args.name)?;
    let recipe = Recipe::load(&args.recipe)?;
    secrets::warn(output, secrets::of_recipe(&recipe));
    let store = data.make_record().await?;
    check_free(&store, &args.name).await?;
    store.use_recipe(&recipe.record(), &recipe.images, now()).await?;
    let batch = NewBatch {
        name: args.name.clone(),
        product: args.product.clone().unwrap_or_else(|| recipe.name.clone()),
        recipe: recipe.hash,
        quantity: args.quantity,
        quota: args.quota,
    };
    store.open_batch(&batch, now()).await?;
    let opened = super::find(&store, &args.name).await?;
    store.close().await;
    #[derive(Serialize)]
    struct View<'a> {
        event: &'static str,
        #[serde(flatten)]
        batch: BatchView<'a>,
    }
    let view = View { event: "batch_opened", batch: BatchView::of(&opened) };
    output.say(&view, || format!("batch {:?} is open for recipe {} ({})", args.name, recipe.name, recipe.hash));
    Ok(Exit::Done)
}

async fn check_free(store: &SqliteStore, name: &str) -> Result<(), Failure> {
    let stands = store.batch_by_name(name).await?.filter(|batch| batch.state != BatchState::Closed);
    let Some(batch) = stands else { return Ok(()) };
    let why = format!("A batch of this name is {}.", batch.state.name());
    let remedy = "Work on that one, close it first, or choose another name.";
    Err(Failure::usage("batch_open", format!("Batch {name:?} cannot be opened."), why, remedy))
}
