//! A unit runs again where it is, when a person says so.

use firstpass_domain::{RunState, Step};
use firstpass_line::{
    event::LineEventKind,
    floor::{Floor, Stop},
};

use crate::bench::{Bench, act, refused, slot};

const ONE: &str = "62:55:f9:00:44:01";

#[tokio::test(flavor = "multi_thread")]
async fn a_unit_that_failed_runs_again_without_being_taken_out() {
    let bench = Bench::new();
    let mut life = bench.start(&["A1"]).await;
    let batch = life.batch("W1", "lamp", None).await;
    let unit = bench.put_faulty("A1", ONE, &["bad-md5"]);
    assert_eq!(refused(life.floor.retry(&slot("A1"), &act()).await), "slot_idle");
    life.start(batch, &["A1"]).await.unwrap();
    assert!(life.verdict("A1").await.is_some());
    life.until_retry("A1").await;
    unit.mend();
    life.floor.retry(&slot("A1"), &act()).await.unwrap();
    life.wait("A1", |kind| matches!(kind, LineEventKind::StepBegan { step: Step::Flash, .. })).await;
    assert_eq!(refused(life.floor.retry(&slot("A1"), &act()).await), "unit_in_work");
    assert_eq!(life.verdict("A1").await, None);
    // A unit that passed has nothing to be tried for again.
    life.until("A1", |place| place.in_work.is_none()).await;
    assert_eq!(refused(life.floor.retry(&slot("A1"), &act()).await), "nothing_to_retry");
    let run = life.last_run(ONE).await.run;
    assert_eq!((run.state, run.attempt), (RunState::Passed, 2));
    let retried = ("unit.retried", ONE.to_owned(), "ada".to_owned());
    assert_eq!(life.acts().await.iter().filter(|act| **act == retried).count(), 1);
    life.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slot_that_waits_for_a_person_goes_on_at_a_word_and_stops_at_another() {
    let bench = Bench::new();
    let mut life = bench.start(&["A1"]).await;
    let batch = life.batch("W1", "lamp", None).await;
    let unit = bench.put("A1", ONE);
    // Without its socket, the fixture cannot reset the unit: the slot needs a person.
    let (socket, aside) = (bench.path().join("A1.sock"), bench.path().join("aside"));
    std::fs::rename(&socket, &aside).unwrap();
    life.start(batch, &["A1"]).await.unwrap();
    life.wait("A1", |kind| matches!(kind, LineEventKind::SlotStopped { .. })).await;
    life.until_retry("A1").await;
    life.floor.stop(&slot("A1"), Stop::AfterUnit, &act()).await.unwrap();
    life.until("A1", |place| place.batch.is_none()).await;
    life.start(batch, &["A1"]).await.unwrap();
    life.wait("A1", |kind| matches!(kind, LineEventKind::SlotStopped { .. })).await;
    life.until_retry("A1").await;
    std::fs::rename(&aside, &socket).unwrap();
    // It also goes on by itself when it finds its fixture mended; then there is nothing to say any more.
    let _ = life.floor.retry(&slot("A1"), &act()).await;
    assert_eq!(life.verdict("A1").await, None);
    drop(unit);
    life.end().await;
}
