//! A batch takes each unit that appears, leaves a finished one alone until it goes away, and ends when it is complete.

use tests::{Injection, Process, Product, Station, VirtualUnit};

fn mac(number: u32) -> String {
    format!("62:55:f9:00:80:{number:02x}")
}

#[test]
fn units_come_and_go_on_one_slot_until_enough_have_passed() {
    let (station, product) = (Station::new(), Product::new());
    let recipe = product.recipe(Injection::Nvs, &[]);
    let plug = |number, options: &[&str]| VirtualUnit::start(product.folder(), "A1", &mac(number), options);
    let mut unit = plug(1, &[]);
    let mut batch = Process::start(&mut station.flash_command(&recipe, &[&unit], &["--count", "3"]));
    for number in 1..=4 {
        let verdict = if number == 2 { "failed" } else { "passed" };
        let event = batch.wait_for_event(verdict, |_| true);
        assert_eq!(event["mac"], mac(number), "{event}");
        if number < 4 {
            unit.unplug();
            batch.wait_for_event("waiting", |_| true);
            let faults: &[&str] = if number == 1 { &["--fault", "wrong-flash-size=16MB"] } else { &[] };
            unit = plug(number + 1, faults);
        }
    }
    // The last unit stays plugged in; three passes end the batch all the same.
    let outcome = batch.finish().expect_code(1).expect_counts(3, 1);
    assert_eq!(outcome.events("run_began").len(), 4, "nobody ran twice");
    assert_eq!(station.audit().distinct("serial.allocated", "serial").len(), 3);
}

#[test]
fn no_more_units_are_begun_than_are_wanted() {
    let (station, product) = (Station::new(), Product::new());
    let recipe = product.recipe(Injection::Session, &[]);
    let slots = ["A1", "A2", "A3", "A4"];
    let units: Vec<VirtualUnit> =
        (1..).zip(slots).map(|(number, slot)| VirtualUnit::start(product.folder(), slot, &mac(number), &[])).collect();
    let units: Vec<&VirtualUnit> = units.iter().collect();
    let outcome = station.flash(&recipe, &units, &["--count", "2"]).expect_code(0).expect_counts(2, 0);
    assert_eq!(outcome.events("run_began").len(), 2);
    assert_eq!(station.json(["units", "list"]).expect_code(0).objects().len(), 2);
}

#[test]
fn a_unit_beyond_the_quota_gets_no_credentials() {
    let (station, product) = (Station::new(), Product::new());
    let recipe = product.recipe(Injection::Nvs, &[]);
    let units = ["A1", "A2"].map(|slot| VirtualUnit::start(product.folder(), slot, &mac(u32::from(slot == "A2")), &[]));
    let outcome = station.flash(&recipe, &[&units[0], &units[1]], &["--quota", "1"]).expect_code(1).expect_counts(1, 1);
    assert_eq!(outcome.events("failed")[0]["problem"]["code"], "quota_reached");
    assert_eq!(station.audit().of_kind("session.issued").len(), 1);
}
