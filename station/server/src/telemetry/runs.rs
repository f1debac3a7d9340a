//! Spans of runs and their steps, made of the line's events. Knows no collector.

use std::{collections::BTreeMap, convert::Infallible};

use firstpass_domain::{Mac, RunId, SlotId, Step, Timestamp};
use firstpass_line::event::{LineEvent, LineEventKind};
use firstpass_store::BatchId;
use tokio::sync::broadcast::error::RecvError;

use super::span::{Kind, Span, SpanId, TraceId, Value};
use crate::{App, AppState};

/// Name of the span of a run.
const RUN: &str = "run";

/// Makes spans of what happens on the slots; never ends.
pub(super) async fn follow(app: &AppState) -> Infallible {
    let mut events = app.services.floor.events();
    let mut runs = Runs::default();
    loop {
        let event = match events.recv().await {
            Ok(event) => event,
            Err(RecvError::Lagged(skipped)) => {
                tracing::warn!(skipped, "traces lack events of the line");
                continue;
            }
            Err(RecvError::Closed) => return std::future::pending().await,
        };
        let batch = match &event.kind {
            LineEventKind::RunBegan { .. } => batch_on(app, &event.slot).await,
            _ => None,
        };
        for span in runs.apply(&event, batch) {
            app.telemetry.take(span);
        }
    }
}

/// The batch that a slot works on, with its name. A record that does not answer is no reason to lose a trace.
async fn batch_on(app: &App, slot: &SlotId) -> Option<Batch> {
    let slots = app.services.floor.slots();
    let id = slots.into_iter().find(|place| place.slot == *slot)?.batch?;
    let record = app.services.store.batch(id).await.ok().flatten();
    Some(Batch { id, name: record.map(|record| record.batch.name) })
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Batch {
    id: BatchId,
    name: Option<String>,
}

/// The runs under way; at most one for each slot.
#[derive(Debug, Default)]
struct Runs(BTreeMap<SlotId, Open>);

#[derive(Debug)]
struct Open {
    run: RunId,
    began: Timestamp,
    batch: Option<Batch>,
    mac: Option<Mac>,
    attempt: Option<u32>,
    /// The step under way.
    step: Option<(Step, Timestamp)>,
    /// Steps so far.
    steps: u32,
}

/// How a run ended.
struct End<'a> {
    outcome: &'static str,
    code: Option<&'a str>,
    error: Option<String>,
}

impl Runs {
    /// The spans that ended with this event.
    fn apply(&mut self, event: &LineEvent, batch: Option<Batch>) -> Vec<Span> {
        let (slot, at) = (&event.slot, event.at);
        match &event.kind {
            LineEventKind::RunBegan { run } => {
                let lost = self.end(slot, at, &End::interrupted());
                let open = Open { run: *run, began: at, batch, mac: None, attempt: None, step: None, steps: 0 };
                self.0.insert(slot.clone(), open);
                return lost;
            }
            LineEventKind::Identified { mac, attempt, .. } => {
                if let Some(open) = self.0.get_mut(slot) {
                    (open.mac, open.attempt) = (Some(*mac), Some(*attempt));
                }
            }
            LineEventKind::StepBegan { step, .. } => {
                if let Some(open) = self.0.get_mut(slot) {
                    (open.step, open.steps) = (Some((*step, at)), open.steps + 1);
                }
            }
            LineEventKind::StepEnded { .. } => {
                return self.0.get_mut(slot).and_then(|open| open.end_step(slot, at, None)).into_iter().collect();
            }
            LineEventKind::Passed { .. } => {
                return self.end(slot, at, &End { outcome: "passed", code: None, error: None });
            }
            LineEventKind::Failed { problem, .. } => {
                let (code, error) = (Some(problem.code.as_str()), Some(problem.what.clone()));
                return self.end(slot, at, &End { outcome: "failed", code, error });
            }
            // The slot is on to something else, and its run came to no end that was told.
            LineEventKind::Waiting | LineEventKind::SlotStopped { .. } | LineEventKind::SlotEnded { .. } => {
                return self.end(slot, at, &End::interrupted());
            }
            LineEventKind::Progress { .. }
            | LineEventKind::Retrying { .. }
            | LineEventKind::BaudReduced { .. }
            | LineEventKind::Paused { .. }
            | LineEventKind::BatchClosed { .. }
            | LineEventKind::SlotResumed
            | LineEventKind::SlotStarted { .. }
            | LineEventKind::SlotStopping { .. } => {}
        }
        Vec::new()
    }

    /// The spans of the run on a slot, when there is one: its last step and itself.
    fn end(&mut self, slot: &SlotId, at: Timestamp, end: &End<'_>) -> Vec<Span> {
        let Some(mut open) = self.0.remove(slot) else { return Vec::new() };
        let step = open.end_step(slot, at, end.error.clone());
        step.into_iter().chain([open.span(slot, at, end)]).collect()
    }
}

impl End<'_> {
    fn interrupted() -> Self {
        Self { outcome: "interrupted", code: None, error: Some("The run came to no end.".to_owned()) }
    }
}

impl Open {
    fn end_step(&mut self, slot: &SlotId, at: Timestamp, error: Option<String>) -> Option<Span> {
        let (step, began) = self.step.take()?;
        Some(Span {
            trace: TraceId::of_run(self.run),
            id: SpanId::in_run(self.run, step.name(), self.steps),
            parent: Some(SpanId::in_run(self.run, RUN, 0)),
            name: step.name().to_owned(),
            kind: Kind::Internal,
            began,
            ended: at,
            attributes: vec![
                ("firstpass.run", Value::Text(self.run.to_string())),
                ("firstpass.slot", Value::Text(slot.to_string())),
                ("firstpass.step", Value::Text(step.name().to_owned())),
            ],
            error,
        })
    }

    fn span(self, slot: &SlotId, at: Timestamp, end: &End<'_>) -> Span {
        let text = |name, text: Option<String>| text.map(|text| (name, Value::Text(text)));
        let batch = self.batch.as_ref();
        let attributes = [
            text("firstpass.run", Some(self.run.to_string())),
            text("firstpass.slot", Some(slot.to_string())),
            text("firstpass.batch", batch.map(|batch| batch.id.0.to_string())),
            text("firstpass.batch.name", batch.and_then(|batch| batch.name.clone())),
            text("firstpass.mac", self.mac.map(|mac| mac.to_string())),
            self.attempt.map(|attempt| ("firstpass.attempt", Value::Whole(attempt.into()))),
            text("firstpass.outcome", Some(end.outcome.to_owned())),
            text("firstpass.diagnosis", end.code.map(ToOwned::to_owned)),
        ];
        Span {
            trace: TraceId::of_run(self.run),
            id: SpanId::in_run(self.run, RUN, 0),
            parent: None,
            name: RUN.to_owned(),
            kind: Kind::Internal,
            began: self.began,
            ended: at,
            attributes: attributes.into_iter().flatten().collect(),
            error: end.error.clone(),
        }
    }
}

#[cfg(test)]
mod tests;
