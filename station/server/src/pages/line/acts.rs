//! What people do from the line page. Each is one wish to the floor or one act on record, with the person's name.

use axum::extract::State;
use firstpass_domain::{Language, Mac, Problem, SlotId};
use firstpass_line::floor::{FloorError, Stop};
use firstpass_store::{BatchId, UnitActError};
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

/// Which unit, and why.
#[derive(Debug, Deserialize)]
pub(super) struct Deed {
    mac: Mac,
    #[serde(default)]
    reason: String,
}

/// Starts slots on a work order.
pub(super) async fn start(
    State(app): State<AppState>,
    person: Principal,
    Form(wish): Form<Start>,
) -> Answer<Json<Done>> {
    let words = line(person.language);
    let slots = match wish.slots.trim() {
        "" => standing_still(&app),
        _ => named(&app, &wish.slots, words)?,
    };
    let id = BatchId(wish.order);
    let batch = app.services.store.batch(id).await?;
    let batch = batch.ok_or_else(|| choose_order(words))?;
    let started = app.services.floor.start(id, &slots, &person.act(words.scanned_reason)).await;
    started.map_err(|error| floor_problem(error, person.language))?;
    Ok(done(words.started, &[&batch.batch.name, &list(&slots)]))
}

/// Stops slots, one after the other.
pub(super) async fn stop(State(app): State<AppState>, person: Principal, Form(wish): Form<Halt>) -> Answer<Json<Done>> {
    let words = line(person.language);
    let slots = named(&app, &wish.slots, words)?;
    let (how, said) = match wish.how {
        How::AfterUnit => (Stop::AfterUnit, words.stop_asked),
        How::Now => (Stop::Now, words.stop_done),
    };
    for slot in &slots {
        let stopped = app.services.floor.stop(slot, how, &person.act(words.scanned_reason)).await;
        stopped.map_err(|error| floor_problem(error, person.language))?;
    }
    Ok(done(said, &[&list(&slots)]))
}

/// Runs the units in slots again.
pub(super) async fn retry(
    State(app): State<AppState>,
    person: Principal,
    Form(wish): Form<Slots>,
) -> Answer<Json<Done>> {
    let words = line(person.language);
    let slots = named(&app, &wish.slots, words)?;
    for slot in &slots {
        let begun = app.services.floor.retry(slot, &person.act(words.scanned_reason)).await;
        begun.map_err(|error| floor_problem(error, person.language))?;
    }
    Ok(done(words.retrying, &[&list(&slots)]))
}

/// Sends a unit to quarantine.
pub(super) async fn quarantine(
    State(app): State<AppState>,
    person: Principal,
    Form(deed): Form<Deed>,
) -> Answer<Json<Done>> {
    let words = line(person.language);
    let (act, now) = (person.act(deed.reason.trim()), (app.services.clock)());
    let ended = app.services.store.quarantine_unit(deed.mac, &act, now).await;
    app.services.floor.cut(&ended.map_err(|error| unit_problem(deed.mac, error, words))?);
    Ok(done(words.quarantine_done, &[&deed.mac.to_string()]))
}

/// Lets a unit out of quarantine.
pub(super) async fn release(
    State(app): State<AppState>,
    person: Principal,
    Form(deed): Form<Deed>,
) -> Answer<Json<Done>> {
    let words = line(person.language);
    let (act, now) = (person.act(deed.reason.trim()), (app.services.clock)());
    let ended = app.services.store.release_unit(deed.mac, &act, now).await;
    app.services.floor.cut(&ended.map_err(|error| unit_problem(deed.mac, error, words))?);
    Ok(done(words.release_done, &[&deed.mac.to_string()]))
}

fn done(text: &str, values: &[&str]) -> Json<Done> {
    Json(Done { what: fill(text, values) })
}

fn list(slots: &[SlotId]) -> String {
    slots.iter().map(SlotId::as_str).collect::<Vec<_>>().join(", ")
}

/// Slots that work on nothing.
fn standing_still(app: &App) -> Vec<SlotId> {
    let slots = app.services.floor.slots().into_iter();
    slots.filter(|place| place.batch.is_none() && place.busy.is_none()).map(|place| place.slot).collect()
}

/// The slots that a request names, each one of the station's.
fn named(app: &App, text: &str, words: &LineWords) -> Result<Vec<SlotId>, HttpProblem> {
    let names = text.split(',').map(str::trim).filter(|name| !name.is_empty()).take(SLOTS_MAX);
    let known = app.services.floor.slots();
    let slot = |name: &str| {
        let slot = known.iter().find(|place| place.slot.as_str() == name).map(|place| place.slot.clone());
        slot.ok_or_else(|| no_such_slot(name, words))
    };
    let slots = names.map(slot).collect::<Result<Vec<_>, _>>()?;
    if slots.is_empty() {
        let why = words.choose_slot_why.replace("{}", "…");
        return Err(problem(StatusCode::BAD_REQUEST, "no_slot_chosen", words.choose_slot, &why, words.choose_slot_do));
    }
    Ok(slots)
}

/// A problem in the words of the page.
fn problem(status: StatusCode, code: &str, what: &str, why: &str, remedy: &str) -> HttpProblem {
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

/// What the record refuses of a unit.
fn unit_problem(mac: Mac, error: UnitActError, words: &LineWords) -> HttpProblem {
    let (status, code, what, why, remedy) = match error {
        UnitActError::Store(error) => return error.into(),
        UnitActError::UnknownUnit => {
            (StatusCode::NOT_FOUND, "not_found", words.unknown_unit, words.unknown_unit_why, words.unknown_unit_do)
        }
        UnitActError::InWork { .. } => {
            (StatusCode::CONFLICT, "unit_in_work", words.unit_in_work, words.unit_in_work_why, words.unit_in_work_do)
        }
        UnitActError::Quarantined => (
            StatusCode::CONFLICT,
            "unit_quarantined",
            words.in_quarantine_already,
            words.in_quarantine_why,
            words.in_quarantine_do,
        ),
        UnitActError::NotQuarantined => (
            StatusCode::CONFLICT,
            "unit_not_quarantined",
            words.not_in_quarantine,
            words.not_in_quarantine_why,
            words.not_in_quarantine_do,
        ),
        UnitActError::Scrapped => {
            (StatusCode::CONFLICT, "unit_scrapped", words.was_scrapped, words.was_scrapped_why, words.was_scrapped_do)
        }
        UnitActError::Unexplained => (
            StatusCode::BAD_REQUEST,
            "reason_missing",
            words.reason_missing,
            words.reason_missing_why,
            words.reason_missing_do,
        ),
    };
    problem(status, code, &fill(what, &[&mac.to_string()]), why, remedy)
}
