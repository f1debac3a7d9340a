//! What people change of a batch: pause, resume, close, another size, slots that work on it. Each with name and reason on
//! record.

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Redirect},
};
use firstpass_store::{BatchRecord, BatchSize, BatchState, StoreError};

use super::{
    address, find,
    form::{Fields, Sent},
};
use crate::{
    AppState,
    access::Principal,
    extract::{Form, Path},
    problem::{Answer, HttpProblem},
};

/// `POST /batches/{id}/state`: pauses, resumes or closes it.
pub(super) async fn set_state(
    State(app): State<AppState>,
    person: Principal,
    Path(id): Path<String>,
    Form(sent): Form<Sent>,
) -> Answer {
    let (batch, fields) = (find(&app, &id).await?, Fields::of(sent));
    let state = BatchState::ALL.into_iter().find(|state| state.name() == fields.text("to"));
    let state = state.ok_or_else(|| {
        let why = format!("It would be {:?}.", fields.text("to"));
        HttpProblem::bad_request("state_invalid", why, "Say open, paused or closed.")
    })?;
    let act = person.act(fields.reason()?);
    let changed = app.services.store.set_batch_state(batch.id, state, &act, (app.services.clock)()).await;
    changed.map_err(|error| {
        refused(error, "The batch stays as it is.", "A closed batch stays closed; open another one.")
    })?;
    Ok(back(&batch))
}

/// `POST /batches/{id}/size`: another quantity or quota.
pub(super) async fn change_size(
    State(app): State<AppState>,
    person: Principal,
    Path(id): Path<String>,
    Form(sent): Form<Sent>,
) -> Answer {
    let (batch, fields) = (find(&app, &id).await?, Fields::of(sent));
    let size = BatchSize { quantity: fields.units("quantity")?, quota: fields.units("quota")? };
    let act = person.act(fields.reason()?);
    let remedy = "Scrap units that will not be delivered, or name a number that has room for them.";
    let changed = app.services.store.change_batch(batch.id, &size, &act, (app.services.clock)()).await;
    changed.map_err(|error| refused(error, "The batch cannot be changed so.", remedy))?;
    Ok(back(&batch))
}

/// `POST /batches/{id}/start`: sets slots to work on it.
pub(super) async fn start(
    State(app): State<AppState>,
    person: Principal,
    Path(id): Path<String>,
    Form(sent): Form<Sent>,
) -> Answer {
    let (batch, fields) = (find(&app, &id).await?, Fields::of(sent));
    let slots = fields.slots()?;
    app.services.floor.start(batch.id, &slots, &person.act("")).await?;
    Ok(back(&batch))
}

fn back(batch: &BatchRecord) -> axum::response::Response {
    Redirect::to(&address(batch.id)).into_response()
}

/// What is on record stands against it: no fault of the record's.
pub(super) fn refused(error: StoreError, what: &str, remedy: &str) -> HttpProblem {
    match error {
        StoreError::Conflict { conflict, .. } => {
            HttpProblem::new(StatusCode::CONFLICT, "batch_refused", what, format!("{}.", capital(&conflict)), remedy)
        }
        StoreError::BatchNotOpen { .. }
        | StoreError::Unavailable { .. }
        | StoreError::Full { .. }
        | StoreError::ReadOnly { .. }
        | StoreError::Corrupt { .. } => error.into(),
    }
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}
