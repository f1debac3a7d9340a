//! A disk that is full or cannot be written, and a record that is gone or held by somebody else, stop the slots with a
//! reason. Nothing passes meanwhile, what was on record stays, and the slots go on by themselves when it is back.

use std::{
    collections::BTreeSet,
    fs::{self, File, OpenOptions},
    path::Path,
};

use nix::fcntl::{FcntlArg, fcntl};
use serde_json::Value;
use tests::{Injection, Outcome, Process, Product, Station, VirtualUnit, small_disk::SmallDisk};

const FIRST: &str = "62:55:f9:00:a0:01";
const SECOND: &str = "62:55:f9:00:a0:02";

/// Room for the record, the CA and a log, in mebibytes.
const DISK_MIB: u32 = 8;

#[test]
fn a_disk_that_fills_up_stops_units_in_work_until_there_is_room() {
    let Some(disk) = SmallDisk::mount(DISK_MIB) else { return };
    let line = Line::at(Station::at(disk.path()));
    let told = line.tell(|_| disk.fill(), |()| disk.make_room());
    told.assert_codes(&["record_disk_full", "uart_log_failed"], "space on");
}

#[test]
fn a_record_that_is_moved_away_stops_units_in_work_until_it_is_back() {
    let line = Line::at(Station::new());
    let elsewhere = tempfile::tempdir_in(line.station.data()).unwrap();
    let files = ["record.sqlite", "record.sqlite-wal", "record.sqlite-shm"];
    let carry =
        |from: &Path, to: &Path| files.iter().for_each(|name| fs::rename(from.join(name), to.join(name)).unwrap());
    let told = line.tell(|data| carry(data, elsewhere.path()), |()| carry(elsewhere.path(), line.station.data()));
    told.assert_codes(&["record_unavailable"], "Check the database");
}

#[test]
fn a_folder_of_logs_that_is_moved_away_stops_units_in_work_until_it_is_back() {
    let line = Line::at(Station::new());
    let (folder, elsewhere) = (line.station.data().join("uart"), line.station.data().join("elsewhere"));
    let told = line.tell(|_| fs::rename(&folder, &elsewhere).unwrap(), |()| fs::rename(&elsewhere, &folder).unwrap());
    told.assert_codes(&["uart_log_failed"], "folder of the UART logs");
}

#[test]
fn a_record_that_somebody_else_holds_stops_units_in_work_until_it_is_let_go() {
    let line = Line::at(Station::new());
    let told = line.tell(hold, drop);
    told.assert_codes(&["record_unavailable"], "Check the database");
}

#[test]
fn a_slot_that_waits_takes_no_unit_on_a_full_disk() {
    let Some(disk) = SmallDisk::mount(DISK_MIB) else { return };
    let (station, product) = (Station::at(disk.path()), Product::new());
    let recipe = product.recipe(Injection::Nvs, &[]);
    let unit = VirtualUnit::start(product.folder(), "A1", FIRST, &[]);
    let slot = unit.slot();
    unit.unplug();
    let mut batch = Process::start(&mut station.flash_command(&recipe, &[], &["--ports", &slot]));
    batch.wait_for_event("waiting", |_| true);
    disk.fill();
    let _unit = VirtualUnit::start(product.folder(), "A1", FIRST, &[]);
    let stopped = batch.wait_for_event("slot_stopped", |_| true);
    assert_eq!(stopped["problem"]["code"], "record_disk_full", "{stopped}");
    assert!(stopped["problem"]["remedy"].as_str().unwrap().contains("Free space"), "{stopped}");
    disk.make_room();
    batch.wait_for_event("slot_resumed", |_| true);
    batch.finish().expect_code(0).expect_counts(1, 0);
    assert_eq!(station.unit(FIRST).states(), ["passed"], "no run was begun before");
    station.audit();
}

