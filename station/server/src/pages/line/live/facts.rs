//! What the record adds to the slots: the work orders' figures, how long steps usually take, serial numbers. Asked beside
//! the stream of events, so that a slow record delays no event.

use std::{collections::BTreeMap, convert::Infallible, sync::Arc, time::Duration};

use firstpass_domain::{Sha256Digest, Step};
use firstpass_store::{BatchId, StoreError, UnitSearch};
use tokio::time::{Instant, sleep, timeout};

use super::{
    super::{place::Usual, strip::Order},
    Live,
    state::Change,
};
use crate::Services;

/// How often the record is asked although nothing has happened.
const ASK_EVERY: Duration = Duration::from_secs(10);
/// Time between two rounds in any case.
const ASK_PAUSE: Duration = Duration::from_millis(500);
/// The record is left alone this many times as long as it took to answer.
const REST_FACTOR: u32 = 10;
/// For how long usual times are taken as they were.
const USUAL_KEPT: Duration = Duration::from_secs(60);

/// Usual times of the recipes in work, and when they were looked up.
type KnownTimes = BTreeMap<Sha256Digest, (Instant, Arc<Usual>)>;

/// Keeps up what the record says; never ends.
pub(super) async fn follow(live: &Live, services: &Services) -> Infallible {
    let mut known = KnownTimes::new();
    loop {
        let began = Instant::now();
        if let Err(error) = ask(live, services, &mut known).await {
            tracing::warn!(error = &error as &dyn std::error::Error, "the line page shows older figures");
        }
        sleep((began.elapsed() * REST_FACTOR).max(ASK_PAUSE)).await;
        // Whether something has happened or the time is over, the next round is the same.
        let _ = timeout(ASK_EVERY, live.stale.notified()).await;
    }
}

async fn ask(live: &Live, services: &Services, known: &mut KnownTimes) -> Result<(), StoreError> {
    name_units(live, services).await?;
    let batches = live.state().batches();
    let mut orders = Vec::with_capacity(batches.len());
    for id in batches {
        if let Some((order, recipe)) = order(services, id).await? {
            orders.push(order);
            let usual = usual(services, recipe, known).await?;
            live.state().set_usual(id, &usual);
        }
    }
    if live.state().set_orders(orders) {
        live.told.notify_one();
    }
    Ok(())
}

/// Looks up the serial numbers of units that are in slots.
async fn name_units(live: &Live, services: &Services) -> Result<(), StoreError> {
    let nameless = live.state().nameless();
    for (slot, mac) in nameless {
        let search = UnitSearch { text: mac.to_string(), after: None, limit: 1 };
        let found = services.store.search_units(&search).await?.pop().map(|hit| hit.summary);
        let Some(serial) = found.filter(|unit| unit.mac == mac).and_then(|unit| unit.serial) else { continue };
        let mut state = live.state();
        state.extra(&slot).serial = Some((mac, serial));
        state.note_change(&slot, Change::Whole);
        live.told.notify_one();
    }
    Ok(())
}

async fn order(services: &Services, id: BatchId) -> Result<Option<(Order, Sha256Digest)>, StoreError> {
    let Some(record) = services.store.batch(id).await? else { return Ok(None) };
    let yield_ = services.store.batch_yield(id).await?;
    let (state, reason, batch) = (record.state, record.reason, record.batch);
    let order = Order { id, name: batch.name, product: batch.product, state, reason, quantity: batch.quantity, yield_ };
    Ok(Some((order, batch.recipe)))
}

/// How long the steps of a recipe usually take.
async fn usual(services: &Services, recipe: Sha256Digest, known: &mut KnownTimes) -> Result<Arc<Usual>, StoreError> {
    known.retain(|_, (asked, _)| asked.elapsed() < USUAL_KEPT);
    if let Some((_, usual)) = known.get(&recipe) {
        return Ok(Arc::clone(usual));
    }
    let times = services.store.usual_step_times(recipe).await?;
    let usual = Arc::new(Usual { steps: steps(services, recipe, &times) });
    known.insert(recipe, (Instant::now(), Arc::clone(&usual)));
    Ok(usual)
}

/// The recipe's steps as the shelf has them, or else those that the record knows times of.
fn steps(services: &Services, recipe: Sha256Digest, times: &[(Step, u64)]) -> Vec<(Step, Option<Duration>)> {
    let entries = services.shelf.entries();
    let policy = entries.iter().filter(|entry| entry.hash == Some(recipe)).find_map(|entry| entry.result.as_ref().ok());
    let order: Vec<Step> = match policy {
        Some(recipe) => recipe.policy.steps().collect(),
        None => times.iter().map(|(step, _)| *step).collect(),
    };
    let time_of = |step| times.iter().find(|(known, _)| *known == step).map(|(_, ms)| Duration::from_millis(*ms));
    order.into_iter().map(|step| (step, time_of(step))).collect()
}
