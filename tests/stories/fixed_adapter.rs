//! In a fixture with pogo pins the adapter stays plugged in: whether a unit is there, only its loader can tell.

use tests::{Injection, Process, Product, Station, VirtualUnit};

#[test]
fn a_slot_whose_adapter_stays_waits_for_the_unit_itself() {
    let (station, product) = (Station::new(), Product::new());
    let recipe = product.recipe(Injection::Nvs, &[]);
    let unit = VirtualUnit::start(product.folder(), "A1", "62:55:f9:00:81:01", &[]);
    unit.order(r#"{"op":"power","on":false}"#);
    let options = ["--presence", "probe", "--count", "2"];
    let mut batch = Process::start(&mut station.flash_command(&recipe, &[&unit], &options));
    batch.wait_for_event("waiting", |_| true);
    unit.order(r#"{"op":"power","on":true}"#);
    let passed = batch.wait_for_event("passed", |_| true);
    assert_eq!(passed["mac"], unit.mac());
    let outcome = batch.stop().expect_code(0).expect_counts(1, 0);
    assert_eq!(outcome.events("run_began").len(), 1, "an empty fixture begins no run");
}
