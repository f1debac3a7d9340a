//! Prints a label for every unit that passes on this station, when the configuration wants that. The audit log is the
//! queue: a label comes only after its pass is on record, and none is lost while the printer is out.

use std::{convert::Infallible, future::pending, time::Duration};

use firstpass_domain::{AuditEntry, AuditKind, Mac, RunId, Timestamp};
use firstpass_line::event::LineEventKind;
use firstpass_store::{Act, AuditSearch};
use serde_json::Value;
use tokio::{sync::broadcast::error::RecvError, time::sleep};

use super::{
    desk::{Following, Label},
    layout::Claim,
};
use crate::{App, AppState, problem::HttpProblem};

/// Who stands in the audit log for these labels.
const ACTOR: &str = "line";
/// Why, there.
const REASON: &str = "printed on pass";
/// Entries of the audit log that are read at a time.
const PAGE: u32 = 500;
/// How long until a printer that printed nothing is tried again.
const RETRY_AFTER: Duration = Duration::from_secs(5);
/// The log is looked at that often in any case, since the events that wake us may have been missed.
const LOOK_AFTER: Duration = Duration::from_secs(60);
/// A pass older than this gets no label by itself any more: the unit has left the slot long ago.
const AGE_MAX: Duration = Duration::from_secs(15 * 60);
/// The same in microseconds.
const AGE_MAX_US: i64 = 15 * 60 * 1_000_000;
/// How many units without label are remembered, for the page.
const SKIPPED_MAX: usize = 32;

/// Follows the passes; never ends.
pub(crate) async fn follow(app: AppState) -> Infallible {
    let (Some(template), Some(_)) = (app.settings.label_on_pass.clone(), app.labels.printer()) else {
        return pending().await;
    };
    let mut events = app.services.floor.events();
    let mut desk = Desk { app: &app, template, unnoted: None };
    let mut after = None;
    loop {
        let looked = match after {
            None => begin(&app).await,
            Some(seq) => desk.catch_up(seq).await,
        };
        let wait = match looked {
            Ok(seq) => {
                app.labels.follow().problem = None;
                let began = after.replace(seq).is_none();
                if began { Duration::ZERO } else { LOOK_AFTER }
            }
            Err(Held { seq, problem }) => {
                tracing::warn!(code = problem.problem.code, why = problem.problem.why, "automatic labels wait");
                app.labels.follow().problem = Some(problem.problem);
                after = seq.or(after);
                RETRY_AFTER
            }
        };
        tokio::select! {
            () = sleep(wait) => {}
            () = next_pass(&mut events) => {}
        }
    }
}

/// The labels wait: up to which entry they are done, and for what.
struct Held {
    seq: Option<i64>,
    problem: HttpProblem,
}

impl<E: Into<HttpProblem>> From<E> for Held {
    fn from(error: E) -> Self {
        Self { seq: None, problem: error.into() }
    }
}

/// Where to go on: after the last pass that got its label, and with no pass that is too old for one.
async fn begin(app: &App) -> Result<i64, Held> {
    let labels = AuditSearch { actor: Some(ACTOR.to_owned()), limit: 1, ..of_station(app, AuditKind::LabelPrinted) };
    let labels = app.services.store.search_audit(&labels).await?;
    let labelled = labels.first().and_then(|entry| seq_in(entry, "pass")).unwrap_or(0);
    let from = Timestamp::from_micros((app.services.clock)().as_micros() - AGE_MAX_US);
    let mut passes = AuditSearch { from: Some(from), ..of_station(app, AuditKind::RunPassed) };
    let mut oldest = app.services.store.audit_head().await?.map_or(0, |(seq, _)| seq) + 1;
    loop {
        let page = app.services.store.search_audit(&passes).await?;
        let Some(last) = page.last() else { break };
        oldest = oldest.min(last.seq);
        passes.before = Some(last.seq);
        if page.len() < PAGE as usize || last.seq <= labelled {
            break;
        }
    }
    Ok(labelled.max(oldest - 1))
}

/// Entries of a kind that this station wrote.
fn of_station(app: &App, kind: AuditKind) -> AuditSearch {
    let station = Some(app.services.station.clone());
    AuditSearch { station, kinds: vec![kind], limit: PAGE, ..AuditSearch::default() }
}

