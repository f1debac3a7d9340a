//! Golden units show whether a slot is good, and count for no work order.

use firstpass_domain::{DiagnosisCode, RunState};
use firstpass_line::{
    Presence, Slot,
    event::LineEventKind,
    floor::{Floor, FloorError, Stop},
};
use firstpass_store::{GoldenUnit, Standing};

use crate::bench::{Bench, Life, PATIENCE, act, refused, slot};

const GOLD: &str = "62:55:f9:00:46:01";
const OTHER: &str = "62:55:f9:00:46:02";

#[tokio::test(flavor = "multi_thread")]
async fn a_golden_unit_passes_again_and_again_and_counts_for_no_order() {
    let bench = Bench::new();
    let life = bench.start(&["A1"]).await;
    let batch = life.batch("W1", "lamp", None).await;
    let golden = GoldenUnit { mac: GOLD.parse().unwrap(), recipe: "lamp".to_owned() };
    life.store.name_golden(&golden, &act(), firstpass_domain::Timestamp::from_micros(1)).await.unwrap();
    let due = life.floor.golden_due().await.unwrap();
    assert_eq!((due.len(), due[0].due, due[0].passed), (1, true, None));
    let unit = bench.put("A1", GOLD);
    for _ in 0..2 {
        let outcome = life.floor.check_golden(batch, &slot("A1"), &act()).await.unwrap();
        assert_eq!((outcome.problem, outcome.mac), (None, Some(golden.mac)));
    }
    assert!(!life.floor.golden_due().await.unwrap()[0].due);
    assert_eq!(life.store.batch_yield(batch).await.unwrap().units, 0);
    let on_record = life.store.unit(golden.mac).await.unwrap().unwrap();
    assert_eq!((on_record.summary.standing, on_record.runs.len()), (None, 2), "it says nothing of the unit");
    drop(unit);
    let broken = bench.put_faulty("A1", GOLD, &["bad-md5"]);
    let outcome = life.floor.check_golden(batch, &slot("A1"), &act()).await.unwrap();
    assert!(outcome.problem.is_some());
    assert!(life.floor.golden_due().await.unwrap()[0].due, "the slot is in doubt");
    let checks = life.store.golden_checks(10).await.unwrap();
    assert_eq!(checks.iter().map(|found| found.check.passed).collect::<Vec<_>>(), [false, true, true]);
    let ada = |what, whom: &str| (what, whom.to_owned(), "ada".to_owned());
    assert_eq!(life.acts().await[5..], [ada("golden.began", "A1"), ada("golden.checked", GOLD)]);
    drop(broken);
    life.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_unit_that_nobody_named_golden_is_left_alone() {
    let bench = Bench::new();
    let life = bench.start(&["A1"]).await;
    let batch = life.batch("W1", "lamp", None).await;
    let other_recipe = GoldenUnit { mac: OTHER.parse().unwrap(), recipe: "plug".to_owned() };
    life.store.name_golden(&other_recipe, &act(), firstpass_domain::Timestamp::from_micros(1)).await.unwrap();
    let _unit = bench.put("A1", OTHER);
    let before = bench.flash("A1", OTHER);
    assert_eq!(refused(life.floor.check_golden(batch, &slot("A1"), &act()).await), "not_golden");
    assert!(bench.flash("A1", OTHER) == before, "it was not touched");
    assert_eq!(life.store.unit(other_recipe.mac).await.unwrap().map(|unit| unit.runs.len()), None);
    assert_eq!(life.place("A1").busy, None, "the slot is free again");
    life.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slot_checks_a_golden_unit_or_works_and_a_check_that_is_stopped_is_none() {
    let bench = Bench::new();
    let mut life = bench.start(&["A1"]).await;
    let batch = life.batch("W1", "lamp", None).await;
    let golden = GoldenUnit { mac: GOLD.parse().unwrap(), recipe: "lamp".to_owned() };
    life.store.name_golden(&golden, &act(), firstpass_domain::Timestamp::from_micros(1)).await.unwrap();
    life.start(batch, &["A1"]).await.unwrap();
    assert_eq!(refused(life.floor.check_golden(batch, &slot("A1"), &act()).await), "slot_at_work");
    life.floor.stop(&slot("A1"), Stop::Now, &act()).await.unwrap();
    let _unit = bench.put_faulty("A1", GOLD, &["no-network"]);
    let floor = life.floor.clone();
    let checking = tokio::spawn(async move { floor.check_golden(batch, &slot("A1"), &act()).await });
    life.wait("A1", |kind| matches!(kind, firstpass_line::event::LineEventKind::Identified { .. })).await;
    assert_eq!(refused(life.start(batch, &["A1"]).await), "slot_busy");
    life.floor.stop(&slot("A1"), Stop::Now, &act()).await.unwrap();
    let answer: Result<_, FloorError> = checking.await.unwrap();
    assert_eq!(refused(answer), "check_cut");
    assert!(life.store.golden_checks(1).await.unwrap().is_empty());
    assert!(matches!(life.state(GOLD).await, RunState::Failed { .. }), "its run is on record all the same");
    life.end().await;
}

/// Names [`GOLD`] golden for the recipe of these tests.
async fn name_golden(life: &Life) -> GoldenUnit {
    let golden = GoldenUnit { mac: GOLD.parse().unwrap(), recipe: "lamp".to_owned() };
    life.store.name_golden(&golden, &act(), firstpass_domain::Timestamp::from_micros(1)).await.unwrap();
    golden
}

#[tokio::test(flavor = "multi_thread")]
async fn a_unit_that_takes_the_golden_units_place_during_the_check_is_left_alone() {
    let bench = Bench::new();
    let life = bench.start(&["A1"]).await;
    let batch = life.batch("W1", "lamp", None).await;
    name_golden(&life).await;
    let began = |kind: &LineEventKind| matches!(kind, LineEventKind::RunBegan { .. });
    let other = format!("other-mac={OTHER}");
    let _unit = bench.put_turning("A1", GOLD, life.floor.events(), began, &other);
    let before = bench.flash("A1", GOLD);
    assert_eq!(refused(life.floor.check_golden(batch, &slot("A1"), &act()).await), "unit_changed");
    assert!(bench.flash("A1", GOLD) == before, "nothing was written to the other unit");
    assert!(life.store.unit(OTHER.parse().unwrap()).await.unwrap().is_none(), "nor is it on record");
    assert!(life.store.golden_checks(1).await.unwrap().is_empty(), "and nothing is said of the slot");
    assert!(life.floor.golden_due().await.unwrap()[0].due);
    let ada = |what| (what, "A1".to_owned(), "ada".to_owned());
    assert_eq!(life.acts().await[1..], [ada("golden.began")], "who began it is on record all the same");
    life.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_whose_golden_unit_is_taken_out_ends_by_itself() {
    let bench = Bench::new();
    let probed = Slot { presence: Presence::Probe, ..bench.slot("A1") };
    let life = bench.start_with(vec![probed]).await;
    let batch = life.batch("W1", "lamp", None).await;
    name_golden(&life).await;
    let waits = |kind: &LineEventKind| matches!(kind, LineEventKind::Waiting);
    let _unit = bench.put_turning("A1", GOLD, life.floor.events(), waits, "loader_mute");
    let (name, by) = (slot("A1"), act());
    let check = tokio::time::timeout(PATIENCE, life.floor.check_golden(batch, &name, &by));
    assert_eq!(refused(check.await.expect("it does not wait for ever")), "check_cut");
    assert_eq!(life.place("A1").busy, None, "the slot is free again");
    assert!(life.store.golden_checks(1).await.unwrap().is_empty());
    life.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_that_fails_sets_no_golden_unit_aside_and_leaves_its_order_as_it_was() {
    let bench = Bench::new();
    let mut life = bench.start(&["A1"]).await;
    let batch = life.batch("W1", "lamp", None).await;
    let unit = bench.put("A1", GOLD);
    life.start(batch, &["A1"]).await.unwrap();
    assert_eq!(life.verdict("A1").await, None);
    life.floor.stop(&slot("A1"), Stop::Now, &act()).await.unwrap();
    let golden = name_golden(&life).await;
    let before = life.store.batch_yield(batch).await.unwrap();
    drop(unit);
    // Of a product's unit, this is a case for quarantine.
    let broken = bench.put_faulty("A1", GOLD, &["session_changed"]);
    for _ in 0..2 {
        let outcome = life.floor.check_golden(batch, &slot("A1"), &act()).await.unwrap();
        assert_eq!(outcome.problem.unwrap().code, DiagnosisCode::SessionMismatch.name());
    }
    let on_record = life.store.unit(golden.mac).await.unwrap().unwrap();
    assert_eq!((on_record.summary.standing, on_record.hold), (Some(Standing::Passed), None));
    assert_eq!(life.store.batch_yield(batch).await.unwrap(), before);
    drop(broken);
    life.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_golden_unit_that_the_rules_refuse_says_nothing_of_the_slot() {
    let bench = Bench::new();
    let mut life = bench.start(&["A1"]).await;
    let batch = life.batch("W1", "lamp", None).await;
    let _unit = bench.put("A1", GOLD);
    life.start(batch, &["A1"]).await.unwrap();
    assert_eq!(life.verdict("A1").await, None);
    life.floor.stop(&slot("A1"), Stop::Now, &act()).await.unwrap();
    let golden = name_golden(&life).await;
    life.store.quarantine_unit(golden.mac, &act(), firstpass_domain::Timestamp::from_micros(2)).await.unwrap();
    assert_eq!(refused(life.floor.check_golden(batch, &slot("A1"), &act()).await), "quarantined");
    assert!(life.store.golden_checks(1).await.unwrap().is_empty(), "it tested nothing");
    life.end().await;
}
