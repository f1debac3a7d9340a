//! What a person does about a unit: quarantine, release, scrap; with a reason, which goes on record with the name.

use std::sync::Arc;

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use firstpass_domain::Mac;
use firstpass_store::{Act, UnitActError};
use serde::Deserialize;

use crate::{
    App, AppState,
    access::Principal,
    extract::{Form, Path},
    problem::{Answer, HttpProblem},
};

/// Longest reason.
const REASON_MAX: usize = 500;

/// The form.
#[derive(Debug, Deserialize)]
pub(super) struct Why {
    #[serde(default)]
    reason: String,
}

/// What is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Deed {
    Quarantine,
    Release,
    Scrap,
}

pub(super) async fn quarantine(
    State(app): State<AppState>,
    person: Principal,
    Path(mac): Path<String>,
    Form(why): Form<Why>,
) -> Answer {
    act(&app, &person, &mac, &why, Deed::Quarantine).await
}

pub(super) async fn release(
    State(app): State<AppState>,
    person: Principal,
    Path(mac): Path<String>,
    Form(why): Form<Why>,
) -> Answer {
    act(&app, &person, &mac, &why, Deed::Release).await
}

pub(super) async fn scrap(
    State(app): State<AppState>,
    person: Principal,
    Path(mac): Path<String>,
    Form(why): Form<Why>,
) -> Answer {
    act(&app, &person, &mac, &why, Deed::Scrap).await
}

async fn act(app: &Arc<App>, person: &Principal, mac: &str, why: &Why, deed: Deed) -> Answer<Response> {
    let mac = super::query::mac(mac)?;
    let act = person.act(reason(why)?);
    let ended = done(app, mac, &act, deed).await.map_err(|error| refused(mac, error))?;
    app.services.floor.cut(&ended);
    Ok(Redirect::to(&format!("/units/{mac}")).into_response())
}

async fn done(app: &App, mac: Mac, act: &Act, deed: Deed) -> Result<Vec<String>, UnitActError> {
    let (store, now) = (&app.services.store, (app.services.clock)());
    match deed {
        Deed::Quarantine => store.quarantine_unit(mac, act, now).await,
        Deed::Release => store.release_unit(mac, act, now).await,
        Deed::Scrap => store.scrap_unit(mac, act, now).await,
    }
}

fn reason(why: &Why) -> Answer<String> {
    let reason = why.reason.trim();
    if reason.chars().count() > REASON_MAX {
        let why = format!("The reason has more than {REASON_MAX} characters.");
        return Err(HttpProblem::bad_request("reason_too_long", why, "Say it shorter."));
    }
    Ok(reason.to_owned())
}

fn refused(mac: Mac, error: UnitActError) -> HttpProblem {
    let why = format!("{error}.");
    let problem = |status, code, what: &str, remedy| {
        HttpProblem::new(status, code, format!("Unit {mac} {what}."), why.clone(), remedy)
    };
    match error {
        UnitActError::Store(error) => error.into(),
        UnitActError::UnknownUnit => problem(
            StatusCode::NOT_FOUND,
            "unit_unknown",
            "is not on record",
            "Search for a part of its MAC, or of its serial number.",
        ),
        UnitActError::InWork { .. } => problem(
            StatusCode::CONFLICT,
            "unit_in_work",
            "is in work",
            "Wait for the end of its run, or stop the slot, then try again.",
        ),
        UnitActError::Quarantined => {
            problem(StatusCode::CONFLICT, "unit_quarantined", "is in quarantine already", "Read there why.")
        }
        UnitActError::NotQuarantined => problem(
            StatusCode::CONFLICT,
            "unit_not_quarantined",
            "needs no release",
            "A unit that failed may run again without one.",
        ),
        UnitActError::Scrapped => {
            problem(StatusCode::CONFLICT, "unit_scrapped", "was scrapped", "Scrap is for ever; use another unit.")
        }
        UnitActError::Unexplained => {
            problem(StatusCode::BAD_REQUEST, "act_unexplained", "stays as it is", "Say why; the reason goes on record.")
        }
    }
}
