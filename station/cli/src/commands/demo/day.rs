//! `station demo --dashboard`: a working day. In every slot, unit after unit is put in and taken out, as an operator would.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use firstpass_domain::SlotId;
use firstpass_line::{
    event::{LineEvent, LineEventKind},
    floor::{Floor as _, FloorReport},
    recipe::{Recipe, Shelf},
};
use firstpass_store::Act;
use tokio::{
    sync::broadcast::{self, error::RecvError},
    task::JoinSet,
    time::{sleep, timeout_at},
};
use tokio_util::sync::CancellationToken;

use super::{
    Home, order,
    unit::{Unit, Wanted, slot},
};
use crate::{
    args::{DemoArgs, Global},
    config::Config,
    dashboard::{Dashboard, Ending, Opening},
    exit::{Exit, Failure},
    output::Output,
    report,
    station::Station,
};

/// How long a unit that passed stays in its slot, so that people see it.
const PASSED_STAYS: Duration = Duration::from_secs(3);
/// How long one that failed stays, so that people can read why, and try it again.
const FAILED_STAYS: Duration = Duration::from_secs(20);
/// How long it takes to put the next one in.
const HANDS: Duration = Duration::from_secs(1);
/// Pause before a unit that did not start is started again.
const START_PAUSE: Duration = Duration::from_secs(5);

/// What the places of the day share.
struct Day {
    args: DemoArgs,
    home: std::path::PathBuf,
    /// Number of the next unit.
    next: AtomicU32,
}

/// Serves the dashboard over a line that works until a signal.
pub(super) async fn run(
    global: &Global,
    args: &DemoArgs,
    mut config: Config,
    home: &Home,
    recipe: Recipe,
    output: Output,
    token: CancellationToken,
) -> Result<Exit, Failure> {
    // On this machine alone, and so without a certificate that no browser knows.
    (config.server.listen, config.server.tls) = (([127, 0, 0, 1], args.port).into(), false);
    let began = Instant::now();
    let station = Station::start(&config, home.path(), global.crash_at).await?;
    let worked = work(&station, args, &config, home, &recipe, output, &token).await;
    station.stop().await;
    let (report, ending) = worked?;
    ending.finish().await;
    let duration_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    Ok(report::print_day(output, &report, duration_ms))
}

async fn work(
    station: &Station,
    args: &DemoArgs,
    config: &Config,
    home: &Home,
    recipe: &Recipe,
    output: Output,
    token: &CancellationToken,
) -> Result<(FloorReport, Ending), Failure> {
    let batch = station.line().open_order(recipe, &order(recipe)).await?.id;
    let slots: Vec<_> = (0..u32::from(args.unit_count())).map(|index| slot(home.path(), index)).collect();
    let names: Vec<SlotId> = slots.iter().map(|slot| slot.id.clone()).collect();
    let next = AtomicU32::new(station.unit_count().await?);
    let shelf = Arc::new(Shelf::of(Some(&home.path().join("demo")), None));
    let dashboard =
        Dashboard::open(Opening { station, config, data: home.path(), shelf, slots }, output, token).await?;
    let day = Arc::new(Day { args: args.clone(), home: home.path().to_owned(), next });
    let mut places = JoinSet::new();
    for (index, name) in (0..).zip(names.clone()) {
        places.spawn(keep_going(Arc::clone(&day), index, name, dashboard.floor.events()));
    }
    let act = Act { actor: "demo".to_owned(), reason: "station demo".to_owned() };
    let begun = dashboard.floor.start(batch, &names, &act).await;
    if begun.is_ok() {
        token.cancelled().await;
    }
    let ended = dashboard.close().await;
    places.shutdown().await;
    begun?;
    Ok(ended)
}

/// Puts unit after unit into one slot.
async fn keep_going(day: Arc<Day>, index: u32, slot: SlotId, mut events: broadcast::Receiver<LineEvent>) {
    for turn in 0_u64.. {
        let number = day.next.fetch_add(1, Ordering::Relaxed);
        // The first has its place's faults, and then every other one.
        let faults = if turn % 2 == 0 { day.args.fault.as_slice() } else { &[] };
        let wanted = Wanted { home: &day.home, index, number, args: &day.args, faults };
        match Unit::start(wanted).await {
            Ok(unit) => {
                stay(&slot, &mut events).await;
                unit.take_out().await;
                sleep(HANDS).await;
            }
            Err(failure) => {
                tracing::error!(problem = %failure.problem, "a unit of the demo did not start");
                sleep(START_PAUSE).await;
            }
        }
    }
}

/// Until the unit in the slot has had its verdict, and people have seen it.
async fn stay(slot: &SlotId, events: &mut broadcast::Receiver<LineEvent>) {
    let mut until = None;
    loop {
        let event = match until {
            None => events.recv().await,
            Some(until) => match timeout_at(until, events.recv()).await {
                Ok(event) => event,
                Err(_) => return,
            },
        };
        match event {
            Ok(event) if event.slot == *slot => until = stays_after(&event.kind, until),
            Ok(_) | Err(RecvError::Lagged(_)) => {}
            Err(RecvError::Closed) => std::future::pending().await,
        }
    }
}

fn stays_after(kind: &LineEventKind, until: Option<tokio::time::Instant>) -> Option<tokio::time::Instant> {
    let from_now = |stays| Some(tokio::time::Instant::now() + stays);
    match kind {
        LineEventKind::RunBegan { .. } | LineEventKind::Retrying { .. } => None,
        LineEventKind::Passed { .. } => from_now(PASSED_STAYS),
        LineEventKind::Failed { .. } => from_now(FAILED_STAYS),
        LineEventKind::Waiting
        | LineEventKind::Identified { .. }
        | LineEventKind::StepBegan { .. }
        | LineEventKind::Progress { .. }
        | LineEventKind::StepEnded { .. }
        | LineEventKind::BaudReduced { .. }
        | LineEventKind::Paused { .. }
        | LineEventKind::BatchClosed { .. }
        | LineEventKind::SlotStopped { .. }
        | LineEventKind::SlotResumed
        | LineEventKind::SlotStarted { .. }
        | LineEventKind::SlotStopping { .. }
        | LineEventKind::SlotEnded { .. } => until,
    }
}
