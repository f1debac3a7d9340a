//! Slots are stopped: after their unit, or at once.

use firstpass_domain::{DiagnosisCode, RunState, Step};
use firstpass_line::{
    event::LineEventKind,
    floor::{Floor, Stop},
};

use crate::bench::{Bench, act, refused, slot};

const ONE: &str = "62:55:f9:00:42:01";

#[tokio::test(flavor = "multi_thread")]
async fn a_slot_that_stops_after_its_unit_takes_it_to_its_end_and_no_other() {
    let bench = Bench::new();
    let mut life = bench.start(&["A1"]).await;
    let batch = life.batch("W1", "lamp", None).await;
    let _unit = bench.put("A1", ONE);
    life.start(batch, &["A1"]).await.unwrap();
    life.wait("A1", |kind| matches!(kind, LineEventKind::Identified { .. })).await;
    life.floor.stop(&slot("A1"), Stop::AfterUnit, &act()).await.unwrap();
    assert!(life.place("A1").stopping);
    assert_eq!(refused(life.start(batch, &["A1"]).await), "slot_stopping");
    assert_eq!(life.verdict("A1").await, None);
    let ended = life.wait("A1", |kind| matches!(kind, LineEventKind::SlotEnded { .. })).await;
    assert!(matches!(ended, LineEventKind::SlotEnded { by: Some(by), at_once: false } if by == "ada"));
    assert_eq!(life.place("A1").batch, None);
    let acts = life.acts().await;
    assert_eq!(acts[1], ("slot.stopped", "A1".to_owned(), "ada".to_owned()));
    life.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slot_that_stops_at_once_cuts_its_run_which_is_no_attempt() {
    let bench = Bench::new();
    let mut life = bench.start(&["A1"]).await;
    let batch = life.batch("W1", "lamp", None).await;
    let unit = bench.put_faulty("A1", ONE, &["no-network"]);
    life.start(batch, &["A1"]).await.unwrap();
    life.wait("A1", |kind| matches!(kind, LineEventKind::StepBegan { step: Step::Provision, .. })).await;
    life.floor.stop(&slot("A1"), Stop::Now, &act()).await.unwrap();
    // It has ended when this returns, and is on record.
    assert_eq!(life.state(ONE).await, RunState::Failed { code: DiagnosisCode::Cancelled });
    assert_eq!((life.place("A1").batch, life.place("A1").in_work), (None, None));
    life.floor.stop(&slot("A1"), Stop::Now, &act()).await.unwrap();
    assert_eq!(life.acts().await.len(), 2, "it was stopped already");
    unit.mend();
    life.start(batch, &["A1"]).await.unwrap();
    life.wait("A1", |kind| matches!(kind, LineEventKind::Passed { .. })).await;
    let counted = life.store.batch_yield(batch).await.unwrap();
    assert_eq!((counted.runs, counted.first_passed, counted.interrupted), (1, 1, 1));
    life.end().await;
}

/// Whenever the word to stop comes, what is told is what is on record, and nothing stays open.
#[tokio::test(flavor = "multi_thread")]
async fn a_stop_around_the_commit_of_a_pass_leaves_either_a_pass_or_a_cancelled_run() {
    let bench = Bench::new();
    let mut life = bench.start(&["A1"]).await;
    let batch = life.batch("W1", "lamp", None).await;
    for number in 1..=4_u8 {
        let mac = format!("62:55:f9:00:43:{number:02}");
        let unit = bench.put("A1", &mac);
        life.start(batch, &["A1"]).await.unwrap();
        let last = |kind: &LineEventKind| match number {
            1 => matches!(kind, LineEventKind::StepBegan { step: Step::Attest, .. }),
            2 => matches!(kind, LineEventKind::Progress { step: Step::Attest, .. }),
            3 => matches!(kind, LineEventKind::StepEnded { step: Step::Attest, .. }),
            _ => matches!(kind, LineEventKind::Passed { .. }),
        };
        let told = life.wait("A1", |kind| last(kind) || matches!(kind, LineEventKind::Passed { .. })).await;
        life.floor.stop(&slot("A1"), Stop::Now, &act()).await.unwrap();
        let was_told = match told {
            LineEventKind::Passed { .. } => true,
            _ => {
                let is_end =
                    |kind: &LineEventKind| matches!(kind, LineEventKind::Passed { .. } | LineEventKind::Failed { .. });
                matches!(life.wait("A1", is_end).await, LineEventKind::Passed { .. })
            }
        };
        let cancelled = RunState::Failed { code: DiagnosisCode::Cancelled };
        assert_eq!(life.state(&mac).await, if was_told { RunState::Passed } else { cancelled }, "{number}");
        life.wait("A1", |kind| matches!(kind, LineEventKind::SlotEnded { .. })).await;
        drop(unit);
    }
    life.end().await;
}
