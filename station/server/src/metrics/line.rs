//! What happens on the slots, counted.

use std::convert::Infallible;

use firstpass_domain::Step;
use firstpass_line::event::{LineEvent, LineEventKind};
use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, histogram::Histogram},
    registry::{Registry, Unit},
};
use tokio::sync::broadcast::{Receiver, error::RecvError};

/// Upper ends of the buckets of steps and runs, in seconds: from a look at the chip to a stuck run.
const SECONDS: [f64; 14] = [0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 45.0, 60.0, 90.0, 120.0, 300.0];
/// Milliseconds of a second.
const MS_PER_S: f64 = 1000.0;

type Durations<L> = Family<L, Histogram, fn() -> Histogram>;

/// Runs and steps since the server started.
pub(crate) struct LineMetrics {
    runs: Family<RunLabels, Counter>,
    run_duration: Durations<ResultLabels>,
    step_duration: Durations<StepLabels>,
    retries: Counter,
    slot_stops: Counter,
    missed: Counter,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RunLabels {
    result: &'static str,
    /// Code of the diagnosis; empty for a pass.
    diagnosis: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ResultLabels {
    result: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StepLabels {
    step: &'static str,
}

fn histogram() -> Histogram {
    Histogram::new(SECONDS)
}

#[expect(clippy::cast_precision_loss, reason = "no step takes 2^53 milliseconds")]
fn seconds(duration_ms: u64) -> f64 {
    duration_ms as f64 / MS_PER_S
}

impl LineMetrics {
    pub(super) fn new(registry: &mut Registry) -> Self {
        let made = Self {
            runs: Family::default(),
            run_duration: Family::new_with_constructor(histogram),
            step_duration: Family::new_with_constructor(histogram),
            retries: Counter::default(),
            slot_stops: Counter::default(),
            missed: Counter::default(),
        };
        registry.register("runs", "Runs that ended, by result and diagnosis", made.runs.clone());
        let help = "How long runs took, from the unit's appearance to the verdict";
        registry.register_with_unit("run_duration", help, Unit::Seconds, made.run_duration.clone());
        let help = "How long steps took that came to their end";
        registry.register_with_unit("step_duration", help, Unit::Seconds, made.step_duration.clone());
        registry.register("retries", "Runs that followed a failed one in place", made.retries.clone());
        registry.register("slot_stops", "How often a slot could not go on", made.slot_stops.clone());
        let help = "Events of the line that the metrics missed because they came too fast";
        registry.register("missed_events", help, made.missed.clone());
        for result in ["passed", "failed"] {
            drop(made.run_duration.get_or_create(&ResultLabels { result }));
        }
        for step in Step::ALL {
            drop(made.step_duration.get_or_create(&StepLabels { step: step.name() }));
        }
        drop(made.runs.get_or_create(&RunLabels { result: "passed", diagnosis: String::new() }));
        made
    }

    /// Counts the line's events; never ends.
    pub(crate) async fn follow(&self, mut events: Receiver<LineEvent>) -> Infallible {
        loop {
            match events.recv().await {
                Ok(event) => self.take(&event.kind),
                Err(RecvError::Lagged(skipped)) => {
                    self.missed.inc_by(skipped);
                }
                Err(RecvError::Closed) => std::future::pending().await,
            }
        }
    }

    fn take(&self, kind: &LineEventKind) {
        if let LineEventKind::Passed { duration_ms, .. } = kind {
            self.ended("passed", "", *duration_ms);
        } else if let LineEventKind::Failed { duration_ms, problem, .. } = kind {
            // Only codes of the catalogue are labels: whatever else comes is counted together.
            let code = problem.diagnosis().map_or("other", |code| code.name());
            self.ended("failed", code, *duration_ms);
        } else if let LineEventKind::StepEnded { step, duration_ms, .. } = kind {
            self.step_duration.get_or_create(&StepLabels { step: step.name() }).observe(seconds(*duration_ms));
        } else if let LineEventKind::Retrying { .. } = kind {
            self.retries.inc();
        } else if let LineEventKind::SlotStopped { .. } = kind {
            self.slot_stops.inc();
        }
    }

    fn ended(&self, result: &'static str, diagnosis: &str, duration_ms: u64) {
        self.runs.get_or_create(&RunLabels { result, diagnosis: diagnosis.to_owned() }).inc();
        self.run_duration.get_or_create(&ResultLabels { result }).observe(seconds(duration_ms));
    }
}
