//! How much the server takes: requests per address and person, requests at a time, and how long one may take. A live
//! stream has begun as soon as its head is sent, so that neither time nor number holds it.

use std::{net::IpAddr, sync::Arc, time::Duration};

use axum::{
    body::{Body, HttpBody as _, to_bytes},
    extract::{Request, State},
    http::StatusCode,
    middleware::Next,
    response::{IntoResponse, Response},
};
use firstpass_gateway::{Rate, RateLimit};
use firstpass_store::UserId;
use tokio::sync::Semaphore;

use super::BODY_MAX;
use crate::{
    App, AppState,
    access::{Principal, Via},
    auth::peer::Peer,
    problem::{HttpProblem, too_often},
    settings,
};

/// How long a request may take until its answer begins.
const TIME_MAX: Duration = Duration::from_secs(60);
/// Addresses, and people, whose requests are counted.
const COUNTED_MAX: usize = 4 * 1024;
/// Several people and programs may come from one address.
const PER_ADDRESS: u32 = 4;

/// The counters.
#[derive(Debug)]
pub(crate) struct Counters {
    addresses: RateLimit<IpAddr>,
    people: RateLimit<(UserId, u64)>,
    places: Semaphore,
}

impl Counters {
    pub(crate) fn new(limits: &settings::Limits) -> Self {
        let rate = |times: u32| Rate {
            burst: limits.burst.saturating_mul(times).max(1),
            interval: Duration::from_secs(1) / limits.per_second.saturating_mul(times).max(1),
        };
        Self {
            addresses: RateLimit::new(rate(PER_ADDRESS), COUNTED_MAX),
            people: RateLimit::new(rate(1), COUNTED_MAX),
            places: Semaphore::new(limits.requests.max(1)),
        }
    }
}

pub(crate) async fn per_address(State(app): State<AppState>, request: Request, next: Next) -> Response {
    let now = (app.services.clock)();
    match app.counters.addresses.ask(Peer::of(request.extensions()), now) {
        Ok(()) => next.run(request).await,
        Err(often) => too_often(often.retry_after),
    }
}

pub(crate) async fn per_person(State(app): State<AppState>, request: Request, next: Next) -> Response {
    let now = (app.services.clock)();
    let person = request.extensions().get::<Arc<Principal>>().map(key);
    match person.map_or(Ok(()), |person| app.counters.people.ask(person, now)) {
        Ok(()) => next.run(request).await,
        Err(often) => too_often(often.retry_after),
    }
}

/// Each token of a person is counted by itself, so that a program does not slow its owner down.
fn key(person: &Arc<Principal>) -> (UserId, u64) {
    let token = match &person.via {
        Via::Session { .. } => 0,
        Via::Token { name, .. } => {
            use std::hash::{DefaultHasher, Hash as _, Hasher as _};
            let mut hasher = DefaultHasher::new();
            name.hash(&mut hasher);
            hasher.finish()
        }
    };
    (person.user, token)
}

/// A place is given when the body has come: whoever sends slowly keeps nobody from one.
pub(crate) async fn number(State(app): State<AppState>, request: Request, next: Next) -> Response {
    let app: Arc<App> = app;
    let request = match whole(request, app.settings.limits.body_timeout()).await {
        Ok(request) => request,
        Err(status) => return HttpProblem::of_status(status).into_response(),
    };
    match app.counters.places.try_acquire() {
        Ok(_place) => next.run(request).await,
        Err(_) => HttpProblem::of_status(StatusCode::SERVICE_UNAVAILABLE).into_response(),
    }
}

/// The request with its whole body; else why not.
async fn whole(request: Request, limit: Duration) -> Result<Request, StatusCode> {
    if request.body().is_end_stream() {
        return Ok(request);
    }
    let (parts, body) = request.into_parts();
    let read = tokio::time::timeout(limit, to_bytes(body, BODY_MAX)).await;
    let bytes = read.map_err(|_| StatusCode::REQUEST_TIMEOUT)?.map_err(|_| StatusCode::PAYLOAD_TOO_LARGE)?;
    Ok(Request::from_parts(parts, Body::from(bytes)))
}

pub(crate) async fn time(request: Request, next: Next) -> Response {
    match tokio::time::timeout(TIME_MAX, next.run(request)).await {
        Ok(response) => response,
        Err(_) => HttpProblem::of_status(StatusCode::SERVICE_UNAVAILABLE).into_response(),
    }
}
