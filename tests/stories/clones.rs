//! A clone module has a MAC that another unit has as well. The two are never taken for one.

use std::fs;

use tests::{Injection, Process, Product, Station, VirtualUnit};

const MAC: &str = "62:55:f9:00:27:01";

#[test]
fn of_two_units_with_one_mac_the_second_is_stopped_and_explained_and_the_first_passes() {
    let (station, product) = (Station::new(), Product::new());
    let recipe = product.recipe(Injection::Nvs, &[]);
    let elsewhere = product.folder().join("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    let empty = VirtualUnit::start(&elsewhere, "A2", MAC, &[]);
    let slot = empty.slot();
    empty.unplug();
    // The first is in work for as long as a wire of real speed takes; the clone comes in the middle of that.
    let first = VirtualUnit::start_paced(product.folder(), "A1", MAC, &[]);
    let ports = format!("{},{slot}", first.slot());
    let mut batch = Process::start(&mut station.flash_command(&recipe, &[], &["--ports", &ports]));
    batch.wait_for_event("identified", |event| event["slot"] == "A1");
    let clone = VirtualUnit::start(&elsewhere, "A2", MAC, &[]);
    let blank = clone.flash();
    let outcome = batch.finish().expect_code(1).expect_counts(1, 1);
    assert_eq!(outcome.events("passed")[0]["slot"], "A1");
    let failed = &outcome.events("failed")[0];
    assert_eq!((&failed["slot"], &failed["problem"]["code"]), (&"A2".into(), &"in_work_elsewhere".into()), "{failed}");
    assert!(!failed["problem"]["remedy"].as_str().unwrap().is_empty(), "{failed}");
    assert!(clone.flash() == blank, "not a byte of the clone was written");

    let unit = station.unit(MAC);
    assert_eq!((unit.live_sessions().len(), unit.shown["standing"].as_str()), (1, Some("passed")));
    let late = station.flash(&recipe, &[&clone], &[]).expect_code(1).expect_counts(0, 1);
    let problem = &late.events("failed")[0]["problem"];
    assert_eq!(problem["code"], "passed_before", "{problem}");
    assert!(clone.flash() == blank, "nor when it came later");
    assert_eq!(station.audit().of_kind("code.issued").len(), 1);
}
