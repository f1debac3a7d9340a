//! `station serve`: the configured slots, until stopped.

use std::{path::Path, sync::Arc, time::Instant};

use firstpass_domain::{Problem, SlotId};
use firstpass_line::{
    WorkOrder,
    floor::{Floor as _, FloorReport, LineFloor},
    recipe::{Recipe, Shelf},
};
use firstpass_store::{Act, BatchId};
use tokio_util::sync::CancellationToken;

use crate::{
    args::{Global, ServeArgs},
    config::Config,
    dashboard::{Dashboard, Ending, Opening},
    exit::{Exit, Failure},
    output::Output,
    report, secrets,
    station::Station,
    work_order,
};

/// What the slots are told at the start.
enum Task {
    /// Every slot goes on with what people told it; one that was told nothing works on this, if on anything.
    GoOn(Option<BatchId>),
    /// Every slot works on this.
    All(BatchId),
}

/// Serves until a signal.
pub(crate) async fn run(
    global: &Global,
    args: &ServeArgs,
    output: Output,
    token: CancellationToken,
) -> Result<Exit, Failure> {
    let config = Config::load(global)?;
    let path = args.recipe.as_deref().or(config.station.recipe.as_deref());
    let recipe = path.map(Recipe::load).transpose()?;
    secrets::warn(output, recipe.as_ref().map(secrets::of_recipe).unwrap_or_default());
    secrets::warn(output, secrets::of_config(&config));
    secrets::warn(output, no_slots(&config));
    let data = config.data_dir(global);
    let station = Station::start(&config, &data, global.crash_at).await?;
    let began = Instant::now();
    let opening = Opening {
        station: &station,
        config: &config,
        data: &data,
        shelf: shelf(&config, path).await,
        slots: config.slots(),
    };
    let served = serve(opening, args, recipe, output, &token).await;
    station.stop().await;
    let (report, ending) = served?;
    ending.finish().await;
    let duration_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    Ok(report::print_day(output, &report, duration_ms))
}

async fn serve(
    opening: Opening<'_>,
    args: &ServeArgs,
    recipe: Option<Recipe>,
    output: Output,
    token: &CancellationToken,
) -> Result<(FloorReport, Ending), Failure> {
    // What cannot begin is told before anybody opens a page.
    let task = task(opening.station, args, recipe).await?;
    let dashboard = Dashboard::open(opening, output, token).await?;
    let begun = begin(&dashboard.floor, &task, args).await;
    if begun.is_ok() {
        // Slots may all have stopped by themselves; the pages stay up to say so.
        token.cancelled().await;
    }
    let ended = dashboard.close().await;
    begun.map(|()| ended)
}

/// The recipes at hand. A folder with many large images takes its time.
async fn shelf(config: &Config, recipe: Option<&Path>) -> Arc<Shelf> {
    let (folder, recipe) = (config.recipes_dir(recipe).map(Path::to_owned), recipe.map(Path::to_owned));
    let read = tokio::task::spawn_blocking(move || Shelf::of(folder.as_deref(), recipe.as_deref()));
    Arc::new(read.await.unwrap_or_default())
}

async fn task(station: &Station, args: &ServeArgs, recipe: Option<Recipe>) -> Result<Task, Failure> {
    let Some(recipe) = recipe else {
        return match &args.batch {
            Some(name) => Ok(Task::All(existing(station, name).await?)),
            None => Ok(Task::GoOn(None)),
        };
    };
    let order = match &args.batch {
        Some(name) => work_order::named(station.store().as_ref(), &recipe, name, None).await?,
        None => WorkOrder::named(&work_order::own_name("serve", &recipe), None),
    };
    let batch = station.line().open_order(&recipe, &order).await?.id;
    let is_explicit = args.recipe.is_some() || args.batch.is_some();
    Ok(if is_explicit { Task::All(batch) } else { Task::GoOn(Some(batch)) })
}

/// A batch on record; its recipe is looked for among those at hand.
async fn existing(station: &Station, name: &str) -> Result<BatchId, Failure> {
    work_order::check_name(name)?;
    let found = station.store().batch_by_name(name).await?;
    found.map(|batch| batch.id).ok_or_else(|| {
        let remedy = "Name its recipe with --recipe, or open it first with `station batch open`.";
        let why = "No batch of this name is on record, and no recipe is named to open one for.";
        Failure::usage("no_recipe", format!("There is no batch {name:?}."), why, remedy)
    })
}

async fn begin(floor: &LineFloor, task: &Task, args: &ServeArgs) -> Result<(), Failure> {
    match task {
        Task::GoOn(otherwise) => Ok(floor.resume(*otherwise).await?),
        Task::All(batch) => {
            let slots: Vec<SlotId> = floor.slots().into_iter().map(|place| place.slot).collect();
            let act = Act { actor: args.by.clone(), reason: "station serve".to_owned() };
            Ok(floor.start(*batch, &slots, &act).await?)
        }
    }
}

/// A station without slots serves units that connect, and takes none.
fn no_slots(config: &Config) -> Vec<Problem> {
    let problem = || {
        let why = "The configuration has no [[slot]]; only what units talk to and the pages are served.";
        let remedy = "Add a [[slot]] with name and port for every place. `station ports` lists the ports.";
        Failure::usage("no_ports", "There is no port to work on.", why, remedy).problem
    };
    config.slots.is_empty().then(problem).into_iter().collect()
}
