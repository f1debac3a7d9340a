//! A span for each request, named by the template of its route: what stands in an address is none of it, and nothing that
//! somebody says who is not known.

use std::sync::Arc;

use axum::{
    extract::{MatchedPath, Request, State},
    middleware::Next,
    response::Response,
};

use super::span::{Kind, Span, SpanId, TraceId, Value, parent_of};
use crate::{AppState, access::Principal, metrics};

/// Routes that only machines and browsers ask for by themselves.
const SILENT: [&str; 5] = ["/static/{*name}", "/favicon.ico", "/healthz", "/readyz", "/metrics"];

/// Tells of a request and the time until the head of its answer.
pub(crate) async fn observe(State(app): State<AppState>, request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let is_silent = route.as_deref().is_none_or(|route| SILENT.contains(&route));
    if !app.telemetry.is_on() || is_silent {
        return next.run(request).await;
    }
    let method = metrics::method(request.method()).to_owned();
    let parent = request.headers().get("traceparent").and_then(|header| parent_of(header.to_str().ok()?));
    let began = (app.services.clock)();
    let response = next.run(request).await;
    let parent = parent.filter(|_| response.extensions().get::<Arc<Principal>>().is_some());
    let status = response.status();
    let route = route.unwrap_or_default();
    app.telemetry.take(Span {
        trace: parent.map_or_else(TraceId::new, |(trace, _)| trace),
        id: SpanId::new(),
        parent: parent.map(|(_, span)| span),
        name: format!("{method} {route}"),
        kind: Kind::Server,
        began,
        ended: (app.services.clock)(),
        attributes: vec![
            ("http.request.method", Value::Text(method)),
            ("http.route", Value::Text(route)),
            ("http.response.status_code", Value::Whole(status.as_u16().into())),
        ],
        // What a client did wrong is no failure of the server.
        error: status.is_server_error().then(|| format!("it was answered with {status}")),
    });
    response
}
