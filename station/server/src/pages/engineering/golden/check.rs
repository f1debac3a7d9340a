//! A golden unit's check of a slot, now: it goes on when the person who began it closes the page.

use std::sync::Arc;

use axum::{extract::State, http::StatusCode, response::Response};
use firstpass_domain::{Problem, SlotId};
use firstpass_line::floor::{FloorError, GoldenOutcome};
use firstpass_store::{Act, BatchId};
use maud::{Markup, html};
use serde::Deserialize;

use super::{
    super::{Tab, ports, problem, state::Check},
    back,
};
use crate::{
    App, AppState,
    access::Principal,
    api::extract::reason,
    extract::Form,
    pages::when,
    problem::{Answer, HttpProblem},
};

/// A check to begin.
#[derive(Debug, Deserialize)]
pub(super) struct Wish {
    slot: String,
    batch: String,
    #[serde(default)]
    reason: String,
}

/// Begins a check. It is a task of its own: a unit in work must not depend on whether somebody looks at the page.
pub(super) async fn begin(State(app): State<AppState>, person: Principal, Form(wish): Form<Wish>) -> Answer<Response> {
    let slot = ports::parse(&wish.slot)?;
    let batch = wish.batch.parse().map(BatchId);
    let batch = batch.map_err(|_| HttpProblem::not_found(format!("There is no batch {:?}.", wish.batch)))?;
    if !app.services.floor.slots().iter().any(|place| place.slot == slot) {
        return Err(HttpProblem::not_found(format!("There is no slot {slot}.")));
    }
    let act = person.act(reason(Some(wish.reason))?);
    let began = (app.services.clock)();
    let mine = take_place(&app, &slot, Check { began, ended: None })?;
    tokio::spawn(run(Arc::clone(&app), batch, mine, act));
    Ok(back())
}

/// Takes the slot's place among the checks, so that two people do not begin one at the same moment.
fn take_place(app: &App, slot: &SlotId, check: Check) -> Answer<SlotId> {
    let mut checks = app.engineering.checks();
    if checks.get(slot).is_some_and(|running| running.ended.is_none()) {
        let what = format!("A golden unit's check is under way on slot {slot}.");
        let (status, why) = (StatusCode::CONFLICT, "Only one unit can be in a slot.");
        return Err(HttpProblem::new(status, "check_under_way", what, why, "Wait until it has ended."));
    }
    checks.insert(slot.clone(), check);
    Ok(slot.clone())
}

async fn run(app: AppState, batch: BatchId, slot: SlotId, act: Act) {
    let outcome = app.services.floor.check_golden(batch, &slot, &act).await;
    let ended = match outcome {
        Ok(GoldenOutcome { problem, .. }) => Ok(problem),
        Err(error) => Err(refused(error)),
    };
    if let Some(check) = app.engineering.checks().get_mut(&slot) {
        check.ended = Some(ended);
    }
}

fn refused(error: FloorError) -> Problem {
    HttpProblem::from(error).problem
}

/// What has become of the checks that were begun since the server started.
pub(super) fn running(app: &App) -> Markup {
    let checks = app.engineering.checks().clone();
    let under_way = checks.values().any(|check| check.ended.is_none());
    html! {
        // Looks again by itself while a check is under way.
        div #checks hx-get=[under_way.then_some(Tab::Golden.path())] hx-trigger=[under_way.then_some("every 2s")]
            hx-select=[under_way.then_some("#checks")] hx-swap=[under_way.then_some("outerHTML")] aria-live="polite"
        {
            @for (slot, check) in &checks { (outcome(slot, check)) }
        }
    }
}

fn outcome(slot: &SlotId, check: &Check) -> Markup {
    html! {
        @match &check.ended {
            None => p.note { span.badge.info { "Check under way" } " Slot " (slot) ", since " (when::time(check.began)) },
            Some(Ok(None)) => p.note { span.badge.ok { "Golden unit passed" } " Slot " (slot) " is good. Begun " (when::time(check.began)) },
            Some(Ok(Some(found)) | Err(found)) => {
                p { span.badge.bad { "Check of slot " (slot) } " begun " (when::time(check.began)) }
                (problem(found))
            }
        }
    }
}
