//! Health and readiness, for supervisors.

use std::time::Duration;

use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use firstpass_line::store_problem;

use crate::{AppState, access::Access, routes::Routes};

/// Longest time for one answer; a record that takes longer is not ready.
const READY_TIMEOUT: Duration = Duration::from_secs(2);

pub(crate) fn routes() -> Routes {
    Routes::default().get("/healthz", Access::Public, async || "ok\n").get("/readyz", Access::Public, ready)
}

/// Ready means that the record answers: without it no unit can pass.
async fn ready(State(app): State<AppState>) -> Response {
    match tokio::time::timeout(READY_TIMEOUT, app.services.store.audit_entries(0, 1)).await {
        Ok(Ok(_)) => "ready\n".into_response(),
        Ok(Err(error)) => (StatusCode::SERVICE_UNAVAILABLE, Json(store_problem(&error))).into_response(),
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "the record does not answer\n").into_response(),
    }
}
