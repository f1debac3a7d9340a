//! How a run ended, as it stands on record.

use firstpass_domain::{Diagnosis, DiagnosisCode, Mac, Problem, RunId, RunState};
use firstpass_store::RunDetail;
use serde::Serialize;

use crate::event::LineEventKind;

/// How a run ended, as it stands on record.
#[derive(Debug, Clone, Serialize)]
pub struct RunReport {
    /// The run.
    pub run: RunId,
    /// The unit, when it was identified.
    pub mac: Option<Mac>,
    /// Whether it passed.
    pub passed: bool,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
    /// Why it failed.
    pub diagnosis: Option<Diagnosis>,
    /// Cause and remedy of a failure, in English.
    pub problem: Option<Problem>,
    /// Whether the same unit came to a verdict on the slot again after it, by the recipe's rule for retries: then that
    /// one counts, and not this.
    pub retried: bool,
}

/// How runs came out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RunCounts {
    /// Runs that passed.
    pub passed: usize,
    /// Runs that failed, and whose unit was not tried again on its slot.
    pub failed: usize,
    /// Runs that failed, after which their unit was tried again on its slot by the recipe's rule.
    pub retried: usize,
}

impl RunCounts {
    pub(crate) const fn count(&mut self, passed: bool) {
        if passed { self.passed += 1 } else { self.failed += 1 }
    }

    /// A run that failed is followed by another of its unit.
    pub(crate) const fn retry(&mut self) {
        (self.failed, self.retried) = (self.failed - 1, self.retried + 1);
    }

    /// Adds those of another slot.
    pub(crate) const fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.retried += other.retried;
    }
}

impl RunReport {
    pub(super) const fn passed(run: RunId, mac: Option<Mac>, duration_ms: u64) -> Self {
        Self { run, mac, passed: true, duration_ms, diagnosis: None, problem: None, retried: false }
    }

    pub(super) fn failed(run: RunId, mac: Option<Mac>, diagnosis: &Diagnosis, duration_ms: u64) -> Self {
        let problem = Some(diagnosis.problem());
        Self { run, mac, passed: false, duration_ms, diagnosis: Some(diagnosis.clone()), problem, retried: false }
    }

    /// A run that has ended, as it stands on record; `None` while it is open.
    pub(crate) fn on_record(detail: &RunDetail) -> Option<Self> {
        let run = &detail.run;
        let duration_ms = run.ended.map_or(0, |ended| ended.since(run.began).as_millis());
        let duration_ms = u64::try_from(duration_ms).unwrap_or(u64::MAX);
        match (run.state, &detail.diagnosis) {
            (RunState::Passed, _) => Some(Self::passed(run.id, run.mac, duration_ms)),
            (RunState::Failed { .. }, Some(diagnosis)) => Some(Self::failed(run.id, run.mac, diagnosis, duration_ms)),
            (RunState::Failed { .. }, None) | (RunState::Open, _) => None,
        }
    }

    /// Code of the failure.
    pub fn code(&self) -> Option<DiagnosisCode> {
        self.diagnosis.as_ref().map(|diagnosis| diagnosis.code)
    }

    /// What those who watch are told of the end.
    pub(crate) fn event(&self) -> Option<LineEventKind> {
        let (run, duration_ms) = (self.run, self.duration_ms);
        match (&self.diagnosis, self.mac) {
            (None, Some(mac)) => Some(LineEventKind::Passed { run, mac, duration_ms }),
            (None, None) => None,
            (Some(diagnosis), mac) => {
                let (step, problem) = (diagnosis.step, diagnosis.problem());
                Some(LineEventKind::Failed { run, mac, step, duration_ms, problem })
            }
        }
    }
}
