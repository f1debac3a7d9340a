//! The record is away, or the disk of the UART logs: waits until it is back, and finds out what became of the run that
//! it was away for. A run that was cut is closed as interrupted, never passed.

use std::{
    fs::File,
    io::{self, Write},
    path::Path,
    time::Duration,
};

use firstpass_domain::{DiagnosisCode, Evidence, Fact, RunId, RunState, Step, Timestamp, Verdict, judge};
use firstpass_store::{RunDetail, RunEnd, Store, StoreError};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use crate::{RunReport, StationError, blocking::blocking, run::Context};

/// Pause before the record is asked whether it takes writes again.
const CHECK_PAUSE: Duration = Duration::from_millis(500);
/// Longest such pause, for a record that takes the question and then not the work.
const CHECK_PAUSE_MAX: Duration = Duration::from_secs(60);
/// How often a run is read again that somebody else ended while it was to be closed.
const SETTLE_TRIES_MAX: u32 = 3;
/// What a disk must take before it counts as good again: about a unit's log.
const PROBE_BYTES: usize = 64 * 1024;

/// Waits until the record and the log folder take writes; `false` when `token` was cancelled first. `outages`: how many
/// there were without a verdict between them, this one included.
pub(crate) async fn wait_until_over(context: &Context, outages: u32, token: &CancellationToken) -> bool {
    loop {
        tokio::select! {
            () = token.cancelled() => return false,
            () = sleep(pause(outages)) => {}
        }
        match is_over(context).await {
            Ok(()) => return true,
            Err(error) => debug!(error = &error as &dyn std::error::Error, "still no writes"),
        }
    }
}

/// Doubles with every outage that follows another without a verdict between them.
fn pause(outages: u32) -> Duration {
    CHECK_PAUSE.saturating_mul(1 << outages.saturating_sub(1).min(u32::BITS - 1)).min(CHECK_PAUSE_MAX)
}

async fn is_over(context: &Context) -> Result<(), StationError> {
    context.store.check().await?;
    let probe = context.options.uart_dir.join(format!(".{}.probe", uuid::Uuid::new_v4()));
    let probed = blocking("trying the folder of the UART logs", move || try_write(&probe)).await?;
    probed.map_err(|error| StationError::Log(Box::new(error)))
}

fn try_write(path: &Path) -> io::Result<()> {
    let written = File::create(path).and_then(|mut file| file.write_all(&[0; PROBE_BYTES]));
    // Also when the disk was full in the middle of it.
    let removed = std::fs::remove_file(path);
    written.and(removed)
}

/// Finds out how a run stands on record after an outage. One that is open is closed as interrupted; one that ended is
/// told: an outage may hide the answer of the very commit. `None` when no verdict came of it. `cut` ends the open
/// connections of a broker user whose session has ended.
pub(crate) async fn settle(
    store: &dyn Store,
    run: RunId,
    now: Timestamp,
    cut: impl Fn(&str),
) -> Result<Option<RunReport>, StationError> {
    let mut tries = 1;
    loop {
        let Some(detail) = store.run(run).await? else { return Ok(None) };
        if detail.run.state != RunState::Open {
            ended_sessions(store, &detail).await?.iter().for_each(|username| cut(username));
            let interrupted = detail.diagnosis.as_ref().is_some_and(|found| found.code == DiagnosisCode::Interrupted);
            return Ok(if interrupted { None } else { RunReport::on_record(&detail) });
        }
        match close_interrupted(store, &detail, now).await {
            Ok(ended) => {
                ended.iter().for_each(|username| cut(username));
                return Ok(None);
            }
            // The commit that was under way when the record went away has stood after all.
            Err(StationError::Store(StoreError::Conflict { .. })) if tries < SETTLE_TRIES_MAX => tries += 1,
            Err(error) => return Err(error),
        }
    }
}

/// Broker users of the unit's sessions that may not log in any more: the answer that named them was lost.
async fn ended_sessions(store: &dyn Store, detail: &RunDetail) -> Result<Vec<String>, StationError> {
    let Some(mac) = detail.run.mac else { return Ok(Vec::new()) };
    let sessions = store.unit(mac).await?.map(|unit| unit.sessions).unwrap_or_default();
    let ended = sessions.into_iter().filter(|session| !session.may_log_in());
    Ok(ended.map(|session| session.session.mqtt_username).collect())
}

/// Gives a run that was left open a reason: never a pass, whatever its evidence says. Returns the broker users of the
/// sessions that ended with it.
pub(crate) async fn close_interrupted(
    store: &dyn Store,
    detail: &RunDetail,
    now: Timestamp,
) -> Result<Vec<String>, StationError> {
    let run = &detail.run;
    let step = detail.steps.last().map_or(Step::Identify, |last| last.step);
    let interrupted = Evidence { at: now, fact: Fact::Interrupted { step, cancelled: false } };
    let mut evidence = detail.evidence.clone();
    evidence.push(interrupted.clone());
    let Verdict::Fail(diagnosis) = judge(&detail.policy, &evidence) else {
        return Err(StationError::RecordDisagrees { run: run.id });
    };
    warn!(run = %run.id, slot = %run.slot, unit = ?run.mac, code = diagnosis.code.name(), "closed a run left open");
    Ok(store.finish_run(run.id, &RunEnd::Failed(diagnosis), &[interrupted], now).await?)
}

#[cfg(test)]
mod tests;
