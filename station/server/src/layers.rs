//! What every request and every answer goes through, from the outside in: a panic becomes an answer, headers that hold
//! browsers back, words for people, compression, limits of rate, number and time, then who asks, and whether from here.

mod headers;
mod limits;
mod live;
mod plain;
mod present;

use axum::{
    Router,
    extract::DefaultBodyLimit,
    middleware::{from_fn, from_fn_with_state},
};
use tower_http::{
    catch_panic::CatchPanicLayer,
    compression::{
        CompressionLayer,
        predicate::{DefaultPredicate, NotForContentType, Predicate},
    },
};

pub(crate) use limits::Counters;
pub(crate) use plain::plain;

use crate::{
    AppState,
    auth::{csrf, identify::identify},
    metrics, telemetry,
};

/// Longest body of a request; a route may take less.
const BODY_MAX: usize = 256 << 10;

/// Puts the layers around the routes.
pub(crate) fn around(routes: Router<AppState>, app: &AppState) -> Router {
    let state = || AppState::clone(app);
    // The last one added is the outermost.
    routes
        // Inside of what shows problems to people.
        .layer(CatchPanicLayer::custom(present::panicked))
        .layer(from_fn(csrf::check))
        .layer(from_fn_with_state(state(), limits::per_person))
        .layer(from_fn_with_state(state(), live::end_with_login))
        .layer(from_fn_with_state(state(), identify))
        .layer(DefaultBodyLimit::max(BODY_MAX))
        .layer(from_fn(limits::time))
        .layer(from_fn_with_state(state(), limits::number))
        .layer(from_fn_with_state(state(), limits::per_address))
        .layer(from_fn(present::present))
        .layer(CompressionLayer::new().compress_when(worth_packing()))
        .layer(from_fn_with_state(state(), headers::harden))
        .layer(CatchPanicLayer::custom(present::panicked))
        .layer(from_fn_with_state(state(), metrics::observe))
        .layer(from_fn_with_state(state(), telemetry::observe))
        .with_state(state())
}

/// What is packed on its way: all that is usual, but no archive, which is packed already.
fn worth_packing() -> impl Predicate {
    DefaultPredicate::new().and(NotForContentType::const_new("application/zip"))
}
