//! `station demo`: a whole line on this machine. The units are virtual; everything that they talk to is the real thing.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    process::Stdio,
    time::{Duration, Instant},
};

use firstpass_device::{Fixture, PortName};
use firstpass_domain::{Language, Mac, SlotId};
use firstpass_line::{Goal, Presence, Slot, WorkOrder, recipe::Recipe};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
    time::timeout,
};
use tokio_util::sync::CancellationToken;
use virtual_unit::{
    Fault,
    image::{self, AppImage},
};

use crate::{
    args::{DemoArgs, DemoInjection, Global},
    config::Config,
    exit::{Exit, Failure},
    output::Output,
    progress, report,
    station::Station,
    work_order,
};

/// Recipes of the demo; its images are made when it starts.
const RECIPE_NVS: &str = include_str!("../../../../configs/recipes/demo-nvs.toml");
const RECIPE_SESSION: &str = include_str!("../../../../configs/recipes/demo-session.toml");
const PARTITIONS: &str = include_str!("../../../../configs/recipes/demo-partitions.csv");

/// Size of the demo's app image in bytes.
const APP_BYTES: usize = 1024 * 1024;

/// What the images follow from: the same in every demo, so that their hashes are, too.
const IMAGE_SEED: u64 = 1;

/// First octets of the demo's MAC addresses: locally administered, so that they are nobody's.
const MAC_PREFIX: [u8; 3] = [0x62, 0x55, 0xf9];

/// How long a unit may take to open its terminal.
const UNIT_START_TIMEOUT: Duration = Duration::from_secs(10);

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
    "localhost".clone_into(&mut config.gateway.public_host);
    let recipe = Recipe::load(&write_product(home.path(), args.injection).map_err(|error| no_space(&error))?)?;
    let station = Station::start(&config, home.path(), &recipe, global.crash_at).await?;
    let first = station.unit_count().await?;
    let units = start_units(home.path(), args, first).await?;
    let slots = units.iter().map(|unit| unit.slot.clone()).collect();
    let order = WorkOrder::named(&work_order::own_name("demo", &recipe), None);
    let shown = progress::show(output, Language::English, station.line().events());
    let began = Instant::now();
    let batch = station.line().run_batch(recipe, &order, slots, Goal::OncePerSlot, &token).await;
    stop_units(units).await;
    station.stop().await;
    let _ = shown.await;
    let duration_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    Ok(report::print(output, Language::English, &batch?, duration_ms))
}

/// Refuses a fault that no unit would get: the demo would show something else than it was asked to.
fn check_faults(args: &DemoArgs) -> Result<(), Failure> {
    for text in &args.fault {
        let refused = |why: String| {
            let remedy = format!("Write N=FAULT with a unit from 1 to {}, such as 1=no-network.", args.units);
            Failure::usage("fault_form", format!("{text:?} gives no unit a fault."), why, remedy)
        };
        let (unit, fault) = text.split_once('=').ok_or_else(|| refused("It names no unit.".to_owned()))?;
        if !unit.parse::<u16>().is_ok_and(|unit| (1..=args.units).contains(&unit)) {
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
            Some(path) => Ok(Self::Named(path.clone())),
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

/// A virtual unit in a process of its own.
struct Unit {
    slot: Slot,
    process: Child,
}

async fn start_units(home: &Path, args: &DemoArgs, first: u32) -> Result<Vec<Unit>, Failure> {
    let mut units = Vec::new();
    for index in 0..u32::from(args.units) {
        units.push(start_unit(home, args, index, first + index).await?);
    }
    Ok(units)
}

async fn start_unit(home: &Path, args: &DemoArgs, index: u32, number: u32) -> Result<Unit, Failure> {
    let failed = |why: String| {
        let remedy = "Try again; check that this machine allows pseudo-terminals and has free memory.";
        Failure::station("unit_start", format!("Virtual unit {} did not start.", index + 1), why, remedy)
    };
    let folder = home.join("demo");
    let [_, a, b, c] = (number + 1).to_be_bytes();
    let mac = Mac::new([MAC_PREFIX[0], MAC_PREFIX[1], MAC_PREFIX[2], a, b, c]);
    let file = |extension: &str| folder.join(format!("unit-{}.{extension}", index + 1));
    let (link, control) = (file("tty"), file("sock"));
    let mut arguments: Vec<OsString> = vec!["virtual-unit".into()];
    let options = [("--flash", file("flash")), ("--link", link.clone()), ("--control", control.clone())];
    arguments.extend(options.into_iter().flat_map(|(flag, path)| [flag.into(), path.into_os_string()]));
    arguments.extend(["--mac".into(), mac.to_string().into()]);
    if args.no_pacing {
        arguments.push("--no-pacing".into());
    }
    for fault in args.fault.iter().filter_map(|fault| fault.strip_prefix(&format!("{}=", index + 1))) {
        arguments.extend(["--fault".into(), fault.into()]);
    }
    // A blank unit from the box: what an earlier demo left in the flash file is not this unit's.
    let _ = std::fs::remove_file(file("flash"));
    let program = std::env::current_exe().map_err(|error| failed(format!("{error}.")))?;
    let mut process = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| failed(format!("{error}.")))?;
    let stdout = process.stdout.take().expect("standard output is piped");
    let mut lines = BufReader::new(stdout).lines();
    match timeout(UNIT_START_TIMEOUT, lines.next_line()).await {
        Ok(Ok(Some(_path))) => {}
        Ok(Ok(None) | Err(_)) => return Err(failed("It ended before it was ready; its message stands above.".into())),
        Err(_) => return Err(failed("It was not ready in time.".into())),
    }
    let id = SlotId::new((index + 1).to_string()).expect("digits make a slot name");
    let slot = Slot { id, port: PortName::new(&link), fixture: Fixture::Socket(control), presence: Presence::Port };
    Ok(Unit { slot, process })
}

/// Ends the units' processes; each was started by this program.
async fn stop_units(units: Vec<Unit>) {
    for mut unit in units {
        let _ = unit.process.kill().await;
        if let Fixture::Socket(control) = &unit.slot.fixture {
            let _ = std::fs::remove_file(control);
        }
        let _ = std::fs::remove_file(unit.slot.port.path());
    }
}
