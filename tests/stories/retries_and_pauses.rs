//! What the line does after a failure, as recipe and catalogue say: it tries again in place, or pauses the batch.

use tests::{Injection, Process, Product, Station, VirtualUnit};

fn mac(number: u32) -> String {
    format!("62:55:f9:00:93:{number:02x}")
}

#[test]
fn a_failure_that_may_be_tried_again_is_tried_in_place_as_often_as_the_recipe_says() {
    let (station, product) = (Station::new(), Product::new());
    let edits = [("[flash]", "[retry]\nmax = 2\n\n[flash]"), ("provision_s = 30", "provision_s = 2")];
    let recipe = product.recipe(Injection::Nvs, &edits);
    let unit = VirtualUnit::start(product.folder(), "A1", &mac(1), &["--fault", "no-network"]);
    let outcome = station.flash(&recipe, &[&unit], &[]).expect_code(1);
    assert_eq!(outcome.events("failed").len(), 3, "the first try and two more");
    let tries = outcome.events("retrying");
    let numbers: Vec<_> = tries.iter().map(|event| (event["retry"].as_u64(), event["max"].as_u64())).collect();
    assert_eq!(numbers, [(Some(1), Some(2)), (Some(2), Some(2))]);
    let attempts: Vec<_> = outcome.events("identified").iter().map(|event| event["attempt"].as_u64()).collect();
    assert_eq!(attempts, [Some(1), Some(2), Some(3)], "each try is an attempt");
    station.audit();
}

#[test]
fn without_a_rule_a_failure_is_not_tried_again() {
    let (station, product) = (Station::new(), Product::new());
    let recipe = product.recipe(Injection::Nvs, &[("provision_s = 30", "provision_s = 2")]);
    let unit = VirtualUnit::start(product.folder(), "A1", &mac(1), &["--fault", "no-network"]);
    let outcome = station.flash(&recipe, &[&unit], &[]).expect_code(1).expect_counts(0, 1);
    assert!(outcome.events("retrying").is_empty());
}

#[test]
fn a_batch_that_a_person_pauses_takes_no_unit_until_it_is_resumed() {
    let (station, product) = (Station::new(), Product::new());
    let recipe = product.recipe(Injection::Nvs, &[]);
    let slot = VirtualUnit::start(product.folder(), "A1", &mac(1), &[]);
    let ports = slot.slot();
    slot.unplug();
    let options = ["--ports", &ports, "--batch", "W7", "--count", "1"];
    let mut batch = Process::start(&mut station.flash_command(&recipe, &[], &options));
    batch.wait_for_event("waiting", |_| true);
    let by = ["--reason", "lunch", "--by", "ada"];
    station.run([&["batch", "pause", "W7"], &by[..]].concat()).expect_code(0);
    batch.wait_for_event("paused", |event| event["reason"] == "lunch");
    let _unit = VirtualUnit::start(product.folder(), "A1", &mac(1), &[]);
    station.run([&["batch", "resume", "W7"], &by[..]].concat()).expect_code(0);
    let outcome = batch.finish().expect_code(0).expect_counts(1, 0);
    let events: Vec<_> =
        outcome.objects().iter().map(|event| event["event"].as_str().unwrap_or("").to_owned()).collect();
    let place = |name: &str| events.iter().position(|event| event == name).unwrap();
    assert!(place("paused") < place("run_began"), "{events:?}");
}
