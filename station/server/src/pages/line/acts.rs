//! What people do with slots from the line page. Each is one wish to the floor for each slot, with the person's name.

use std::sync::Arc;

use axum::extract::State;
use firstpass_domain::{Language, Problem, SlotId};
use firstpass_line::{
    StationError,
    floor::{FloorError, Stop},
};
use firstpass_store::BatchId;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::told::told;
use crate::{
    App, AppState,
    access::Principal,
    extract::{Form, Json},
    problem::{Answer, HttpProblem},
    words::{LineWords, fill, line},
};

/// Most slots that a request may name.
const SLOTS_MAX: usize = 64;

/// What was done, in a sentence.
#[derive(Debug, Serialize)]
pub(super) struct Done {
    what: String,
}

/// Slots by name, with commas between them.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Slots {
    #[serde(default)]
    slots: String,
}

/// Which slots start on which work order; no slot is all that stand still.
#[derive(Debug, Deserialize)]
pub(super) struct Start {
    order: Uuid,
    #[serde(default)]
    slots: String,
}

/// Which slots stop, and how.
#[derive(Debug, Deserialize)]
pub(super) struct Halt {
    slots: String,
    how: How,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum How {
    AfterUnit,
    Now,
}

/// Starts slots on a work order.
pub(super) async fn start(
    State(app): State<AppState>,
    person: Principal,
    Form(wish): Form<Start>,
) -> Answer<Json<Done>> {
    let words = line(person.language);
    let slots = match wish.slots.trim() {
        "" => standing_still(&app, words)?,
        _ => named(&app, &wish.slots, words)?,
    };
    let id = BatchId(wish.order);
    let batch = app.services.store.batch(id).await?;
    let batch = batch.ok_or_else(|| choose_order(words))?;
    let started = app.services.floor.start(id, &slots, &person.act(words.scanned_reason)).await;
    started.map_err(|error| floor_problem(error, person.language))?;
    Ok(done(words.started, &[&batch.batch.name, &list(&slots)]))
}

/// Stops slots.
pub(super) async fn stop(State(app): State<AppState>, person: Principal, Form(wish): Form<Halt>) -> Answer<Json<Done>> {
    let words = line(person.language);
    let (how, said) = match wish.how {
        How::AfterUnit => (Stop::AfterUnit, words.stop_asked),
        How::Now => (Stop::Now, words.stop_done),
    };
    let (slots, act) = (named(&app, &wish.slots, words)?, person.act(words.scanned_reason));
    let told = on_each(slots, |slot| {
        let (floor, act) = (Arc::clone(&app.services.floor), act.clone());
        async move { floor.stop(&slot, how, &act).await }
    });
    all_done(told.await, said, person.language)
}

/// Runs the units in slots again.
pub(super) async fn retry(
    State(app): State<AppState>,
    person: Principal,
    Form(wish): Form<Slots>,
) -> Answer<Json<Done>> {
    let words = line(person.language);
    let (slots, act) = (named(&app, &wish.slots, words)?, person.act(words.scanned_reason));
    let told = on_each(slots, |slot| {
        let (floor, act) = (Arc::clone(&app.services.floor), act.clone());
        async move { floor.retry(&slot, &act).await }
    });
    all_done(told.await, words.retrying, person.language)
}

/// What became of a wish on a slot.
type Told = (SlotId, Result<(), FloorError>);

/// Asks for something on every slot at once. It is done to its end on all of them, whatever comes of one, and although
/// whoever asked goes away.
async fn on_each<F>(slots: Vec<SlotId>, wish: impl Fn(SlotId) -> F) -> Vec<Told>
where
    F: Future<Output = Result<(), FloorError>> + Send + 'static,
{
    let begin = |slot: SlotId| (slot.clone(), tokio::spawn(wish(slot)));
    let begun: Vec<_> = slots.into_iter().map(begin).collect();
    let mut told = Vec::with_capacity(begun.len());
    for (slot, task) in begun {
        let panicked = |_| Err(StationError::Panicked { operation: "a wish to a slot" }.into());
        told.push((slot, task.await.unwrap_or_else(panicked)));
    }
    told
}

/// What is said when it was done everywhere; else on which slots it was not, and why.
fn all_done(told: Vec<Told>, said: &str, language: Language) -> Answer<Json<Done>> {
    let words = line(language);
    let (mut good, mut bad) = (Vec::new(), Vec::new());
    for (slot, result) in told {
        match result {
            Ok(()) => good.push(slot),
            Err(error) => bad.push((slot, floor_problem(error, language))),
        }
    }
    if bad.is_empty() {
        return Ok(done(said, &[&list(&good)]));
    }
    // A slot alone is told in its own words.
    if let (true, 1) = (good.is_empty(), bad.len()) {
        return Err(bad.remove(0).1);
    }
    Err(not_everywhere(&good, &bad, words))
}

fn not_everywhere(good: &[SlotId], bad: &[(SlotId, HttpProblem)], words: &LineWords) -> HttpProblem {
    let names: Vec<SlotId> = bad.iter().map(|(slot, _)| slot.clone()).collect();
    let mut why: Vec<String> = bad
        .iter()
        .map(|(slot, HttpProblem { problem, .. })| format!("{slot}: {} {}", problem.what, problem.why))
        .collect();
    if !good.is_empty() {
        why.push(fill(words.not_everywhere_done, &[&list(good)]));
    }
    // A station that failed on one slot is more than a slot that refused.
    let status = bad.iter().map(|(_, refused)| refused.status).max().unwrap_or(StatusCode::CONFLICT);
    let what = fill(words.not_everywhere, &[&list(&names)]);
    problem(status, "not_on_every_slot", &what, &why.join(" "), words.not_everywhere_do)
}

pub(super) fn done(text: &str, values: &[&str]) -> Json<Done> {
    Json(Done { what: fill(text, values) })
}

fn list(slots: &[SlotId]) -> String {
    slots.iter().map(SlotId::as_str).collect::<Vec<_>>().join(", ")
}

/// Slots that work on nothing.
fn standing_still(app: &App, words: &LineWords) -> Result<Vec<SlotId>, HttpProblem> {
    let slots = app.services.floor.slots().into_iter();
    let free = slots.filter(|place| place.batch.is_none() && place.busy.is_none());
    let free: Vec<SlotId> = free.map(|place| place.slot).collect();
    if free.is_empty() {
        let (why, remedy) = (words.none_free_why, words.none_free_do);
        return Err(problem(StatusCode::CONFLICT, "no_slot_free", words.none_free, why, remedy));
    }
    Ok(free)
}

/// The slots that a request names, each one of the station's.
fn named(app: &App, text: &str, words: &LineWords) -> Result<Vec<SlotId>, HttpProblem> {
    let names = text.split(',').map(str::trim).filter(|name| !name.is_empty()).take(SLOTS_MAX);
    let known = app.services.floor.slots();
    let slot = |name: &str| {
        let slot = known.iter().find(|place| place.slot.as_str() == name).map(|place| place.slot.clone());
        slot.ok_or_else(|| no_such_slot(name, words))
    };
    let mut slots = names.map(slot).collect::<Result<Vec<_>, _>>()?;
    slots.sort();
    slots.dedup();
    if slots.is_empty() {
        let why = words.choose_slot_why.replace("{}", "…");
        return Err(problem(StatusCode::BAD_REQUEST, "no_slot_chosen", words.choose_slot, &why, words.choose_slot_do));
    }
    Ok(slots)
}

/// A problem in the words of the page.
pub(super) fn problem(status: StatusCode, code: &str, what: &str, why: &str, remedy: &str) -> HttpProblem {
    HttpProblem::new(status, code, what, why, remedy)
}

fn no_such_slot(name: &str, words: &LineWords) -> HttpProblem {
    let what = fill(words.no_such_slot, &[name]);
    problem(StatusCode::NOT_FOUND, "no_such_slot", &what, words.no_such_slot_why, words.no_such_slot_do)
}

fn choose_order(words: &LineWords) -> HttpProblem {
    let Problem { what, why, remedy, .. } = Problem {
        code: String::new(),
        what: words.choose_order.to_owned(),
        why: words.choose_order_why.to_owned(),
        remedy: words.choose_order_do.to_owned(),
    };
    problem(StatusCode::NOT_FOUND, "no_such_order", &what, &why, &remedy)
}

/// What the floor refuses, in the person's language as far as the catalogue has it.
fn floor_problem(error: FloorError, language: Language) -> HttpProblem {
    match error {
        FloorError::NoSuchSlot(slot) => no_such_slot(slot.as_str(), line(language)),
        FloorError::Refused(problem) => FloorError::Refused(told(&problem, language)).into(),
        FloorError::Station(_) => error.into(),
    }
}
