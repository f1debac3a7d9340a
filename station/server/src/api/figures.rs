//! The figures of a batch, as the API tells them.

use firstpass_store::{BatchFigures, BatchYield, Histogram};
use serde::Serialize;
use utoipa::ToSchema;

use super::wire::Time;

/// How a batch comes out. A repair counts nowhere but in `diagnoses`.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Figures {
    /// Units and attempts, counted.
    yields: Yields,
    /// How often each diagnosis ended a run, most frequent first.
    diagnoses: Vec<DiagnosisCount>,
    /// The steps that were ever done, in the order of the line.
    steps: Vec<StepTimes>,
    /// The slots that ever had a run.
    slots: Vec<SlotTimes>,
    /// The hours in which attempts ended, oldest first.
    hours: Vec<Hour>,
}

/// Units and attempts, counted.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Yields {
    /// Units that were admitted.
    units: u32,
    /// Units with at least one attempt: what the first-pass yield is a share of.
    tried: u32,
    /// Units whose first attempt passed.
    first_passed: u32,
    /// Units whose newest attempt passed, and that are neither in work nor on hold.
    passed: u32,
    /// Units whose newest attempt failed, and that are neither in work nor on hold.
    failed: u32,
    /// Units in quarantine.
    quarantined: u32,
    /// Units that were scrapped.
    scrapped: u32,
    /// Units in a slot, or never tried to the end.
    in_work: u32,
    /// Attempts.
    attempts: u32,
    /// Attempts after the first of their unit.
    retests: u32,
    /// Runs that were interrupted or cancelled.
    interrupted: u32,
}

impl From<&BatchYield> for Yields {
    fn from(counted: &BatchYield) -> Self {
        Self {
            units: counted.units,
            tried: counted.tried(),
            first_passed: counted.first_passed,
            passed: counted.passed,
            failed: counted.failed,
            quarantined: counted.quarantined,
            scrapped: counted.scrapped,
            in_work: counted.in_work,
            attempts: counted.runs,
            retests: counted.retests,
            interrupted: counted.interrupted,
        }
    }
}

/// How often a diagnosis ended a run.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DiagnosisCount {
    /// Its code.
    #[schema(examples("boot_silent"))]
    code: &'static str,
    /// How often.
    count: u32,
}

/// How long something takes, in milliseconds, right to 6 %; null when it never happened.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Percentiles {
    /// Half take no longer.
    p50_ms: Option<u64>,
    /// Nine of ten take no longer.
    p90_ms: Option<u64>,
    /// 99 of 100 take no longer.
    p99_ms: Option<u64>,
}

impl From<&Histogram> for Percentiles {
    fn from(times: &Histogram) -> Self {
        let [p50_ms, p90_ms, p99_ms] = [50, 90, 99].map(|percent| times.percentile_ms(percent));
        Self { p50_ms, p90_ms, p99_ms }
    }
}

/// How long a step takes.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct StepTimes {
    /// The step.
    #[schema(examples("flash"))]
    step: &'static str,
    /// How often it was done.
    count: u32,
    /// How often it ended the run.
    failed: u32,
    /// How long it took when it was done.
    duration: Percentiles,
}

/// How a slot does.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SlotTimes {
    /// Its station.
    station: String,
    /// The slot.
    slot: String,
    /// Attempts.
    attempts: u32,
    /// Attempts that passed.
    passed: u32,
    /// Attempts that failed.
    failed: u32,
    /// How long the attempts took that passed.
    cycle: Percentiles,
    /// How often each diagnosis ended an attempt there, most frequent first.
    diagnoses: Vec<DiagnosisCount>,
}

/// What an hour brought.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Hour {
    /// When it began.
    began: Time,
    /// Attempts that passed in it.
    passed: u32,
    /// Attempts that failed in it, and runs that did before their unit was known.
    failed: u32,
}

pub(super) fn wire(figures: BatchFigures) -> Figures {
    let steps = figures.per_step.iter().map(|step| StepTimes {
        step: step.step.name(),
        count: step.count,
        failed: step.failed,
        duration: (&step.times).into(),
    });
    let slots = figures.per_slot.iter().map(|slot| SlotTimes {
        station: slot.station.to_string(),
        slot: slot.slot.to_string(),
        attempts: slot.runs,
        passed: slot.passed,
        failed: slot.failed,
        cycle: (&slot.cycle).into(),
        diagnoses: counts(&slot.diagnoses),
    });
    let hours = figures.throughput.iter();
    let hours = hours.map(|hour| Hour { began: hour.began.into(), passed: hour.passed, failed: hour.failed });
    Figures {
        yields: (&figures.yield_).into(),
        diagnoses: counts(&figures.yield_.diagnoses),
        steps: steps.collect(),
        slots: slots.collect(),
        hours: hours.collect(),
    }
}

fn counts(diagnoses: &[(firstpass_domain::DiagnosisCode, u32)]) -> Vec<DiagnosisCount> {
    diagnoses.iter().map(|(code, count)| DiagnosisCount { code: code.name(), count: *count }).collect()
}
