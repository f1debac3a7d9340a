//! The end of a run: the verdict is computed from the record, committed, and only then shown.

use firstpass_domain::{Diagnosis, Evidence, Fact, RunState, Verdict, judge};
use firstpass_store::{RunDetail, RunEnd, SessionRecord, Store, StoreError};
use tracing::{info, warn};

use super::{Driver, RunReport};
use crate::{
    StationError,
    crash::{self, CrashPoint},
};

impl Driver {
    /// Commits a pass, unless the record disagrees with what this process remembers.
    pub(super) async fn end_passed(&self) -> Result<RunReport, StationError> {
        let detail = self.on_record().await?;
        match judge(&detail.policy, &detail.evidence) {
            Verdict::Fail(diagnosis) => return self.end_failed(diagnosis).await,
            Verdict::Open { .. } => return Err(StationError::RecordDisagrees { run: self.run.id }),
            Verdict::Pass => {}
        }
        let crash_at = self.context.options.crash_at;
        crash::reach(crash_at, CrashPoint::BeforePass);
        match self.finish(&RunEnd::Passed).await {
            Ok(()) => {}
            // Something came on record in the last moment, or the commit has stood although it was told to have failed.
            Err(StationError::Store(StoreError::Conflict { .. })) => return self.end_refused_pass().await,
            Err(error) => return Err(error),
        }
        crash::reach(crash_at, CrashPoint::AfterPass);
        Ok(self.tell_end(RunReport::passed(self.run.id, detail.run.mac, self.duration_ms())))
    }

    /// The record did not take the pass: what it holds decides.
    async fn end_refused_pass(&self) -> Result<RunReport, StationError> {
        let detail = self.on_record().await?;
        match (detail.run.state, judge(&detail.policy, &detail.evidence)) {
            (RunState::Passed, _) => {
                Ok(self.tell_end(RunReport::passed(self.run.id, detail.run.mac, self.duration_ms())))
            }
            (RunState::Open, Verdict::Fail(diagnosis)) => self.end_failed(diagnosis).await,
            (RunState::Open, Verdict::Pass) => match revoked_meanwhile(self.context.store.as_ref(), &detail).await? {
                Some(fact) => self.end_with(fact).await,
                None => Err(StationError::RecordDisagrees { run: self.run.id }),
            },
            (RunState::Open | RunState::Failed { .. }, _) => Err(StationError::RecordDisagrees { run: self.run.id }),
        }
    }

    /// Puts on record what stands against the pass, and commits the failure that it means.
    async fn end_with(&self, fact: Fact) -> Result<RunReport, StationError> {
        let evidence = Evidence { at: self.now(), fact };
        self.context.store.add_evidence(self.run.id, std::slice::from_ref(&evidence)).await?;
        let detail = self.on_record().await?;
        match judge(&detail.policy, &detail.evidence) {
            Verdict::Fail(diagnosis) => self.end_failed(diagnosis).await,
            Verdict::Pass | Verdict::Open { .. } => Err(StationError::RecordDisagrees { run: self.run.id }),
        }
    }

    /// Commits a failure. Its codes, sessions and certificates end with it.
    pub(super) async fn end_failed(&self, remembered: Diagnosis) -> Result<RunReport, StationError> {
        let detail = self.on_record().await?;
        // What stands first on record names the failure, so that a replay names the same.
        let diagnosis = match judge(&detail.policy, &detail.evidence) {
            Verdict::Fail(recorded) => recorded,
            Verdict::Pass | Verdict::Open { .. } => remembered,
        };
        self.finish(&RunEnd::Failed(diagnosis.clone())).await?;
        Ok(self.tell_end(RunReport::failed(self.run.id, self.run.mac, &diagnosis, self.duration_ms())))
    }

    /// Ends the run on record, and then the open connections of every session that ended with it.
    async fn finish(&self, end: &RunEnd) -> Result<(), StationError> {
        let ended = self.context.store.finish_run(self.run.id, end, &[], self.now()).await?;
        for username in ended {
            self.context.broker.disconnect(&username);
        }
        Ok(())
    }

    /// Tells of an end that is on record.
    fn tell_end(&self, report: RunReport) -> RunReport {
        let (run, unit, duration_ms) = (report.run, report.mac, report.duration_ms);
        match &report.diagnosis {
            None => info!(?unit, %run, duration_ms, "passed"),
            Some(found) => warn!(?unit, %run, code = found.code.name(), seen = found.seen, "failed"),
        }
        if let Some(event) = report.event() {
            self.publish(event);
        }
        report
    }

    async fn on_record(&self) -> Result<RunDetail, StationError> {
        let detail = self.context.store.run(self.run.id).await?;
        detail.ok_or(StationError::RecordDisagrees { run: self.run.id })
    }

    fn duration_ms(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

/// The session that a run was to pass with, be it new or kept, when it was revoked while the run was open.
async fn revoked_meanwhile(store: &dyn Store, detail: &RunDetail) -> Result<Option<Fact>, StoreError> {
    let Some(mac) = detail.run.mac else { return Ok(None) };
    let sessions = store.unit(mac).await?.map(|unit| unit.sessions).unwrap_or_default();
    let is_kept = |session: &SessionRecord| {
        let user = &session.session.mqtt_username;
        let keeps = |fact: &Fact| matches!(fact, Fact::SessionKept { mqtt_username, .. } if mqtt_username == user);
        detail.evidence.iter().any(|seen| keeps(&seen.fact))
    };
    let of_run = |session: &SessionRecord| session.run == detail.run.id || is_kept(session);
    let shut = sessions.into_iter().find(|session| of_run(session) && !session.may_log_in());
    Ok(shut.map(|shut| Fact::CredentialsRevoked { mqtt_username: shut.session.mqtt_username }))
}

#[cfg(test)]
mod tests;