#[test]
fn a_disk_that_cannot_be_written_is_named_and_can_still_be_read() {
    let Some(disk) = SmallDisk::mount(DISK_MIB) else { return };
    let (station, product) = (Station::at(disk.path()), Product::new());
    let recipe = product.recipe(Injection::Nvs, &[]);
    let unit = VirtualUnit::start(product.folder(), "A1", FIRST, &[]);
    let command = station.flash_command(&recipe, &[&unit], &[]);
    let again = || {
        let mut copy = std::process::Command::new(command.get_program());
        Process::start(copy.args(command.get_args())).finish()
    };
    again().expect_code(0).expect_counts(1, 0);
    disk.make_read_only();
    let outcome = again().expect_code(3);
    let problem = outcome.problem();
    assert!(["data_dir", "record_read_only"].contains(&problem["code"].as_str().unwrap()), "{problem}");
    assert!(problem["remedy"].as_str().unwrap().contains("writable"), "{problem}");
    // An auditor may still look.
    assert_eq!(station.unit(FIRST).states(), ["passed"]);
    station.audit();
}

/// Two units that are being flashed at the speed of a real line, so that there is time to do something.
struct Line {
    station: Station,
    product: Product,
}

impl Line {
    fn at(station: Station) -> Self {
        Self { station, product: Product::new() }
    }

    /// Lets `go` happen to the data folder while both units are in work, and `come` when both slots have stopped.
    fn tell<T>(&self, go: impl FnOnce(&Path) -> T, come: impl FnOnce(T)) -> Told {
        let recipe = self.product.recipe(Injection::Nvs, &[]);
        let unit = |name, mac| VirtualUnit::start_paced(self.product.folder(), name, mac, &[]);
        let units = [unit("A1", FIRST), unit("A2", SECOND)];
        let mut batch = Process::start(&mut self.station.flash_command(&recipe, &[&units[0], &units[1]], &[]));
        let both = |batch: &mut Process, name: &str, step: Option<&str>| -> Vec<Value> {
            let mut slots = BTreeSet::new();
            let mut next = || batch.wait_for_event(name, |event| step.is_none_or(|step| event["step"] == step));
            let events: Vec<Value> = units.iter().map(|_| next()).collect();
            assert!(events.iter().all(|event| slots.insert(event["slot"].to_string())), "once each: {events:?}");
            events
        };
        both(&mut batch, "step_began", Some("flash"));
        let gone = go(self.station.data());
        let stopped = both(&mut batch, "slot_stopped", None);
        come(gone);
        both(&mut batch, "slot_resumed", None);
        let outcome = batch.finish().expect_code(0).expect_counts(2, 0);
        for mac in [FIRST, SECOND] {
            assert_eq!(self.station.unit(mac).states(), ["interrupted", "passed"], "{mac}: {outcome:?}");
        }
        self.station.audit();
        Told { outcome, stopped }
    }
}

/// What the slots said.
struct Told {
    outcome: Outcome,
    stopped: Vec<Value>,
}

impl Told {
    /// Each slot stopped with one of the codes and a remedy, and nothing passed before both went on.
    #[track_caller]
    fn assert_codes(&self, codes: &[&str], remedy: &str) {
        for event in &self.stopped {
            let problem = &event["problem"];
            assert!(codes.contains(&problem["code"].as_str().unwrap()), "{event}");
            assert!(problem["remedy"].as_str().unwrap().contains(remedy), "{event}");
        }
        let names: Vec<String> = self.outcome.objects().iter().map(|event| event["event"].to_string()).collect();
        let place = |name: &str| names.iter().position(|event| event.contains(name));
        assert!(place("slot_stopped") < place("slot_resumed") && place("slot_resumed") < place("passed"), "{names:?}");
    }
}

/// Holds the lock that a writer of SQLite's write-ahead log needs: the first of the locks in the file ending in -shm.
/// Source: SQLite, "WAL-mode file format", section 2.3.1.
fn hold(data: &Path) -> File {
    const WRITE_LOCK: i64 = 120;
    let file = OpenOptions::new().read(true).write(true).open(data.join("record.sqlite-shm")).unwrap();
    let lock = nix::libc::flock {
        l_type: nix::libc::F_WRLCK as i16,
        l_whence: nix::libc::SEEK_SET as i16,
        l_start: WRITE_LOCK,
        l_len: 1,
        l_pid: 0,
    };
    // Waits for a commit that is under way.
    fcntl(&file, FcntlArg::F_SETLKW(&lock)).unwrap();
    file
}
