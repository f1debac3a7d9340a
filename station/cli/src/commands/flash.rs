//! `station flash`: a batch on serial ports.

use std::time::Instant;

use firstpass_line::{Goal, WorkOrder, recipe::Recipe};
use firstpass_store::{Act, BatchId, BatchState, Store};
use tokio_util::sync::CancellationToken;

use crate::{
    args::{FlashArgs, Global},
    config::Config,
    exit::{Exit, Failure},
    output::{Output, utc},
    progress, report, secrets, slots,
    station::{Station, now},
    work_order,
};

/// Runs the batch.
pub(crate) async fn run(
    global: &Global,
    args: &FlashArgs,
    output: Output,
    token: CancellationToken,
) -> Result<Exit, Failure> {
    let config = Config::load(global)?;
    let recipe = Recipe::load(&args.recipe)?;
    secrets::warn(output, secrets::of_recipe(&recipe));
    secrets::warn(output, secrets::of_config(&config));
    let slots = slots::of_list(&config, &args.ports, args.presence)?;
    let goal = args.count.map_or(Goal::OncePerSlot, Goal::Passes);
    let station = Station::start(&config, &config.data_dir(global), global.crash_at).await?;
    let order = match work_order(args, station.store().as_ref(), &recipe).await {
        Ok(order) => order,
        Err(failure) => {
            station.stop().await;
            return Err(failure);
        }
    };
    let shown = progress::show(output, args.language, station.line().events());
    let began = Instant::now();
    let batch = station.line().run_batch(recipe, &order, slots, goal, &token).await;
    let closed = match &batch {
        Ok(report) if args.batch.is_none() => close(station.store().as_ref(), report.batch).await,
        Ok(_) | Err(_) => Ok(()),
    };
    station.stop().await;
    let _ = shown.await;
    let duration_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    let exit = report::print(output, args.language, &batch?, duration_ms);
    closed.map(|()| exit)
}

/// The batch that the command line names, or one that is this command's alone.
async fn work_order(args: &FlashArgs, store: &dyn Store, recipe: &Recipe) -> Result<WorkOrder, Failure> {
    match &args.batch {
        Some(name) => work_order::named(store, recipe, name, args.quota).await,
        None => Ok(WorkOrder::Named {
            name: format!("flash {} {}", recipe.name, utc(now())),
            product: recipe.name.clone(),
            quantity: None,
            quota: args.quota,
        }),
    }
}

/// Nobody can go on with a batch whose name nobody gave.
async fn close(store: &dyn Store, batch: BatchId) -> Result<(), Failure> {
    let act = Act { actor: "station".to_owned(), reason: "the command that opened it has ended".to_owned() };
    let stands = store.batch(batch).await?;
    if stands.is_some_and(|batch| batch.state != BatchState::Closed) {
        store.set_batch_state(batch, BatchState::Closed, &act, now()).await?;
    }
    Ok(())
}
