//! Traces for a collector that speaks OpenTelemetry: a span for each run with its steps, and one for each request.
//!
//! Written here and not with the `opentelemetry` crates: what is sent is one stable JSON format, and they would add twenty
//! seconds of compiling. Whoever makes a span never waits: the queue is bounded, and what finds it full is dropped and
//! counted. A collector that fails is a line in the log. Nothing on record depends on any of it.

mod client;
mod endpoint;
mod export;
mod otlp;
mod requests;
mod runs;
mod span;

use std::{
    convert::Infallible,
    path::PathBuf,
    sync::atomic::{AtomicU64, Ordering},
};

use serde::Deserialize;
use tokio::sync::{Mutex, mpsc};

pub use endpoint::Endpoint;
pub(crate) use requests::observe;

use crate::AppState;
use export::Exporter;
use span::Span;

/// Spans that wait for the collector.
const QUEUE_MAX: usize = 4096;

/// `[telemetry]`
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TelemetryOptions {
    /// Where the collector takes OTLP over HTTP; without it, nothing is sent.
    pub otlp_endpoint: Option<Endpoint>,
    /// Authorities (PEM) that the collector's certificate may come from; without it, those that the system trusts.
    pub ca_file: Option<PathBuf>,
    /// How long spans are gathered before they are sent, in milliseconds.
    pub gather_ms: Option<u32>,
}

/// Where spans go.
pub(crate) struct Telemetry {
    /// `None` when nothing is sent.
    sender: Option<mpsc::Sender<Span>>,
    /// Spans that found the queue full.
    dropped: AtomicU64,
    exporter: Mutex<Option<Exporter>>,
}

impl Telemetry {
    /// As the configuration says.
    pub(crate) fn new(options: &TelemetryOptions, station: &str) -> Self {
        let Some(endpoint) = options.otlp_endpoint.clone() else {
            return Self { sender: None, dropped: AtomicU64::new(0), exporter: Mutex::new(None) };
        };
        let (sender, receiver) = mpsc::channel(QUEUE_MAX);
        let exporter = Exporter::new(endpoint, options, station, receiver);
        Self { sender: Some(sender), dropped: AtomicU64::new(0), exporter: Mutex::new(Some(exporter)) }
    }

    /// Whether anything is sent.
    const fn is_on(&self) -> bool {
        self.sender.is_some()
    }

    /// Hands a span over; never waits.
    fn take(&self, span: Span) {
        let is_lost = self.sender.as_ref().is_some_and(|sender| sender.try_send(span).is_err());
        if is_lost {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Follows the line's runs and sends what there is; never ends.
pub(crate) async fn serve(app: AppState) -> Infallible {
    if !app.telemetry.is_on() {
        return std::future::pending().await;
    }
    let mut exporter = app.telemetry.exporter.lock().await;
    let Some(exporter) = exporter.as_mut() else { return std::future::pending().await };
    tokio::select! {
        never = runs::follow(&app) => never,
        never = exporter.run(&app.telemetry.dropped) => never,
    }
}

/// Sends what is left when the server ends, if the collector takes it at once.
pub(crate) async fn finish(app: &AppState) {
    if let Some(exporter) = app.telemetry.exporter.lock().await.as_mut() {
        exporter.finish().await;
    }
}
