//! Serial numbers.

use std::time::Duration;

use firstpass_domain::{Mac, RunId, SerialNumber, SerialPattern};
use firstpass_store::{
    SerialFate::{self, Failed, InWork, Passed, Quarantined, Scrapped},
    SerialRecord,
};

use super::{
    fixture::{Place, act, mac, now, pattern, policy},
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

pub(crate) async fn every_serial_ever_given_has_its_unit_and_its_fate(place: &dyn Place) {
    let line = Line::start(place).await;
    let pattern = pattern("FP");
    let mut given = Vec::new();
    for fate in [Passed, Failed, InWork, Quarantined, Scrapped] {
        let (unit, at) = (mac(), now());
        let run = line.run_with(&format!("A{}", given.len()), unit, &policy()).await;
        let serial = line.store.allocate_serial(run, &pattern, at).await.unwrap();
        end_as(&line, run, unit, fate).await;
        given.push(SerialRecord { serial, mac: unit, allocated: at, is_borne: true, fate });
    }
    assert_eq!(line.store.serials(None, 9).await.unwrap(), given);
    assert_eq!(line.store.serials(None, 2).await.unwrap(), given[..2]);
    assert_eq!(line.store.serials(Some(&given[1].serial), 9).await.unwrap(), given[2..]);
    // A serial that its unit no longer bears is still its unit's.
    let again = line.run_with("A1", given[1].mac, &policy()).await;
    line.store.allocate_serial(again, &"X{number:04}{luhn}".parse().unwrap(), now()).await.unwrap();
    let borne = |record: &SerialRecord| (record.serial.to_string(), record.mac == given[1].mac, record.is_borne);
    let all: Vec<_> = line.store.serials(None, 9).await.unwrap().iter().map(borne).collect();
    assert!(all.contains(&("FP00000002".to_owned(), true, false)), "{all:?}");
    assert!(all.contains(&("X00018".to_owned(), true, true)), "{all:?}");
}

async fn end_as(line: &Line, run: RunId, unit: Mac, fate: SerialFate) {
    match fate {
        InWork => {}
        Passed => drop(line.pass(run).await),
        Failed => drop(line.fail(run).await),
        Quarantined | Scrapped => {
            line.fail(run).await;
            let set_aside = if fate == Scrapped {
                line.store.scrap_unit(unit, &act(), now()).await
            } else {
                line.store.quarantine_unit(unit, &act(), now()).await
            };
            set_aside.unwrap();
        }
    }
}

pub(crate) async fn a_unit_that_returns_in_another_week_keeps_its_serial(place: &dyn Place) {
    const WEEK: Duration = Duration::from_secs(7 * 24 * 3600);
    let line = Line::start(place).await;
    let (unit, at) = (mac(), now());
    let pattern: SerialPattern = "FP{yy}{ww}-{number:05}{luhn}".parse().unwrap();
    let first = line.run_with("A1", unit, &policy()).await;
    let serial = line.store.allocate_serial(first, &pattern, at).await.unwrap();
    line.fail(first).await;
    let second = line.run_with("A1", unit, &policy()).await;
    assert_eq!(line.store.allocate_serial(second, &pattern, at.plus(WEEK)).await.unwrap(), serial);
    // The number goes on in the new week.
    let other = line.admitted_run("A2").await;
    let next = line.store.allocate_serial(other, &pattern, at.plus(WEEK)).await.unwrap();
    assert!(next.as_str().contains("-00002") && next.as_str()[..6] != serial.as_str()[..6], "{serial} {next}");
}

pub(crate) async fn a_text_that_another_pattern_has_made_is_passed_over(place: &dyn Place) {
    let line = Line::start(place).await;
    let allocate = async |slot: &str, pattern: &str| {
        let run = line.admitted_run(slot).await;
        line.store.allocate_serial(run, &pattern.parse().unwrap(), now()).await.unwrap().to_string()
    };
    assert_eq!(allocate("A1", "FP1{number:01}").await, "FP11");
    assert_eq!(allocate("A2", "FP1{number:01}").await, "FP12");
    assert_eq!(allocate("A3", "FP{number:02}").await, "FP01");
    place.tamper("UPDATE serials SET number = 10 WHERE serial = 'FP01'").await.unwrap();
    assert_eq!(allocate("A4", "FP{number:02}").await, "FP13");
}
