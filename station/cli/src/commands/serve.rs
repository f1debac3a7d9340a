//! `station serve`: the configured slots, until stopped.

use std::{sync::Arc, time::Instant};

use firstpass_domain::{Language, Problem};
use firstpass_line::{Goal, WorkOrder, floor::NoFloor, recipe::Recipe};
use firstpass_server::{Server, Services};
use tokio_util::sync::CancellationToken;
use tracing::error;

use crate::{
    args::{Global, ServeArgs},
    config::Config,
    exit::{Exit, Failure},
    output::Output,
    progress, report, secrets,
    station::{Station, now},
    work_order,
};

/// Serves until a signal.
pub(crate) async fn run(
    global: &Global,
    args: &ServeArgs,
    output: Output,
    token: CancellationToken,
) -> Result<Exit, Failure> {
    let config = Config::load(global)?;
    let recipe = args.recipe.clone().or_else(|| config.station.recipe.clone()).ok_or_else(|| {
        let remedy = "Name it with --recipe, or as `recipe` under [station] in the configuration.";
        Failure::usage(
            "no_recipe",
            "There is no recipe to work by.",
            "Neither flag nor configuration names one.",
            remedy,
        )
    })?;
    let recipe = Recipe::load(&recipe)?;
    secrets::warn(output, secrets::of_recipe(&recipe));
    secrets::warn(output, secrets::of_config(&config));
    secrets::warn(output, no_slots(&config));
    let station = Station::start(&config, &config.data_dir(global), &recipe, global.crash_at).await?;
    let order = match &args.batch {
        Some(name) => work_order::named(station.store().as_ref(), &recipe, name, None).await,
        None => Ok(WorkOrder::named(&work_order::own_name("serve", &recipe), None)),
    };
    let order = match order {
        Ok(order) => order,
        Err(failure) => {
            station.stop().await;
            return Err(failure);
        }
    };
    let services = Services {
        store: station.store(),
        floor: Arc::new(NoFloor::default()),
        authority: None,
        clock: Arc::new(now),
        uart_dir: None,
        shelf: Arc::default(),
        station: config.station.name.clone(),
    };
    let server = Server::bind(config.server.clone(), services).await;
    let server = server.map_err(|error| {
        let why = format!("{error}: {}.", error.err);
        Failure::station(
            "server_start",
            "The page for people cannot be served.",
            why,
            "Check [server] in the configuration.",
        )
    })?;
    output.say(&serde_json::json!({"event": "serving", "http": server.local_addr()}), || {
        format!("http://{} shows the slots; Ctrl-C ends the station", server.local_addr())
    });
    let serving = tokio::spawn(server.run(token.clone()));
    let shown = progress::show(output, Language::English, station.line().events());
    let began = Instant::now();
    let batch = station.line().run_batch(recipe, &order, config.slots(), Goal::Endless, &token).await;
    match &batch {
        // Slots may all have stopped by themselves; the page stays up to say so.
        Ok(_) => token.cancelled().await,
        // No slot has begun, and nothing would ever tell why.
        Err(_) => token.cancel(),
    }
    station.stop().await;
    if let Ok(Err(error)) = serving.await {
        error!(error = &error as &dyn std::error::Error, "the page for people ended early");
    }
    let _ = shown.await;
    let duration_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    Ok(report::print(output, Language::English, &batch?, duration_ms))
}

/// A station without slots serves units that connect, and takes none.
fn no_slots(config: &Config) -> Vec<Problem> {
    let problem = || {
        let why = "The configuration has no [[slot]]; only what units talk to is served.";
        let remedy = "Add a [[slot]] with name and port for every place. `station ports` lists the ports.";
        Failure::usage("no_ports", "There is no port to work on.", why, remedy).problem
    };
    config.slots.is_empty().then(problem).into_iter().collect()
}
