//! A station that starts again goes on where it was.

use firstpass_domain::{DiagnosisCode, RunState, Step};
use firstpass_line::{
    event::LineEventKind,
    floor::{Floor, Stop},
};

use crate::bench::{Bench, act, slot};

const ONE: &str = "62:55:f9:00:47:01";

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_in_the_middle_of_a_shift_goes_on_with_what_the_slots_worked_on() {
    let bench = Bench::new();
    let mut life = bench.start(&["A1", "A2", "A3"]).await;
    let (orders, own) = (life.batch("W1", "lamp", None).await, life.batch("own", "lamp", None).await);
    let unit = bench.put_faulty("A1", ONE, &["no-network"]);
    life.start(orders, &["A1", "A2"]).await.unwrap();
    life.floor.stop(&slot("A2"), Stop::Now, &act()).await.unwrap();
    life.wait("A1", |kind| matches!(kind, LineEventKind::StepBegan { step: Step::Provision, .. })).await;
    life.end().await;
    unit.mend();
    let mut life = bench.start(&["A1", "A2", "A3"]).await;
    assert_eq!(life.state(ONE).await, RunState::Failed { code: DiagnosisCode::Cancelled });
    life.floor.resume(Some(own)).await.unwrap();
    let batches = ["A1", "A2", "A3"].map(|name| life.place(name).batch);
    assert_eq!(batches, [Some(orders), None, Some(own)], "as it was, as a person left it, as the configuration says");
    assert_eq!(life.verdict("A1").await, None);
    assert_eq!(life.acts().await.len(), 3, "going on is no person's act");
    life.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slot_that_cannot_go_on_says_why() {
    let bench = Bench::new();
    let life = bench.start(&["A1"]).await;
    let batch = life.batch("W1", "lamp", None).await;
    life.start(batch, &["A1"]).await.unwrap();
    life.end().await;
    std::fs::remove_file(bench.recipes().join("lamp.toml")).unwrap();
    let mut life = bench.start(&["A1"]).await;
    life.floor.resume(None).await.unwrap();
    let told = life.wait("A1", |kind| matches!(kind, LineEventKind::SlotStopped { .. })).await;
    assert!(matches!(told, LineEventKind::SlotStopped { problem } if problem.code == "recipe_not_on_shelf"));
    assert_eq!(life.place("A1").batch, None);
    life.end().await;
}
