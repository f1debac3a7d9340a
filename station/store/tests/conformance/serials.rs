//! Serial numbers.

use firstpass_domain::SerialNumber;

use super::{
    fixture::{Place, mac, now, pattern, policy},
    line::Line,
};

pub(crate) async fn a_serial_stays_with_its_unit_and_is_never_given_twice(place: &dyn Place) {
    let line = Line::start(place).await;
    let unit = mac();
    let first = line.run_with("A1", unit, &policy()).await;
    let serial = |text: &str| SerialNumber::new(text).unwrap();
    let allocate = async |run, prefix| line.store.allocate_serial(run, &pattern(prefix), now()).await.unwrap();
    assert_eq!(allocate(first, "FP").await, serial("FP00000001"));
    assert_eq!(allocate(first, "FP").await, serial("FP00000001"));
    line.fail(first).await;
    let other = line.admitted_run("A1").await;
    assert_eq!(allocate(other, "FP").await, serial("FP00000002"));
    assert_eq!(allocate(other, "F").await, serial("F00000001"));
    let second = line.run_with("A2", unit, &policy()).await;
    assert_eq!(allocate(second, "FP").await, serial("FP00000001"));
    assert_eq!(line.store.unit(unit).await.unwrap().unwrap().summary.serial, Some(serial("FP00000001")));
}

pub(crate) async fn a_serial_counts_for_exactly_its_prefix(place: &dyn Place) {
    let line = Line::start(place).await;
    let unit = mac();
    let run = line.run_with("A1", unit, &policy()).await;
    let other = line.admitted_run("A2").await;
    let allocate =
        async |run, prefix| line.store.allocate_serial(run, &pattern(prefix), now()).await.unwrap().to_string();
    // FP200000001 might be number 200 000 001 of FP, by its text.
    assert_eq!(allocate(run, "FP2").await, "FP200000001");
    assert_eq!(allocate(run, "FP").await, "FP00000001");
    assert_eq!(allocate(other, "FP").await, "FP00000002");
    // FP00000001 is no serial of the prefix FP0.
    assert_eq!(allocate(run, "FP0").await, "FP000000001");
    // What the unit was given before it has for good, and the log tells which one it bears.
    assert_eq!(allocate(run, "FP").await, "FP00000001");
    assert_eq!(line.store.unit(unit).await.unwrap().unwrap().summary.serial.unwrap().as_str(), "FP00000001");
    let story = line.story(run).await;
    assert_eq!(story[story.len() - 4..], ["serial.allocated"; 4]);
    assert_eq!(allocate(other, "FP2").await, "FP200000002");
}
