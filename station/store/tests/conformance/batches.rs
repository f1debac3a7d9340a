//! Work orders: opened, paused, closed, looked up.

use firstpass_domain::{AuditEntry, AuditKind, KnownUnit, Mac, Policy, evidence::Rule};
use firstpass_store::{Act, Admission, BatchChange, BatchId, BatchSize, BatchState, NewBatch, StoreError};
use uuid::Uuid;

use super::{
    fixture::{Place, act, assert_conflict, mac, now, policy},
    line::Line,
};

async fn set(line: &Line, state: BatchState) -> BatchChange {
    line.store.set_batch_state(line.batch, state, &act(), now()).await.unwrap()
}

pub(crate) async fn a_batch_comes_back_as_it_was_opened(place: &dyn Place) {
    let line = Line::start(place).await;
    let at = now();
    let (name, product) = ("WO-2647".to_owned(), "lamp".to_owned());
    let batch = NewBatch { name, product, recipe: line.recipe, quantity: Some(500), quota: Some(510) };
    let id = line.store.open_batch(&batch, at).await.unwrap();
    let record = line.store.batch(id).await.unwrap().unwrap();
    assert_eq!((record.id, &record.batch, record.state, record.opened), (id, &batch, BatchState::Open, at));
    assert_eq!((&record.reason, record.closed), (&None, None));
    assert_eq!(line.store.batch_by_name("WO-2647").await.unwrap(), Some(record));
    let newest: Vec<_> = line.store.batches(9).await.unwrap().iter().map(|record| record.id).collect();
    assert_eq!(newest, [id, line.batch]);
    assert_eq!(line.store.batches(1).await.unwrap().len(), 1);
    assert_eq!(line.store.batch(BatchId(Uuid::nil())).await.unwrap(), None);
    assert_eq!(line.store.batch_by_name("WO-1").await.unwrap(), None);
}

pub(crate) async fn who_opened_a_batch_and_why_stands_in_the_log(place: &dyn Place) {
    let line = Line::start(place).await;
    let (name, product) = ("WO-2648".to_owned(), "lamp".to_owned());
    let batch = NewBatch { name, product, recipe: line.recipe, quantity: Some(5), quota: None };
    let id = line.store.order_batch(&batch, &act(), now()).await.unwrap();
    assert_eq!(line.store.batch(id).await.unwrap().unwrap().batch, batch);
    let opened = |id: BatchId, audit: Vec<AuditEntry>| {
        audit.into_iter().find(|entry| entry.kind == AuditKind::BatchOpened && entry.subject == id.0.to_string())
    };
    let entry = opened(id, line.audit().await).unwrap();
    assert_eq!(entry.actor, act().actor);
    assert!(entry.body.contains(&act().reason), "{}", entry.body);
    assert_eq!(opened(line.batch, line.audit().await).unwrap().actor, "line");
    assert_conflict!(line.store.order_batch(&batch, &act(), now()), "is not closed");
}

pub(crate) async fn a_name_is_free_again_when_its_batch_is_closed(place: &dyn Place) {
    let line = Line::start(place).await;
    let batch = line.store.batch(line.batch).await.unwrap().unwrap().batch;
    assert_conflict!(line.store.open_batch(&batch, now()), "is not closed");
    set(&line, BatchState::Paused).await;
    assert_conflict!(line.store.open_batch(&batch, now()), "is not closed");
    set(&line, BatchState::Closed).await;
    let again = line.store.open_batch(&batch, now()).await.unwrap();
    assert_eq!(line.store.batch_by_name(&batch.name).await.unwrap().unwrap().id, again);
}

pub(crate) async fn a_paused_or_closed_batch_takes_no_run_and_says_why(place: &dyn Place) {
    let line = Line::start(place).await;
    let under_way = line.admitted_run("A1").await;
    for state in [BatchState::Paused, BatchState::Closed] {
        assert_eq!(set(&line, state).await, BatchChange::Changed { from: previous(state) });
        let refused = line.store.begin_run(&line.new_run("A2"), now()).await;
        let Err(StoreError::BatchNotOpen { state: told, reason, .. }) = refused else { panic!("{refused:?}") };
        assert_eq!((told, reason), (state, Some(act().reason)));
    }
    // What was under way ends as it ends.
    line.pass(under_way).await;
}

const fn previous(state: BatchState) -> BatchState {
    match state {
        BatchState::Open | BatchState::Paused => BatchState::Open,
        BatchState::Closed => BatchState::Paused,
    }
}

pub(crate) async fn a_batch_changes_only_legally_and_every_change_is_in_the_log(place: &dyn Place) {
    let line = Line::start(place).await;
    assert_eq!(set(&line, BatchState::Open).await, BatchChange::Unchanged);
    assert_eq!(set(&line, BatchState::Paused).await, BatchChange::Changed { from: BatchState::Open });
    assert_eq!(set(&line, BatchState::Paused).await, BatchChange::Unchanged);
    assert_eq!(set(&line, BatchState::Open).await, BatchChange::Changed { from: BatchState::Paused });
    line.begin("A1").await;
    let (at, why) = (now(), Act { actor: "ada".to_owned(), reason: "all delivered".to_owned() });
    line.store.set_batch_state(line.batch, BatchState::Closed, &why, at).await.unwrap();
    let record = line.store.batch(line.batch).await.unwrap().unwrap();
    assert_eq!((record.state, record.reason, record.closed), (BatchState::Closed, Some(why.reason), Some(at)));
    for state in [BatchState::Open, BatchState::Paused] {
        assert_conflict!(line.store.set_batch_state(line.batch, state, &act(), now()), "is closed for good");
    }
    let story = line.story(line.batch.0).await;
    assert_eq!(story, ["batch.opened", "batch.paused", "batch.resumed", "batch.closed"]);
    let last = line.audit().await.into_iter().rfind(|entry| entry.subject == line.batch.0.to_string()).unwrap();
    assert_eq!(last.actor, "ada");
    assert!(last.body.contains("all delivered"), "{}", last.body);
    let nobody = BatchId(Uuid::nil());
    assert_conflict!(line.store.set_batch_state(nobody, BatchState::Paused, &act(), now()), "not on record");
}

