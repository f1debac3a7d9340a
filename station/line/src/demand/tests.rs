//! When an order is over, and what it waits for.

use firstpass_domain::Mac;
use firstpass_store::{Act, BatchSize, BatchState};

use super::*;
use crate::testing::{Bench, MAC, NOW};

const OTHER: Mac = Mac::new([0x60, 0x55, 0xf9, 0, 0, 2]);

fn demand(bench: &Bench, goal: Goal) -> Demand {
    Demand::new(Arc::clone(&bench.store), Arc::new(|| NOW), bench.batch.clone(), goal)
}

fn act() -> Act {
    Act { actor: "ada".to_owned(), reason: "audit".to_owned() }
}

#[tokio::test]
async fn a_batch_closes_itself_when_its_quantity_has_passed() {
    let bench = Bench::new(Some(1)).await;
    let demand = demand(&bench, Goal::Endless);
    demand.count().await.unwrap();
    assert!(!demand.is_over());
    bench.pass().await;
    demand.count_pass().await;
    assert!(demand.is_over());
    demand.gate.settle().await.unwrap();
    let batch = bench.store.batch(bench.batch.id).await.unwrap().unwrap();
    assert_eq!(batch.state, BatchState::Closed);
    assert_eq!(batch.reason.as_deref(), Some("all 1 units have passed"));
}

#[tokio::test]
async fn two_passes_at_once_do_not_end_an_order_of_three() {
    let bench = Bench::new(Some(3)).await;
    let demand = demand(&bench, Goal::Endless);
    demand.count().await.unwrap();
    let (first, second) = (demand.counter.try_begin().unwrap(), demand.counter.try_begin().unwrap());
    bench.pass_as(MAC).await;
    bench.pass_as(OTHER).await;
    first.end(true);
    // The record knows of both, this process of one.
    demand.count_pass().await;
    assert!(!demand.is_over(), "2 of 3 have passed");
    second.end(true);
    demand.count_pass().await;
    assert!(!demand.is_over() && demand.counter.try_begin().is_some());
}

#[tokio::test]
async fn a_unit_in_quarantine_keeps_its_place_until_a_person_decides() {
    let bench = Bench::new(Some(2)).await;
    let demand = demand(&bench, Goal::Endless);
    bench.pass_as(MAC).await;
    bench.pass_as(OTHER).await;
    bench.store.quarantine_unit(MAC, &act(), NOW).await.unwrap();
    demand.count().await.unwrap();
    assert!(!demand.is_over() && demand.counter.try_begin().is_none());
    let held = demand.held().await.unwrap();
    assert!(held.contains("1 of the batch's 2 places"), "{held}");
    let size = BatchSize { quantity: Some(3), quota: None };
    bench.store.change_batch(bench.batch.id, &size, &act(), NOW).await.unwrap();
    assert_eq!(demand.held().await, None, "one more is wanted now");
    assert!(demand.counter.try_begin().is_some());
    let size = BatchSize { quantity: Some(2), quota: None };
    bench.store.change_batch(bench.batch.id, &size, &act(), NOW).await.unwrap();
    bench.store.release_unit(MAC, &act(), NOW).await.unwrap();
    demand.count().await.unwrap();
    assert!(demand.is_over(), "both are good");
}

#[tokio::test]
async fn a_scrapped_unit_gives_its_place_back() {
    let bench = Bench::new(Some(1)).await;
    let demand = demand(&bench, Goal::Endless);
    bench.pass_as(MAC).await;
    bench.store.quarantine_unit(MAC, &act(), NOW).await.unwrap();
    demand.count().await.unwrap();
    assert!(demand.held().await.is_some());
    bench.store.scrap_unit(MAC, &act(), NOW).await.unwrap();
    assert_eq!(demand.held().await, None);
    assert!(demand.counter.try_begin().is_some());
}

#[tokio::test]
async fn only_a_batch_with_an_end_is_given_up_when_the_line_stops_it() {
    let bench = Bench::new(None).await;
    for (goal, over) in [(Goal::Passes(2), true), (Goal::OncePerSlot, true), (Goal::Endless, false)] {
        let demand = demand(&bench, goal);
        demand.stop("quota_reached on slot A1".to_owned());
        assert_eq!((demand.is_over(), demand.halted().is_some()), (over, over), "{goal:?}");
        let waiting = self::demand(&bench, goal);
        waiting.gate.pause_for_upstream("unreachable");
        assert!(!waiting.is_over(), "the service comes back by itself");
    }
}
