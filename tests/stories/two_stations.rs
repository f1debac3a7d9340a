//! Only one station works in a data folder; commands that look or set work aside go on beside it.

use std::fs;

use nix::sys::signal::Signal;
use tests::{Gateway, Injection, Process, Product, Station, VirtualUnit};

const FIRST: &str = "62:55:f9:00:c0:01";
const SECOND: &str = "62:55:f9:00:c0:02";

#[test]
fn a_second_station_is_refused_and_the_first_goes_on() {
    let (station, product) = (Station::new(), Product::new());
    let recipe = product.recipe(Injection::Nvs, &[]);
    let units =
        [("A1", FIRST), ("A2", SECOND)].map(|(slot, mac)| VirtualUnit::start_paced(product.folder(), slot, mac, &[]));
    let mut batch = Process::start(&mut station.flash_command(&recipe, &[&units[0]], &[]));
    batch.wait_for_event("step_began", |event| event["step"] == "flash");
    let second = station.flash(&recipe, &[&units[1]], &[]).expect_code(2);
    assert_eq!(second.problem()["code"], "data_in_use", "{second:?}");
    assert!(second.problem()["remedy"].as_str().unwrap().contains("--data"), "{second:?}");
    assert!(second.events("run_began").is_empty(), "{second:?}");
    batch.finish().expect_code(0).expect_counts(1, 0);
    // The first run was not taken for one that was left open.
    assert_eq!(station.unit(FIRST).states(), ["passed"]);
    station.audit();
}

#[test]
fn a_lock_that_a_dead_station_left_keeps_nobody_out() {
    let (station, product) = (Station::new(), Product::new());
    let recipe = product.recipe(Injection::Nvs, &[]);
    let unit = VirtualUnit::start(product.folder(), "A1", FIRST, &[]);
    let killed = station.flash(&recipe, &[&unit], &["--crash-at", "identify:done"]);
    assert_eq!(killed.signal, Some(Signal::SIGKILL as i32), "{killed:?}");
    assert!(station.data().join("station.lock").exists());
    station.flash(&recipe, &[&unit], &[]).expect_code(0).expect_counts(1, 0);
}

#[test]
fn a_lock_that_cannot_be_taken_is_a_folder_that_cannot_be_used() {
    let (station, product) = (Station::new(), Product::new());
    fs::create_dir(station.data().join("station.lock")).unwrap();
    let recipe = product.recipe(Injection::Nvs, &[]);
    let unit = VirtualUnit::start(product.folder(), "A1", FIRST, &[]);
    let outcome = station.flash(&recipe, &[&unit], &[]).expect_code(3);
    assert_eq!(outcome.problem()["code"], "data_dir", "{outcome:?}");
}

#[test]
fn commands_look_at_a_line_that_works_and_never_disturb_it() {
    let (station, product) = (Station::new(), Product::new());
    let recipe = product.recipe(Injection::Nvs, &[]);
    let first = VirtualUnit::start(product.folder(), "A1", FIRST, &[]);
    station.flash(&recipe, &[&first], &[]).expect_code(0).expect_counts(1, 0);
    let second = VirtualUnit::start_paced(product.folder(), "A2", SECOND, &[]);
    let gateway = Gateway::of(&station);
    let mut batch = Process::start(&mut station.flash_command_at(&gateway, &recipe, &[&second], &[]));
    batch.wait_for_event("step_began", |event| event["step"] == "flash");
    let looks: [&[&str]; 8] = [
        &["units", "list"],
        &["units", "show", FIRST],
        &["units", "show", SECOND],
        &["batch", "list"],
        &["serials", "list"],
        &["audit", "verify"],
        &["audit", "replay"],
        &["ca", "show"],
    ];
    for look in looks {
        station.json(look).expect_code(0);
    }
    assert_eq!(station.unit(SECOND).states(), ["open"]);
    // A unit that is in work is not set aside under the line's hands; another one is.
    let quarantine = |mac| station.json(["units", "quarantine", mac, "--by", "Ada", "--reason", "seen with a scratch"]);
    quarantine(FIRST).expect_code(0);
    let refused = quarantine(SECOND);
    assert_ne!(refused.code, Some(0), "{refused:?}");
    assert_eq!(refused.problem()["code"], "unit_in_work", "{refused:?}");
    batch.finish().expect_code(0).expect_counts(1, 0);
    assert_eq!(station.unit(SECOND).states(), ["passed"]);
    station.audit();
}
