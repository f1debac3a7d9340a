//! Whatever the station is given, it says what is wrong, where, and what to do; and it loses nothing.

use std::{fs, process::Command};

use serde_json::Value;
use tests::{Gateway, Injection, Outcome, Process, Product, Station, VirtualUnit};

const MAC: &str = "62:55:f9:00:90:01";

#[test]
fn a_port_that_another_program_holds_is_busy() {
    let (station, product) = (Station::new(), Product::new());
    let recipe = product.recipe(Injection::Nvs, &[]);
    let unit = VirtualUnit::start(product.folder(), "A1", MAC, &[]);
    let holder = hold(&unit);
    for presence in ["port", "probe"] {
        let outcome = station.flash(&recipe, &[&unit], &["--presence", presence]).expect_code(1).expect_counts(0, 1);
        assert_problem(&failure(&outcome), "port_busy", "in use", "Close the other program");
    }
    drop(holder);
    station.flash(&recipe, &[&unit], &[]).expect_code(0).expect_counts(1, 0);
    station.audit();
}

#[test]
fn a_slot_that_serves_goes_on_by_itself_when_its_port_is_free_again() {
    let (station, product) = (Station::new(), Product::new());
    let recipe = product.recipe(Injection::Nvs, &[]);
    let unit = VirtualUnit::start(product.folder(), "A1", MAC, &[]);
    let gateway = Gateway::of(&station);
    let socket = product.folder().join("A1.sock");
    let slot = format!("[[slot]]\nname = \"A1\"\nport = {:?}\nfixture_socket = {socket:?}\n", unit.link());
    fs::write(&gateway.config, fs::read_to_string(&gateway.config).unwrap() + &slot).unwrap();
    let holder = hold(&unit);
    let mut command = station.command(["serve", "--json"]);
    let mut serving = Process::start(command.arg("--recipe").arg(&recipe).arg("--config").arg(&gateway.config));
    let stopped = serving.wait_for_event("slot_stopped", |_| true);
    assert_eq!(stopped["problem"]["code"], "port_busy", "{stopped}");
    drop(holder);
    serving.wait_for_event("slot_resumed", |_| true);
    serving.wait_for_event("passed", |event| event["mac"] == MAC);
    serving.stop();
    let begun = station.audit().of_kind("run.began").len();
    assert_eq!(begun, 2, "no run begins on a port that is still held");
}

/// Holds the unit's port as `esptool`, `minicom` and `screen` do.
fn hold(unit: &VirtualUnit) -> Process {
    let terminal = fs::canonicalize(unit.link()).unwrap();
    let mut holder = Process::start(Command::new("flock").arg(terminal).args(["-c", "echo held; exec sleep 3600"]));
    holder.wait_for("lock", |line| line == "held");
    holder
}

#[test]
fn a_path_that_is_no_serial_port_is_named() {
    let (station, product) = (Station::new(), Product::new());
    let recipe = product.recipe(Injection::Nvs, &[]);
    let file = product.folder().join("app.bin").display().to_string();
    let folder = product.folder().display().to_string();
    for path in ["/dev/null", &file, &folder] {
        let outcome = Process::start(&mut station.flash_command(&recipe, &[], &["--ports", path])).finish();
        let problem = failure(&outcome.expect_code(1).expect_counts(0, 1));
        assert_problem(&problem, "port_unusable", path, "Check the slot's port");
    }
    assert_eq!(fs::read(&file).unwrap(), fs::read(product.folder().join("app.bin")).unwrap());
    assert_eq!(station.audit().of_kind("run.failed").len(), 3, "each try is on record");
}

#[test]
fn a_wrong_list_of_ports_is_refused() {
    let (station, product) = (Station::new(), Product::new());
    let recipe = product.recipe(Injection::Nvs, &[]);
    for (ports, code) in [("A1=", "ports_form"), ("A1=/dev/a@", "ports_form"), ("A1=/dev/a,A1=/dev/b", "ports_twice")] {
        let outcome = Process::start(&mut station.flash_command(&recipe, &[], &["--ports", ports])).finish();
        assert_eq!(outcome.expect_code(2).problem()["code"], code, "{ports}");
    }
    assert!(!station.data().join("record.sqlite").exists(), "nothing was begun");
}

#[test]
fn a_recipe_that_is_wrong_is_refused_at_its_line() {
    let (station, product) = (Station::new(), Product::new());
    let cases = [
        ("max_attempts = 3", "max_atempts = 3", "recipe_invalid", "line 11, column 1"),
        ("baud = 921600", "baud = \"fast\"", "recipe_invalid", "line 14, column 8"),
        ("app = \"app.bin\"", "app = \"absent.bin\"", "file", "line 17, column 7"),
    ];
    for (from, to, code, place) in cases {
        let recipe = product.recipe(Injection::Nvs, &[(from, to)]);
        let problem = Process::start(&mut station.flash_command(&recipe, &[], &["--ports", "/dev/null"]))
            .finish()
            .expect_code(2)
            .problem();
        let text = problem.to_string();
        assert!(text.contains(code) && text.contains(place) && text.contains("demo-nvs.toml"), "{to}: {text}");
    }
    assert!(!station.data().join("record.sqlite").exists(), "nothing was begun");
}

#[test]
fn a_station_whose_clock_is_before_its_certificates_does_not_start() {
    let (station, product) = (Station::new(), Product::new());
    let recipe = product.recipe(Injection::Nvs, &[]);
    let unit = VirtualUnit::start(product.folder(), "A1", MAC, &[]);
    station.flash(&recipe, &[&unit], &[]).expect_code(0);
    let before = station.audit().entries;
    let command = station.flash_command(&recipe, &[&unit], &[]);
    let mut early = Command::new("faketime");
    early.arg("2020-01-01 00:00:00").arg(command.get_program()).args(command.get_args());
    let outcome = Process::start(&mut early).finish().expect_code(3);
    assert_problem(&outcome.problem(), "clock_before_certificate", "2020-01-01", "Set the station's clock");
    assert_eq!(station.audit().entries, before, "nothing was done");
}

/// The problem of the only failed run.
fn failure(outcome: &Outcome) -> Value {
    outcome.events("failed")[0]["problem"].clone()
}

#[track_caller]
fn assert_problem(problem: &Value, code: &str, words: &str, remedy: &str) {
    assert_eq!(problem["code"], code, "{problem}");
    assert!(problem["remedy"].as_str().unwrap().contains(remedy), "{problem}");
    assert!(problem.to_string().contains(words), "{problem}");
}
