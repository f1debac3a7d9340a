//! The routes: extract, call once, convert.

use std::{sync::PoisonError, time::Duration};

use axum::{
    Json, Router,
    extract::State,
    http::StatusCode,
    response::{Html, IntoResponse, Response},
    routing::get,
};
use firstpass_line::{board::Board, store_problem};

use crate::AppState;

/// Longest time for one answer; a record that takes longer is not ready.
const READY_TIMEOUT: Duration = Duration::from_secs(2);

/// Page that shows the board; static, it asks `/api/v1/slots` by itself.
const PAGE: &str = include_str!("../../../web/static/index.html");

pub(crate) fn router(state: AppState) -> Router {
    Router::new()
        .route("/", get(|| async { Html(PAGE) }))
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .route("/api/v1/slots", get(slots))
        .with_state(state)
}

async fn slots(State(state): State<AppState>) -> Json<Board> {
    Json(state.board.read().unwrap_or_else(PoisonError::into_inner).clone())
}

/// Ready means that the record answers: without it no unit can pass.
async fn ready(State(state): State<AppState>) -> Response {
    match tokio::time::timeout(READY_TIMEOUT, state.store.audit_entries(0, 1)).await {
        Ok(Ok(_)) => "ready\n".into_response(),
        Ok(Err(error)) => (StatusCode::SERVICE_UNAVAILABLE, Json(store_problem(&error))).into_response(),
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "the record does not answer\n").into_response(),
    }
}
