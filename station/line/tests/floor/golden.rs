//! Golden units show whether a slot is good, and count for no work order.

use firstpass_domain::RunState;
use firstpass_line::floor::{Floor, FloorError, Stop};
use firstpass_store::GoldenUnit;

use crate::bench::{Bench, act, refused, slot};

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
    assert_eq!(life.acts().await.last().unwrap(), &("golden.checked", GOLD.to_owned(), "ada".to_owned()));
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
