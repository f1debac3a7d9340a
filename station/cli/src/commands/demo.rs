//! `station demo`: a whole line on this machine. The units are virtual; everything that they talk to is the real thing.

mod day;
mod emulated;
mod unit;

use std::{
    path::{Path, PathBuf},
    time::Instant,
};

use firstpass_domain::Language;
use firstpass_line::{Goal, WorkOrder, recipe::Recipe};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use virtual_unit::{
    Fault,
    image::{self, AppImage},
};

use crate::{
    args::{DemoArgs, DemoInjection, Global, UnitKind},
    config::Config,
    exit::{Exit, Failure},
    output::Output,
    progress, report,
    station::Station,
    work_order,
};
use unit::{Unit, Wanted};

/// Recipes of the demo; its images are made when it starts.
const RECIPE_NVS: &str = include_str!("../../../../configs/recipes/demo-nvs.toml");
const RECIPE_SESSION: &str = include_str!("../../../../configs/recipes/demo-session.toml");
const PARTITIONS: &str = include_str!("../../../../configs/recipes/demo-partitions.csv");

/// Size of the demo's app image in bytes.
const APP_BYTES: usize = 1024 * 1024;

/// What the images follow from: the same in every demo, so that their hashes are, too.
const IMAGE_SEED: u64 = 1;

/// Runs the demo.
pub(crate) async fn run(
    global: &Global,
    args: &DemoArgs,
    output: Output,
    token: CancellationToken,
) -> Result<Exit, Failure> {
    check_faults(args)?;
    let mut config = Config::load(global)?;
    let home = Home::open(global)?;
    config.gateway.https_listen = ([127, 0, 0, 1], 0).into();
    config.gateway.mqtt_listen = ([127, 0, 0, 1], 0).into();
    host(args.unit_kind).clone_into(&mut config.gateway.public_host);
    let recipe = Recipe::load(&match args.unit_kind {
        UnitKind::Virtual => write_product(home.path(), args.injection).map_err(|error| no_space(&error))?,
        UnitKind::Qemu => emulated::write_product(home.path(), args)?,
    })?;
    if args.dashboard {
        return day::run(global, args, config, &home, recipe, output, token).await;
    }
    let station = Station::start(&config, home.path(), global.crash_at).await?;
    let first = station.unit_count().await?;
    let units = start_units(home.path(), args, first).await?;
    let slots = units.iter().map(|unit| unit.slot.clone()).collect();
    let order = order(&recipe);
    let shown = progress::show(output, Language::English, station.line().events());
    let began = Instant::now();
    let batch = station.line().run_batch(recipe, &order, slots, Goal::OncePerSlot, &token).await;
    for unit in units {
        unit.take_out().await;
    }
    station.stop().await;
    let _ = shown.await;
    let duration_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    Ok(report::print(output, Language::English, &batch?, duration_ms))
}

async fn start_units(home: &Path, args: &DemoArgs, first: u32) -> Result<Vec<Unit>, Failure> {
    let mut units = Vec::new();
    for index in 0..u32::from(args.unit_count()) {
        units.push(Unit::start(Wanted { home, index, number: first + index, args, faults: &args.fault }).await?);
    }
    Ok(units)
}

/// Where units find the station.
const fn host(kind: UnitKind) -> &'static str {
    match kind {
        UnitKind::Virtual => "localhost",
        UnitKind::Qemu => virtual_unit::emulator::HOST,
    }
}

/// A batch for the demo's product; it goes on when the demo is started again on the same folder.
fn order(recipe: &Recipe) -> WorkOrder {
    WorkOrder::named(&work_order::own_name("demo", recipe), None)
}

/// Refuses a fault that no unit would get: the demo would show something else than it was asked to.
fn check_faults(args: &DemoArgs) -> Result<(), Failure> {
    for text in &args.fault {
        let what = format!("{text:?} gives no unit a fault.");
        if args.unit_kind == UnitKind::Qemu {
            let remedy = "Leave --fault away, or --unit-kind qemu.";
            return Err(Failure::usage("fault_form", what, "Only virtual units have faults.", remedy));
        }
        let refused = |why: String| {
            let remedy = format!("Write N=FAULT with a unit from 1 to {}, such as 1=no-network.", args.unit_count());
            Failure::usage("fault_form", what.clone(), why, remedy)
        };
        let (unit, fault) = text.split_once('=').ok_or_else(|| refused("It names no unit.".to_owned()))?;
        if !unit.parse::<u16>().is_ok_and(|unit| (1..=args.unit_count()).contains(&unit)) {
            return Err(refused(format!("There is no unit {unit:?}.")));
        }
        fault.parse::<Fault>().map_err(|error| refused(format!("{error}.")))?;
    }
    Ok(())
}

/// Where the demo lives: a folder that goes away with it, or the one that the user named.
enum Home {
    Temporary(TempDir),
    Named(PathBuf),
}

impl Home {
    fn open(global: &Global) -> Result<Self, Failure> {
        match &global.data {
            // The slots' ports lie in it, and ports have whole paths.
            Some(path) => std::path::absolute(path).map(Self::Named).map_err(|error| no_space(&error)),
            None => tempfile::tempdir().map(Self::Temporary).map_err(|error| no_space(&error)),
        }
    }

    fn path(&self) -> &Path {
        match self {
            Self::Temporary(folder) => folder.path(),
            Self::Named(path) => path,
        }
    }
}

fn no_space(error: &std::io::Error) -> Failure {
    let remedy = "Check that the folder can be written and the disk has room, or name another with --data.";
    Failure::station("demo_files", "The demo's files cannot be written.", format!("{error}."), remedy)
}

/// Writes recipe and images into `home/demo` and returns the recipe's path.
fn write_product(home: &Path, injection: DemoInjection) -> std::io::Result<PathBuf> {
    let folder = home.join("demo");
    std::fs::create_dir_all(&folder)?;
    std::fs::write(folder.join("bootloader.bin"), image::bootloader(IMAGE_SEED))?;
    std::fs::write(folder.join("app.bin"), image::app(&demo_app()))?;
    std::fs::write(folder.join("demo-partitions.csv"), PARTITIONS)?;
    let (name, text) = match injection {
        DemoInjection::Nvs => ("demo-nvs.toml", RECIPE_NVS),
        DemoInjection::Session => ("demo-session.toml", RECIPE_SESSION),
    };
    let recipe = folder.join(name);
    std::fs::write(&recipe, text)?;
    Ok(recipe)
}

fn demo_app() -> AppImage {
    AppImage { size: APP_BYTES, seed: IMAGE_SEED, version: "1.0.0".to_owned(), project: "firstpass-demo".to_owned() }
}
