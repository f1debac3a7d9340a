//! Slots are set to work, on one batch or on several at a time.

use firstpass_domain::RunState;
use firstpass_line::{
    event::LineEventKind,
    floor::{Floor, FloorError},
};
use firstpass_store::BatchId;

use crate::bench::{Bench, act, refused, slot};

const ONE: &str = "62:55:f9:00:41:01";
const OTHER: &str = "62:55:f9:00:41:02";

#[tokio::test(flavor = "multi_thread")]
async fn two_slots_work_on_two_batches_by_recipes_of_two_workspaces_at_a_time() {
    let bench = Bench::new();
    let other = [
        ("3b1f6c1e-6f0a-4f6e-9a53-0c0ffee0d001", "3b1f6c1e-6f0a-4f6e-9a53-0c0ffee0d002"),
        ("workspace_slug = \"demo\"", "workspace_slug = \"globex\""),
    ];
    bench.recipe("plug", &other);
    let mut life = bench.start(&["A1", "A2"]).await;
    let (lamps, plugs) = (life.batch("W1", "lamp", None).await, life.batch("W2", "plug", None).await);
    let _units = [bench.put("A1", ONE), bench.put("A2", OTHER)];
    life.start(lamps, &["A1"]).await.unwrap();
    life.start(plugs, &["A2"]).await.unwrap();
    assert_eq!((life.place("A1").batch, life.place("A2").batch), (Some(lamps), Some(plugs)));
    let mut events = life.floor.events();
    assert_eq!(life.verdict("A1").await, None);
    std::mem::swap(&mut life.events, &mut events);
    assert_eq!(life.verdict("A2").await, None);
    for (mac, slug) in [(ONE, "demo"), (OTHER, "globex")] {
        let unit = life.store.unit(mac.parse().unwrap()).await.unwrap().unwrap();
        assert_eq!(unit.sessions[0].session.workspace_slug, slug);
    }
    let started = |name: &str| ("slot.started", name.to_owned(), "ada".to_owned());
    assert_eq!(life.acts().await, [started("A1"), started("A2")]);
    life.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn slots_start_all_or_none_and_once() {
    let bench = Bench::new();
    let life = bench.start(&["A1", "A2"]).await;
    let (first, second) = (life.batch("W1", "lamp", None).await, life.batch("W2", "lamp", None).await);
    life.start(first, &["A1"]).await.unwrap();
    assert_eq!(refused(life.start(second, &["A2", "A1"]).await), "slot_on_other_batch");
    assert_eq!(life.place("A2").batch, None, "none was started");
    assert!(matches!(life.start(second, &["A2", "A9"]).await, Err(FloorError::NoSuchSlot(name)) if name == slot("A9")));
    life.start(first, &["A1", "A2", "A2"]).await.unwrap();
    assert_eq!(life.acts().await.len(), 2, "A1 was at work already");
    assert_eq!(refused(life.start(BatchId(uuid::Uuid::nil()), &["A1"]).await), "no_such_batch");
    life.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_is_filled_ends_the_work_of_its_slots_and_takes_no_more() {
    let bench = Bench::new();
    let mut life = bench.start(&["A1", "A2"]).await;
    let batch = life.batch("W1", "lamp", Some(1)).await;
    let _unit = bench.put("A1", ONE);
    life.start(batch, &["A1", "A2"]).await.unwrap();
    assert_eq!(life.verdict("A1").await, None);
    for name in ["A1", "A2"] {
        life.until(name, |place| place.batch.is_none()).await;
    }
    assert_eq!(refused(life.start(batch, &["A1"]).await), "batch_closed");
    life.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recipe_that_was_changed_since_its_batch_was_opened_is_not_worked_by() {
    let bench = Bench::new();
    let life = bench.start(&["A1"]).await;
    let batch = life.batch("W1", "lamp", None).await;
    std::fs::write(bench.recipes().join("app.bin"), std::fs::read(bench.recipes().join("bootloader.bin")).unwrap())
        .unwrap();
    assert_eq!(refused(life.start(batch, &["A1"]).await), "recipe_not_on_shelf");
    assert!(life.acts().await.is_empty());
    life.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_unit_in_two_slots_is_worked_on_in_one() {
    let bench = Bench::new();
    let mut life = bench.start(&["A1", "A2"]).await;
    let batch = life.batch("W1", "lamp", None).await;
    let _first = bench.put("A1", ONE);
    life.start(batch, &["A1", "A2"]).await.unwrap();
    life.wait("A1", |kind| matches!(kind, LineEventKind::Identified { .. })).await;
    let mut events = life.floor.events();
    let _second = bench.put("A2", ONE);
    assert_eq!(life.verdict("A2").await.as_deref(), Some("in_work_elsewhere"));
    std::mem::swap(&mut life.events, &mut events);
    assert_eq!(life.verdict("A1").await, None);
    assert_eq!(life.state(ONE).await, RunState::Passed);
    life.floor.stop(&slot("A2"), firstpass_line::floor::Stop::Now, &act()).await.unwrap();
    life.end().await;
}
