//! What servers and browsers need of the authority: its certificates and the list of those that it revoked. Public, as
//! such files are everywhere: whoever is to trust a certificate must have them first.

use std::time::Duration;

use axum::{
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use firstpass_authority::{Authority, Crl};
use firstpass_gateway::certificates::{RevocationError, revocation_list};

use super::state::Listed;
use crate::{
    App, AppState,
    access::Access,
    problem::{Answer, HttpProblem},
    routes::Routes,
};

/// How old a list may be that is given out: making one reads every revocation on record.
const LIST_AGE_MAX: Duration = Duration::from_secs(60);

const PEM: &str = "application/x-pem-file";
const CERTIFICATE: &str = "application/pkix-cert";
const LIST: &str = "application/pkix-crl";

pub(super) fn routes() -> Routes {
    Routes::default()
        .get("/ca/root.pem", Access::Public, root_pem)
        .get("/ca/root.der", Access::Public, root_der)
        .get("/ca/intermediate.pem", Access::Public, intermediate_pem)
        .get("/ca/intermediate.der", Access::Public, intermediate_der)
        .get("/ca/crl.pem", Access::Public, list_pem)
        .get("/ca/crl.der", Access::Public, list_der)
}

async fn root_pem(State(app): State<AppState>) -> Answer {
    Ok(file("firstpass-root.pem", PEM, authority(&app)?.root_pem().as_bytes().to_vec()))
}

async fn root_der(State(app): State<AppState>) -> Answer {
    Ok(file("firstpass-root.crt", CERTIFICATE, authority(&app)?.root_der().to_vec()))
}

async fn intermediate_pem(State(app): State<AppState>) -> Answer {
    Ok(file("firstpass-intermediate.pem", PEM, authority(&app)?.intermediate_pem().as_bytes().to_vec()))
}

async fn intermediate_der(State(app): State<AppState>) -> Answer {
    Ok(file("firstpass-intermediate.crt", CERTIFICATE, authority(&app)?.intermediate_der().to_vec()))
}

async fn list_pem(State(app): State<AppState>) -> Answer {
    Ok(file("firstpass.crl.pem", PEM, list(&app).await?.pem.into_bytes()))
}

async fn list_der(State(app): State<AppState>) -> Answer {
    Ok(file("firstpass.crl", LIST, list(&app).await?.der))
}

/// The list, at most a minute old. Who asks while one is made waits for that one.
async fn list(app: &App) -> Answer<Crl> {
    let mut kept = app.engineering.list.lock().await;
    let now = (app.services.clock)();
    if let Some(Listed { at, list }) = kept.as_ref()
        && now >= *at
        && now.since(*at) < LIST_AGE_MAX
    {
        return Ok(list.clone());
    }
    let list = made(app).await?;
    *kept = Some(Listed { at: now, list: list.clone() });
    Ok(list)
}

/// A list with everything that was revoked until now; it is the one that is given out from then on.
pub(super) async fn renew(app: &App) -> Answer<Crl> {
    let mut kept = app.engineering.list.lock().await;
    let at = (app.services.clock)();
    let list = made(app).await?;
    *kept = Some(Listed { at, list: list.clone() });
    Ok(list)
}

async fn made(app: &App) -> Answer<Crl> {
    let list = revocation_list(app.services.store.as_ref(), authority(app)?, (app.services.clock)()).await;
    list.map_err(|error| match error {
        RevocationError::Store(error) => error.into(),
        RevocationError::Authority(error) => HttpProblem::told(StatusCode::SERVICE_UNAVAILABLE, error.problem()),
    })
}

/// The station's authority.
pub(super) fn authority(app: &App) -> Answer<&Authority> {
    app.services.authority.as_deref().ok_or_else(|| {
        let why = "It only looks at a record, or was started without one.";
        let remedy = "Ask the station that made the record.";
        HttpProblem::new(StatusCode::NOT_FOUND, "no_authority", "This station has no authority.", why, remedy)
    })
}

/// A file that is kept.
pub(super) fn file(name: &str, media_type: &'static str, content: Vec<u8>) -> Response {
    let disposition = format!("attachment; filename=\"{name}\"");
    let headers = [(header::CONTENT_TYPE, media_type.to_owned()), (header::CONTENT_DISPOSITION, disposition)];
    (headers, [(header::CACHE_CONTROL, "no-cache")], content).into_response()
}
