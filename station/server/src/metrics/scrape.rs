//! Answers Prometheus: what was counted, and what is looked at now. Looking is bounded work, however much is on record.

use axum::{
    extract::State,
    http::header::CONTENT_TYPE,
    response::{IntoResponse, Response},
};
use firstpass_domain::Action;
use firstpass_line::board::SlotState;
use firstpass_store::{BatchSearch, BatchState, RecordCounts, StoreError};
use prometheus_client::{
    encoding::{
        EncodeLabelSet,
        text::{encode_eof, encode_registry},
    },
    metrics::{family::Family, gauge::Gauge},
    registry::{Registry, Unit},
};

use super::PREFIX;
use crate::{AppState, access::Access, routes::Routes};

/// Most open batches that are told of, the newest.
const BATCHES_MAX: u32 = 16;
/// Media type of the text format.
const MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

pub(crate) fn routes() -> Routes {
    Routes::default().get("/metrics", Access::May(Action::SeeMetrics), metrics)
}

async fn metrics(State(app): State<AppState>) -> Response {
    ([(CONTENT_TYPE, MEDIA_TYPE)], text(&app).await).into_response()
}

/// All of it. A record that cannot be read leaves its part out, and says so.
async fn text(app: &AppState) -> String {
    let mut now = Registry::with_prefix(PREFIX);
    slots(app, &mut now);
    let looked = record(app, &mut now).await;
    if let Err(error) = &looked {
        tracing::warn!(error = error as &dyn std::error::Error, "the metrics lack what is on record");
    }
    let readable = Gauge::<i64>::default();
    readable.set(looked.is_ok().into());
    now.register("record_readable", "Whether the record could be read for this answer", readable);
    let mut text = String::new();
    let written = encode_registry(&mut text, &app.metrics.registry);
    let written = written.and_then(|()| encode_registry(&mut text, &now)).and_then(|()| encode_eof(&mut text));
    written.expect("a string takes all that is written to it");
    text
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct SlotLabels {
    slot: String,
    state: &'static str,
}

/// Every state that a slot can have, by the name of its label.
const STATES: [(SlotState, &str); 7] = [
    (SlotState::Waiting, "waiting"),
    (SlotState::Working, "working"),
    (SlotState::Passed, "passed"),
    (SlotState::Failed, "failed"),
    (SlotState::Paused, "paused"),
    (SlotState::Stopped, "stopped"),
    (SlotState::Idle, "idle"),
];

fn slots(app: &AppState, now: &mut Registry) {
    let (states, listeners) = (Family::<SlotLabels, Gauge>::default(), Gauge::<i64>::default());
    let board = app.feed.board();
    for place in app.services.floor.slots() {
        let is = board.slots.get(&place.slot).map_or(SlotState::Idle, |view| view.state);
        for (state, name) in STATES {
            let labels = SlotLabels { slot: place.slot.to_string(), state: name };
            states.get_or_create(&labels).set((state == is).into());
        }
    }
    listeners.set(i64::try_from(app.feed.listeners()).unwrap_or(i64::MAX));
    now.register("slot_state", "1 for the state that the slot is in", states);
    now.register("event_listeners", "Who listens to live events", listeners);
}

async fn record(app: &AppState, now: &mut Registry) -> Result<(), StoreError> {
    let counts = app.services.store.record_counts().await?;
    let bytes = app.services.store.record_bytes().await?;
    on_record(counts, bytes, now);
    batches(app, now).await?;
    webhooks(app, now).await
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct KindLabels {
    kind: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StandingLabels {
    standing: &'static str,
}

fn gauge(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn on_record(counts: RecordCounts, bytes: u64, now: &mut Registry) {
    let (rows, units) = (Family::<KindLabels, Gauge>::default(), Family::<StandingLabels, Gauge>::default());
    let size = Gauge::<i64>::default();
    for (kind, count) in [
        ("units", counts.units),
        ("runs", counts.runs),
        ("open_runs", counts.open_runs),
        ("batches", counts.batches),
        ("open_batches", counts.open_batches),
        ("recipes", counts.recipes),
        ("images", counts.images),
        ("certificates", counts.certificates),
        ("revoked_certificates", counts.revoked_certificates),
        ("audit_entries", counts.audit_entries),
    ] {
        rows.get_or_create(&KindLabels { kind }).set(gauge(count));
    }
    for (standing, count) in [
        ("passed", counts.passed),
        ("failed", counts.failed),
        ("quarantined", counts.quarantined),
        ("scrapped", counts.scrapped),
    ] {
        units.get_or_create(&StandingLabels { standing }).set(gauge(count));
    }
    size.set(gauge(bytes));
    now.register("record_rows", "What is on record, by kind", rows);
    now.register("units", "Units by how they stand", units);
    now.register_with_unit("record_size", "Size of the record", Unit::Bytes, size);
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct BatchLabels {
    batch: String,
    count: &'static str,
}

async fn batches(app: &AppState, now: &mut Registry) -> Result<(), StoreError> {
    let units = Family::<BatchLabels, Gauge>::default();
    let search = BatchSearch { state: Some(BatchState::Open), limit: BATCHES_MAX, ..BatchSearch::default() };
    for batch in app.services.store.batch_page(&search).await? {
        let counted = app.services.store.batch_yield(batch.id).await?;
        for (count, number) in [
            ("ordered", batch.batch.quantity.unwrap_or(0)),
            ("admitted", counted.units),
            ("tried", counted.tried()),
            ("first_passed", counted.first_passed),
            ("passed", counted.passed),
            ("failed", counted.failed),
            ("quarantined", counted.quarantined),
            ("scrapped", counted.scrapped),
            ("in_work", counted.in_work),
        ] {
            let labels = BatchLabels { batch: batch.batch.name.clone(), count };
            units.get_or_create(&labels).set(number.into());
        }
    }
    now.register("batch_units", "Units of the newest open batches, counted", units);
    Ok(())
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct QueueLabels {
    webhook: String,
    state: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct WebhookLabels {
    webhook: String,
}

/// There are at most [`firstpass_store::WEBHOOKS_MAX`] of them.
async fn webhooks(app: &AppState, now: &mut Registry) -> Result<(), StoreError> {
    let (messages, oldest) = (Family::<QueueLabels, Gauge>::default(), Family::<WebhookLabels, Gauge>::default());
    let queues = app.services.store.webhook_queues().await?;
    let clock = (app.services.clock)();
    for record in app.services.store.webhooks().await? {
        let Some(queue) = queues.iter().find(|queue| queue.webhook == record.id) else { continue };
        let webhook = record.settings.name;
        for (state, count) in [("waiting", queue.waiting), ("parked", queue.parked)] {
            messages.get_or_create(&QueueLabels { webhook: webhook.clone(), state }).set(count.into());
        }
        let age = queue.oldest.map_or(0, |made| clock.since(made).as_secs());
        oldest.get_or_create(&WebhookLabels { webhook }).set(gauge(age));
    }
    now.register("webhook_messages", "Messages to webhooks that are not taken yet", messages);
    let help = "Age of the oldest message that waits";
    now.register_with_unit("webhook_oldest_message_age", help, Unit::Seconds, oldest);
    Ok(())
}
