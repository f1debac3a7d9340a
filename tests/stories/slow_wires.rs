//! A wire that does not hold its speed, and a port that gets another number, are got over and said.

use tests::{Injection, Process, Product, Station, Unit, VirtualUnit};

const MAC: &str = "62:55:f9:00:29:01";
const OTHER_MAC: &str = "62:55:f9:00:29:02";
const THIRD_MAC: &str = "62:55:f9:00:29:03";

#[test]
fn a_rate_that_does_not_hold_is_lowered_said_and_remembered_for_the_slot() {
    let (station, product) = (Station::new(), Product::new());
    let recipe = product.recipe(Injection::Nvs, &[]);
    let on = |slot, mac| VirtualUnit::start(product.folder(), slot, mac, &["--fault", "max-baud=460800"]);
    let first = on("A1", MAC);
    let outcome = station.flash(&recipe, &[&first], &[]).expect_code(0).expect_counts(1, 0);
    let [reduced] = &outcome.events("baud_reduced")[..] else { panic!("once: {}", outcome.stdout) };
    assert_eq!((&reduced["slot"], &reduced["from"], &reduced["to"]), (&"A1".into(), &921_600.into(), &460_800.into()));
    assert_eq!(Unit::evidence(&station.unit(MAC).runs()[0], "baud_reduced")[0]["to"], 460_800);
    first.unplug();

    // Another life of the station, another unit: the slot knows its rate and does not have to find it again.
    let second = on("A1", OTHER_MAC);
    let outcome = station.flash(&recipe, &[&second], &[]).expect_code(0).expect_counts(1, 0);
    assert!(outcome.events("baud_reduced").is_empty(), "{}", outcome.stdout);
    assert!(Unit::evidence(&station.unit(OTHER_MAC).runs()[0], "baud_reduced").is_empty());

    // It is that slot's wire; another slot finds out by itself.
    let elsewhere = on("A2", THIRD_MAC);
    let outcome = station.flash(&recipe, &[&elsewhere], &[]).expect_code(0).expect_counts(1, 0);
    assert_eq!(outcome.events("baud_reduced").len(), 1, "{}", outcome.stdout);
    station.audit();
}

#[test]
fn a_port_that_gets_another_number_in_mid_run_is_followed() {
    let (station, product) = (Station::new(), Product::new());
    let recipe = product.recipe(Injection::Nvs, &[]);
    let unit = VirtualUnit::start(product.folder(), "A1", MAC, &["--fault", "renumber=50000"]);
    let before = unit.terminal();
    station.flash(&recipe, &[&unit], &[]).expect_code(0).expect_counts(1, 0);
    assert_ne!(unit.terminal(), before, "it has another number now");
    let shown = station.unit(MAC);
    let moved = Unit::evidence(&shown.runs()[0], "port_moved")[0];
    assert_eq!((&moved["from"], &moved["to"]), (&before.into(), &unit.terminal().into()), "{moved}");
    station.audit();
}

#[test]
fn another_unit_behind_the_port_that_came_back_is_told_apart() {
    let (station, product) = (Station::new(), Product::new());
    let recipe = product.recipe(Injection::Nvs, &[]);
    // At the speed of a real wire, so that there is time to change the unit before the port goes.
    let unit = VirtualUnit::start_paced(product.folder(), "A1", MAC, &["--fault", "renumber=100000"]);
    let mut batch = Process::start(&mut station.flash_command(&recipe, &[&unit], &[]));
    batch.wait_for_event("step_began", |event| event["step"] == "flash");
    unit.order(&format!(r#"{{"op":"fault","set":{{"fault":"other_mac","mac":"{OTHER_MAC}"}}}}"#));
    let outcome = batch.finish().expect_code(1).expect_counts(0, 1);
    let failed = &outcome.events("failed")[0];
    assert_eq!((&failed["mac"], &failed["problem"]["code"]), (&MAC.into(), &"other_unit".into()), "{failed}");
    let why = failed["problem"]["why"].as_str().unwrap();
    assert!(why.contains(OTHER_MAC), "{why}");
    station.audit();
}