pub(crate) async fn without_a_quota_no_more_units_are_made_than_were_ordered(place: &dyn Place) {
    let line = Line::start(place).await;
    let limited = async |quantity, quota| {
        let (name, product) = (format!("order {}", mac()), String::new());
        let batch = NewBatch { name, product, recipe: line.recipe, quantity, quota };
        Line { batch: line.store.open_batch(&batch, now()).await.unwrap(), ..line.clone() }
    };
    let full = Admission::Refused { attempt: 1, rule: Rule::QuotaReached };
    for (quantity, quota, places) in [(Some(1), None, 1), (Some(1), Some(2), 2), (Some(9), Some(1), 1)] {
        let line = limited(quantity, quota).await;
        for _ in 0..places {
            let run = line.admitted_run("A1").await;
            line.provision(run).await;
            line.pass(run).await;
        }
        let run = line.begin("A1").await.id;
        assert_eq!(line.identify(run, mac()).await, full, "{quantity:?} {quota:?}");
        line.fail(run).await;
    }
}

pub(crate) async fn a_unit_that_passed_with_the_session_it_had_takes_a_place(place: &dyn Place) {
    let line = Line::with_quota(place, Some(1)).await;
    let (unit, keeping) = (mac(), Policy { known_unit: KnownUnit::Keep, ..policy() });
    let run = line.run_with("A1", unit, &keeping).await;
    line.pass(run).await;
    let other = line.begin("A1").await.id;
    assert_eq!(line.identify(other, mac()).await, Admission::Refused { attempt: 1, rule: Rule::QuotaReached });
    line.fail(other).await;
    line.store.scrap_unit(unit, &act(), now()).await.unwrap();
    line.admitted_run("A1").await;
}

/// An order for `quantity` units of the line's product.
async fn ordered(line: &Line, quantity: u32) -> Line {
    let (name, product) = (format!("order {}", mac()), String::new());
    let batch = NewBatch { name, product, recipe: line.recipe, quantity: Some(quantity), quota: None };
    Line { batch: line.store.open_batch(&batch, now()).await.unwrap(), ..line.clone() }
}

async fn passed_unit(line: &Line) -> Mac {
    let unit = mac();
    let run = line.run_with("A1", unit, &policy()).await;
    line.provision(run).await;
    line.pass(run).await;
    unit
}

async fn held_places(line: &Line) -> u32 {
    line.store.batch_yield(line.batch).await.unwrap().held_places
}

pub(crate) async fn a_unit_in_quarantine_keeps_its_place_and_a_scrapped_one_gives_it_back(place: &dyn Place) {
    let line = ordered(&Line::start(place).await, 1).await;
    let unit = passed_unit(&line).await;
    assert_eq!(held_places(&line).await, 0);
    line.store.quarantine_unit(unit, &act(), now()).await.unwrap();
    assert_eq!(held_places(&line).await, 1);
    let refused = line.begin("A1").await.id;
    assert_eq!(line.identify(refused, mac()).await, Admission::Refused { attempt: 1, rule: Rule::QuotaReached });
    line.fail(refused).await;
    line.store.scrap_unit(unit, &act(), now()).await.unwrap();
    assert_eq!(held_places(&line).await, 0);
    passed_unit(&line).await;
    // A unit that failed has no place that its quarantine could keep.
    let other = ordered(&line, 1).await;
    let failed = mac();
    let run = other.run_with("A1", failed, &policy()).await;
    other.provision(run).await;
    other.fail(run).await;
    other.store.quarantine_unit(failed, &act(), now()).await.unwrap();
    assert_eq!(held_places(&other).await, 0);
}

pub(crate) async fn a_person_changes_how_many_units_are_ordered_but_not_below_what_is_there(place: &dyn Place) {
    let line = ordered(&Line::start(place).await, 1).await;
    let change = async |quantity, quota| {
        line.store.change_batch(line.batch, &BatchSize { quantity, quota }, &act(), now()).await
    };
    let size = async || {
        let batch = line.store.batch(line.batch).await.unwrap().unwrap().batch;
        (batch.quantity, batch.quota)
    };
    passed_unit(&line).await;
    assert!(change(Some(2), None).await.unwrap());
    assert!(!change(Some(2), None).await.unwrap(), "it is so already");
    passed_unit(&line).await;
    assert_conflict!(change(Some(1), None), "2 units have a place");
    assert_conflict!(change(None, Some(1)), "2 units have a place");
    assert!(change(None, Some(5)).await.unwrap());
    assert_eq!(size().await, (Some(2), Some(5)));
    set(&line, BatchState::Closed).await;
    assert_conflict!(change(Some(3), None), "is closed for good");
    let (nobody, one) = (BatchId(Uuid::nil()), BatchSize { quantity: Some(1), quota: None });
    assert_conflict!(line.store.change_batch(nobody, &one, &act(), now()), "not on record");
    let story = line.story(line.batch.0).await;
    assert_eq!(story, ["batch.opened", "batch.changed", "batch.changed", "batch.closed"]);
}
