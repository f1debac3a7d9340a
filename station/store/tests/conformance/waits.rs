//! Batches that wait for a station's provisioning service: such a pause ends by itself, and no other does.

use firstpass_store::{Act, BatchChange, BatchRecord, BatchState};

use super::{
    fixture::{Place, act, now},
    line::Line,
};

const PAUSED: BatchChange = BatchChange::Changed { from: BatchState::Open };
const RESUMED: BatchChange = BatchChange::Changed { from: BatchState::Paused };

async fn wait(line: &Line) -> BatchChange {
    let away = Act { actor: "line".to_owned(), reason: "the service is away".to_owned() };
    line.store.wait_for_service(line.batch, &away, now()).await.unwrap()
}

async fn end_wait(line: &Line) -> BatchChange {
    line.store.end_wait_for_service(line.batch, &act(), now()).await.unwrap()
}

async fn batch(line: &Line) -> BatchRecord {
    line.store.batch(line.batch).await.unwrap().unwrap()
}

/// The same batch, as another station sees it.
async fn seen_by(place: &dyn Place, station: &str, line: &Line) -> Line {
    let other = Line { store: place.open(station).await, ..line.clone() };
    other.store.start_station(now()).await.unwrap();
    other
}

pub(crate) async fn a_pause_that_waits_gives_way_to_one_that_does_not(place: &dyn Place) {
    let line = Line::start(place).await;
    assert_eq!(wait(&line).await, PAUSED);
    assert_eq!(batch(&line).await.waits_for.as_ref(), Some(line.store.station()));
    let recall = Act { actor: "ada".to_owned(), reason: "recall: bad solder".to_owned() };
    let pause = || line.store.set_batch_state(line.batch, BatchState::Paused, &recall, now());
    assert_eq!(pause().await.unwrap(), RESUMED, "it was paused before, and is so for another reason");
    assert_eq!(pause().await.unwrap(), BatchChange::Unchanged);
    assert_eq!((wait(&line).await, end_wait(&line).await), (BatchChange::Unchanged, BatchChange::Unchanged));
    let stands = batch(&line).await;
    assert_eq!((stands.state, stands.reason, stands.waits_for), (BatchState::Paused, Some(recall.reason), None));
    let story = line.story(line.batch.0).await;
    assert_eq!(story, ["batch.opened", "batch.paused", "batch.paused"]);
}

pub(crate) async fn a_station_ends_its_own_wait_alone(place: &dyn Place) {
    let line = Line::start(place).await;
    let other = seen_by(place, "s2", &line).await;
    assert_eq!(wait(&line).await, PAUSED);
    assert_eq!((wait(&other).await, end_wait(&other).await), (BatchChange::Unchanged, BatchChange::Unchanged));
    assert_eq!(batch(&line).await.state, BatchState::Paused);
    assert_eq!(end_wait(&line).await, RESUMED);
    assert_eq!((batch(&line).await.state, batch(&line).await.waits_for), (BatchState::Open, None));
    assert_eq!(end_wait(&line).await, BatchChange::Unchanged);
    assert_eq!(wait(&line).await, PAUSED);
    line.store.set_batch_state(line.batch, BatchState::Closed, &act(), now()).await.unwrap();
    assert_eq!(end_wait(&line).await, BatchChange::Unchanged);
    assert_eq!((batch(&line).await.state, batch(&line).await.waits_for), (BatchState::Closed, None));
}

pub(crate) async fn a_station_that_starts_again_waits_no_more(place: &dyn Place) {
    let line = Line::start(place).await;
    let other = seen_by(place, "s2", &line).await;
    wait(&other).await;
    line.store.start_station(now()).await.unwrap();
    assert_eq!(batch(&line).await.state, BatchState::Paused, "another station's");
    other.store.start_station(now()).await.unwrap();
    assert_eq!(batch(&line).await.state, BatchState::Open);
}
