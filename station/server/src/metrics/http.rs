//! Requests, counted by the template of their route: what stands in an address is no label.

use std::time::Instant;

use axum::{
    extract::{MatchedPath, Request, State},
    http::Method,
    middleware::Next,
    response::Response,
};
use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, histogram::Histogram},
    registry::{Registry, Unit},
};

use crate::AppState;

/// Upper ends of the buckets of answers, in seconds.
const SECONDS: [f64; 10] = [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0];
/// What stands for a path that no route has.
const NO_ROUTE: &str = "none";

/// Requests since the server started.
pub(super) struct HttpMetrics {
    requests: Family<RequestLabels, Counter>,
    duration: Family<RouteLabels, Histogram, fn() -> Histogram>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    method: &'static str,
    route: String,
    status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RouteLabels {
    route: String,
}

fn histogram() -> Histogram {
    Histogram::new(SECONDS)
}

impl HttpMetrics {
    pub(super) fn new(registry: &mut Registry) -> Self {
        let (requests, duration) = (Family::default(), Family::new_with_constructor(histogram as fn() -> Histogram));
        registry.register("http_requests", "Requests, by method, route and status", Family::clone(&requests));
        let help = "How long answers took until their head; streams go on after that";
        registry.register_with_unit("http_request_duration", help, Unit::Seconds, Family::clone(&duration));
        Self { requests, duration }
    }
}

/// Methods that are told by their name; whatever else somebody writes there is told together.
pub(crate) fn method(method: &Method) -> &'static str {
    const KNOWN: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
    KNOWN.into_iter().find(|known| *known == method.as_str()).unwrap_or("other")
}

/// Counts a request and the time until the head of its answer.
pub(crate) async fn observe(State(app): State<AppState>, request: Request, next: Next) -> Response {
    let method = method(request.method());
    let route = request.extensions().get::<MatchedPath>().map_or(NO_ROUTE, MatchedPath::as_str).to_owned();
    let began = Instant::now();
    let response = next.run(request).await;
    let http = &app.metrics.http;
    http.duration.get_or_create(&RouteLabels { route: route.clone() }).observe(began.elapsed().as_secs_f64());
    http.requests.get_or_create(&RequestLabels { method, route, status: response.status().as_u16() }).inc();
    response
}
