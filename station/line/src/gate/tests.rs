//! How gate and record keep in step.

use firstpass_gateway::https::UpstreamState;

use super::*;
use crate::testing::{Bench, NOW};

fn gate(bench: &Bench) -> Gate {
    Gate::new(Arc::clone(&bench.store), Arc::new(|| NOW), &bench.batch)
}

async fn state(bench: &Bench) -> (BatchState, Option<String>) {
    let batch = bench.store.batch(bench.batch.id).await.unwrap().unwrap();
    (batch.state, batch.reason)
}

async fn set(bench: &Bench, state: BatchState, reason: &str) {
    let act = Act { actor: "ada".to_owned(), reason: reason.to_owned() };
    bench.store.set_batch_state(bench.batch.id, state, &act, NOW).await.unwrap();
}

#[tokio::test]
async fn a_pause_holds_at_once_and_goes_on_record() {
    let bench = Bench::new(None).await;
    let gate = gate(&bench);
    gate.pause("captive portal".to_owned());
    assert_eq!(gate.standing(), Standing::Paused { reason: "captive portal".to_owned() });
    gate.refresh(true).await.unwrap();
    assert_eq!(state(&bench).await, (BatchState::Paused, Some("captive portal".to_owned())));
}

#[tokio::test]
async fn a_persons_word_in_another_program_is_heard() {
    let bench = Bench::new(None).await;
    let gate = gate(&bench);
    set(&bench, BatchState::Paused, "lunch").await;
    gate.refresh(true).await.unwrap();
    assert_eq!(gate.standing(), Standing::Paused { reason: "lunch".to_owned() });
    set(&bench, BatchState::Open, "").await;
    gate.refresh(true).await.unwrap();
    assert_eq!(gate.standing(), Standing::Open);
}

#[tokio::test]
async fn only_a_pause_for_the_service_ends_when_the_service_is_back() {
    let bench = Bench::new(None).await;
    let gate = gate(&bench);
    gate.pause_for_upstream("unreachable");
    gate.refresh(false).await.unwrap();
    assert_eq!(state(&bench).await.0, BatchState::Paused);
    gate.refresh(true).await.unwrap();
    assert_eq!((state(&bench).await.0, gate.standing()), (BatchState::Open, Standing::Open));
    gate.pause("a person must look".to_owned());
    gate.refresh(true).await.unwrap();
    assert_eq!(state(&bench).await.0, BatchState::Paused);
}

#[tokio::test]
async fn a_batch_that_was_closed_elsewhere_stays_closed_whatever_is_owed() {
    let bench = Bench::new(None).await;
    let gate = gate(&bench);
    set(&bench, BatchState::Closed, "done").await;
    gate.pause("captive portal".to_owned());
    gate.refresh(true).await.unwrap();
    assert_eq!(gate.standing(), Standing::Closed { reason: "done".to_owned() });
}

#[tokio::test]
async fn the_keeper_pauses_and_resumes_with_the_service() {
    let bench = Bench::new(None).await;
    let gate = Arc::new(gate(&bench));
    let (service, upstream) = Upstream::by_hand();
    let keeper = tokio::spawn({
        let gate = Arc::clone(&gate);
        async move { gate.keep(upstream).await }
    });
    let mut standing = gate.watch();
    service.send_replace(UpstreamState::Away { since: NOW, reason: "unreachable" });
    standing.wait_for(|now| matches!(now, Standing::Paused { .. })).await.unwrap();
    service.send_replace(UpstreamState::Here);
    standing.wait_for(|now| *now == Standing::Open).await.unwrap();
    assert_eq!(state(&bench).await.0, BatchState::Open);
    keeper.abort();
}

#[tokio::test]
async fn a_persons_pause_outlives_the_return_of_the_service() {
    let bench = Bench::new(None).await;
    let gate = gate(&bench);
    gate.pause_for_upstream("unreachable");
    gate.refresh(false).await.unwrap();
    set(&bench, BatchState::Paused, "recall: bad solder").await;
    gate.refresh(true).await.unwrap();
    assert_eq!(state(&bench).await, (BatchState::Paused, Some("recall: bad solder".to_owned())));
    assert_eq!(gate.standing(), Standing::Paused { reason: "recall: bad solder".to_owned() });
}

#[tokio::test]
async fn a_stop_of_the_line_outlives_the_return_of_the_service() {
    for is_on_record in [true, false] {
        let bench = Bench::new(None).await;
        let gate = gate(&bench);
        gate.pause_for_upstream("unreachable");
        if is_on_record {
            gate.refresh(false).await.unwrap();
        }
        gate.pause("station_certificate_invalid on slot A1".to_owned());
        gate.pause_for_upstream("unreachable");
        gate.refresh(true).await.unwrap();
        let reason = Some("station_certificate_invalid on slot A1".to_owned());
        assert_eq!(state(&bench).await, (BatchState::Paused, reason));
    }
}

#[tokio::test]
async fn a_station_resumes_no_batch_that_waits_for_another_ones_service() {
    let bench = Bench::new(None).await;
    let away = gate(&bench);
    let here = Gate::new(bench.seen_by("other").await, Arc::new(|| NOW), &bench.batch);
    for _ in 0..3 {
        away.pause_for_upstream("unreachable");
        away.refresh(false).await.unwrap();
        here.refresh(true).await.unwrap();
        assert_eq!((state(&bench).await.0, here.standing()), (BatchState::Paused, away.standing()));
    }
    let reason = state(&bench).await.1.unwrap();
    assert!(reason.contains("bench"), "it names the station: {reason}");
    away.refresh(true).await.unwrap();
    here.refresh(true).await.unwrap();
    assert_eq!((away.standing(), here.standing()), (Standing::Open, Standing::Open));
}