/// The run and the unit of a pass of this station.
fn pass_of(app: &App, entry: &AuditEntry) -> Option<(RunId, Mac)> {
    let is_ours = entry.kind == AuditKind::RunPassed && entry.station == app.services.station;
    let body: Value = is_ours.then(|| serde_json::from_str(&entry.body).ok())??;
    Some((entry.subject.parse().ok()?, body["mac"].as_str()?.parse().ok()?))
}

/// Prints labels by one template.
struct Desk<'a> {
    app: &'a App,
    template: String,
    /// A label that was sent and is not on record yet, with the entry of its pass: it is noted first, and not sent again.
    unnoted: Option<(i64, Label)>,
}

impl Desk<'_> {
    /// Prints what is to be printed of the passes after entry `seq`, and tells up to where it came.
    async fn catch_up(&mut self, mut seq: i64) -> Result<i64, Held> {
        loop {
            let entries = self.app.services.store.audit_entries(seq, PAGE).await?;
            for entry in &entries {
                if let Some((run, mac)) = pass_of(self.app, entry) {
                    let printed = self.label(entry, run, mac).await;
                    printed.map_err(|problem| Held { seq: Some(seq), problem })?;
                }
                seq = entry.seq;
            }
            if entries.len() < PAGE as usize {
                return Ok(seq);
            }
        }
    }

    /// Prints one label. An error means that it is to be tried again; what can never be printed is told and left.
    async fn label(&mut self, pass: &AuditEntry, run: RunId, mac: Mac) -> Result<(), HttpProblem> {
        if self.unnoted.as_ref().is_none_or(|(seq, _)| *seq != pass.seq) {
            let Some(label) = self.draw(pass, run, mac).await? else { return Ok(()) };
            label.send_for_pass(self.app).await?;
            self.app.labels.follow().printed += 1;
            self.unnoted = Some((pass.seq, label));
        }
        if let Some((seq, label)) = &self.unnoted {
            let act = Act { actor: ACTOR.to_owned(), reason: REASON.to_owned() };
            label.note_for_pass(self.app, *seq, &act).await?;
            self.unnoted = None;
        }
        Ok(())
    }

    /// The label of a pass; `None` when it gets none.
    async fn draw(&self, pass: &AuditEntry, run: RunId, mac: Mac) -> Result<Option<Label>, HttpProblem> {
        let now = (self.app.services.clock)();
        let label = match Label::draw(self.app, mac, &self.template).await {
            Ok(label) => label,
            Err(problem) if problem.status.is_client_error() => {
                skip(self.app, mac, &problem.problem.why);
                return Ok(None);
            }
            Err(problem) => return Err(problem),
        };
        if let Some(why) = stale(&label, pass, run, now) {
            skip(self.app, mac, why);
            return Ok(None);
        }
        Ok(Some(label))
    }
}

/// Why a pass gets no label any more; a repair's pass is none of the unit's, and says nothing here.
fn stale(label: &Label, pass: &AuditEntry, run: RunId, now: Timestamp) -> Option<&'static str> {
    if label.unit.claim != Claim::Passed {
        return Some("it does not stand as passed any more");
    }
    if label.unit.run.as_ref().is_none_or(|labelled| labelled.id != run) {
        return Some("it has passed again since, or this was a repair");
    }
    (now.since(pass.at) > AGE_MAX).then_some("it passed too long ago")
}

fn skip(app: &App, mac: Mac, why: &str) {
    tracing::info!(unit = %mac, why, "no automatic label");
    let Following { skipped, .. } = &mut *app.labels.follow();
    if skipped.len() == SKIPPED_MAX {
        skipped.pop_front();
    }
    skipped.push_back((mac, why.to_owned()));
}

/// Returns when a run has passed, or when events were missed.
async fn next_pass(events: &mut tokio::sync::broadcast::Receiver<firstpass_line::event::LineEvent>) {
    loop {
        match events.recv().await {
            Ok(event) if matches!(event.kind, LineEventKind::Passed { .. }) => return,
            Ok(_) => {}
            Err(RecvError::Lagged(_)) => return,
            Err(RecvError::Closed) => pending().await,
        }
    }
}

fn seq_in(entry: &AuditEntry, field: &str) -> Option<i64> {
    serde_json::from_str::<Value>(&entry.body).ok()?[field].as_i64()
}
