//! The end of a run: the verdict is computed from the record, committed, and only then shown.

use firstpass_domain::{Diagnosis, DiagnosisCode, Evidence, Fact, Mac, Problem, RunId, Verdict, judge};
use firstpass_store::{RunDetail, RunEnd};
use serde::Serialize;
use tracing::{error, info, warn};

use super::Driver;
use crate::{
    StationError,
    crash::{self, CrashPoint},
    event::LineEventKind,
};

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
    /// Cause and remedy of a failure.
    pub problem: Option<Problem>,
}

impl Driver {
    /// Commits a pass, unless the record disagrees with what this process remembers.
    pub(super) async fn end_passed(&self) -> Result<RunReport, StationError> {
        let detail = self.on_record().await?;
        let (verdict, mac) = (judge(&detail.policy, &detail.evidence), detail.run.mac);
        if let Verdict::Fail(diagnosis) = verdict {
            return self.end_failed(diagnosis).await;
        }
        let (Verdict::Pass, Some(mac)) = (verdict, mac) else {
            return Err(StationError::RecordDisagrees { run: self.run.id });
        };
        let crash_at = self.context.options.crash_at;
        crash::reach(crash_at, CrashPoint::BeforePass);
        self.finish(&RunEnd::Passed, &[]).await?;
        crash::reach(crash_at, CrashPoint::AfterPass);
        let (run, duration_ms) = (self.run.id, self.duration_ms());
        info!(unit = %mac, %run, duration_ms, "passed");
        self.publish(LineEventKind::Passed { run, mac, duration_ms });
        Ok(RunReport { run, mac: Some(mac), passed: true, duration_ms, problem: None })
    }

    /// Commits a failure. Its codes, sessions and certificates end with it.
    pub(super) async fn end_failed(&self, remembered: Diagnosis) -> Result<RunReport, StationError> {
        let detail = self.on_record().await?;
        // What stands first on record names the failure, so that a replay names the same.
        let diagnosis = match judge(&detail.policy, &detail.evidence) {
            Verdict::Fail(recorded) => recorded,
            Verdict::Pass | Verdict::Open { .. } => remembered,
        };
        self.finish(&RunEnd::Failed(diagnosis.clone()), &[]).await?;
        let (run, mac, duration_ms) = (self.run.id, self.run.mac, self.duration_ms());
        let (problem, step) = (diagnosis.problem(), diagnosis.step);
        warn!(unit = ?mac, %run, code = problem.code, seen = diagnosis.seen, "failed");
        self.publish(LineEventKind::Failed { run, mac, step, duration_ms, problem: problem.clone() });
        Ok(RunReport { run, mac, passed: false, duration_ms, problem: Some(problem) })
    }

    /// The station itself failed in this run. When the record cannot take even this, the next start closes the run.
    pub(super) async fn abandon(&mut self) {
        let step = self.step;
        let fact = Fact::Interrupted { step, cancelled: false };
        let evidence = Evidence { at: self.now(), fact };
        let diagnosis = Diagnosis::new(DiagnosisCode::Interrupted, step, format!("during {step}"));
        if let Err(error) = self.finish(&RunEnd::Failed(diagnosis), &[evidence]).await {
            let error = &error as &dyn std::error::Error;
            error!(error, run = %self.run.id, "could not close the run; the next start will");
        }
    }

    /// Ends the run on record, and then the open connections of every session that ended with it.
    async fn finish(&self, end: &RunEnd, evidence: &[Evidence]) -> Result<(), StationError> {
        let ended = self.context.store.finish_run(self.run.id, end, evidence, self.now()).await?;
        for username in ended {
            self.context.broker.disconnect(&username);
        }
        Ok(())
    }

    async fn on_record(&self) -> Result<RunDetail, StationError> {
        let detail = self.context.store.run(self.run.id).await?;
        detail.ok_or(StationError::RecordDisagrees { run: self.run.id })
    }

    fn duration_ms(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}
