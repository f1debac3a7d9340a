//! What people do with a unit from the line page: one act on record each, with the person's name and reason.

use std::sync::Arc;

use axum::extract::State;
use firstpass_domain::Mac;
use firstpass_store::UnitActError;
use http::StatusCode;
use serde::Deserialize;

use super::acts::{Done, done, problem};
use crate::{
    AppState,
    access::Principal,
    api::extract::reason,
    extract::{Form, Json},
    problem::{Answer, HttpProblem},
    words::{LineWords, fill, line},
};

/// Which unit, and why.
#[derive(Debug, Deserialize)]
pub(super) struct Deed {
    mac: Mac,
    #[serde(default)]
    reason: String,
}

/// Sends a unit to quarantine.
pub(super) async fn quarantine(
    State(app): State<AppState>,
    person: Principal,
    Form(deed): Form<Deed>,
) -> Answer<Json<Done>> {
    let words = line(person.language);
    let (mac, act) = (deed.mac, person.act(reason(Some(deed.reason))?));
    let ended = to_its_end(&app, move |app| async move {
        let now = (app.services.clock)();
        app.services.store.quarantine_unit(mac, &act, now).await
    });
    ended.await?.map_err(|error| unit_problem(mac, error, words))?;
    Ok(done(words.quarantine_done, &[&mac.to_string()]))
}

/// Lets a unit out of quarantine.
pub(super) async fn release(
    State(app): State<AppState>,
    person: Principal,
    Form(deed): Form<Deed>,
) -> Answer<Json<Done>> {
    let words = line(person.language);
    let (mac, act) = (deed.mac, person.act(reason(Some(deed.reason))?));
    let ended = to_its_end(&app, move |app| async move {
        let now = (app.services.clock)();
        app.services.store.release_unit(mac, &act, now).await
    });
    ended.await?.map_err(|error| unit_problem(mac, error, words))?;
    Ok(done(words.release_done, &[&mac.to_string()]))
}

/// Does what the record is asked for, and cuts the connections that end with it: both, although whoever asked goes away.
async fn to_its_end<F>(app: &AppState, act: impl FnOnce(AppState) -> F) -> Answer<Result<(), UnitActError>>
where
    F: Future<Output = Result<Vec<String>, UnitActError>> + Send + 'static,
{
    let (floor, act) = (Arc::clone(&app.services.floor), act(Arc::clone(app)));
    let task = tokio::spawn(async move {
        floor.cut(&act.await?);
        Ok(())
    });
    // A task ends without a word only when it panicked.
    task.await.map_err(|_| HttpProblem::of_status(StatusCode::INTERNAL_SERVER_ERROR))
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
