//! A person stops a batch: every run in work ends with a reason, and nothing is left open.

use nix::sys::signal::Signal;
use tests::{Injection, Process, Product, Station, VirtualUnit};

const MAC: &str = "62:55:f9:00:60:01";

#[test]
fn ctrl_c_while_units_are_flashed_cancels_their_runs() {
    let station = Station::new();
    // On wires of real speed, so that both units are in the middle of their images.
    let mut demo = Process::start(station.command(["demo", "--units", "2"]).arg("--json"));
    for slot in ["1", "2"] {
        demo.wait_for_event("progress", |event| event["slot"] == slot && event["done"].as_u64() > Some(100_000));
    }
    demo.signal(Signal::SIGINT);
    let outcome = demo.finish().expect_code(1).expect_counts(0, 2);
    for failed in outcome.events("failed") {
        assert_eq!(failed["problem"]["code"], "cancelled", "{failed}");
        assert_eq!(failed["step"], "flash", "{failed}");
    }
    assert_nothing_is_open(&station, 2);
}

#[test]
fn sigterm_while_a_unit_provisions_cancels_its_run_and_the_next_start_finds_nothing_open() {
    let (station, product) = (Station::new(), Product::new());
    let unit = VirtualUnit::start(product.folder(), "A1", MAC, &["--fault", "no-network"]);
    let recipe = product.recipe(Injection::Nvs, &[("provision_s = 30", "provision_s = 600")]);
    let mut batch = Process::start(&mut station.flash_command(&recipe, &[&unit], &[]));
    batch.wait_for_event("step_began", |event| event["step"] == "provision");
    batch.stop().expect_code(1).expect_counts(0, 1);
    assert_eq!(station.unit(MAC).states(), ["cancelled"]);
    assert_nothing_is_open(&station, 1);

    unit.unplug();
    let unit = VirtualUnit::start(product.folder(), "A1", MAC, &[]);
    station.flash(&recipe, &[&unit], &[]).expect_code(0).expect_counts(1, 0);
    assert_eq!(station.unit(MAC).states(), ["cancelled", "passed"], "and no interrupted run between them");
    assert_nothing_is_open(&station, 2);
}

#[test]
fn ctrl_c_while_slots_wait_ends_the_batch_at_once() {
    let (station, product) = (Station::new(), Product::new());
    let recipe = product.recipe(Injection::Nvs, &[]);
    let empty = product.folder().join("nothing.tty").display().to_string();
    let mut command = station.flash_command(&recipe, &[], &["--count", "1", "--ports", &empty]);
    let mut batch = Process::start(&mut command);
    batch.wait_for_event("waiting", |_| true);
    batch.signal(Signal::SIGINT);
    batch.finish().expect_code(0).expect_counts(0, 0);
    assert_nothing_is_open(&station, 0);
}

/// Every run has a verdict, and what the failed ones gave away is void.
fn assert_nothing_is_open(station: &Station, runs: usize) {
    let audit = station.audit();
    let count = |kind: &str| audit.of_kind(kind).len();
    assert_eq!(count("run.began"), runs);
    assert_eq!(count("run.passed") + count("run.failed"), runs);
    assert_eq!(count("code.issued"), count("code.redeemed") + count("code.voided"));
    assert_eq!(count("session.issued"), count("session.revoked") + count("run.passed"));
}
