//! `station audit replay`: judges every ended run again, and holds the record against it and against the audit log.

use std::collections::BTreeSet;

use firstpass_domain::{AuditEntry, AuditKind, Mac, RunId, RunState, Sha256Digest, Verdict, judge};
use firstpass_store::{RunDetail, SqliteStore, Store, StoreError};
use serde::{Deserialize, Serialize};

use super::pages::{self, Pages};
use crate::{
    exit::{Exit, Failure},
    output::Output,
};

/// Run ids that are in memory at a time.
const PAGE_RUNS: u32 = 1000;

/// Prints each difference, then a summary; any difference makes exit code 1.
pub(super) async fn run(store: &SqliteStore, output: Output) -> Result<Exit, Failure> {
    let mut replay = Replay { store, output, replayed: 0, differing: BTreeSet::new() };
    replay.judge_again().await?;
    replay.compare_with_log().await?;
    let (replayed, differing) = (replay.replayed, replay.differing.len());
    output.say(&Summary { event: "summary", replayed, differing }, || {
        format!("{replayed} verdicts computed again, {differing} differ.")
    });
    Ok(if differing == 0 { Exit::Done } else { Exit::Failed })
}

#[derive(Debug, Serialize)]
struct Summary {
    event: &'static str,
    replayed: u64,
    differing: usize,
}

/// A run of which the record says one thing and its evidence, or the audit log, another.
#[derive(Debug, Serialize)]
struct Difference {
    event: &'static str,
    /// `verdict`, `evidence` (changed after the run ended) or `unreadable`.
    kind: &'static str,
    run: RunId,
    unit: Option<Mac>,
    recorded: String,
    computed: String,
}

/// What the audit entry of a run's end says of its evidence.
#[derive(Debug, Deserialize)]
struct EndBody {
    evidence_digest: Sha256Digest,
}

struct Replay<'a> {
    store: &'a SqliteStore,
    output: Output,
    replayed: u64,
    differing: BTreeSet<RunId>,
}

impl Replay<'_> {
    /// Every ended run: its verdict from policy and evidence.
    async fn judge_again(&mut self) -> Result<(), Failure> {
        let mut after = None;
        loop {
            let ids = self.store.ended_runs(after, PAGE_RUNS).await?;
            let Some(last) = ids.last() else { return Ok(()) };
            after = Some(*last);
            for id in ids {
                self.replayed += 1;
                if let Some(detail) = self.load(id).await? {
                    self.compare_verdict(&detail);
                }
            }
        }
    }

    /// Every end of a run in the audit log: the evidence must still be what was sealed there.
    async fn compare_with_log(&mut self) -> Result<(), Failure> {
        let mut pages = Pages::new(self.store);
        while let Some(page) = pages.next().await? {
            for entry in page.iter().filter(|entry| is_end(entry.kind)) {
                self.compare_evidence(entry).await?;
            }
        }
        Ok(())
    }

    /// A run that cannot be read is a difference, and no reason to stop.
    async fn load(&mut self, id: RunId) -> Result<Option<RunDetail>, Failure> {
        match self.store.run(id).await {
            Ok(detail) => Ok(detail),
            Err(error @ StoreError::Corrupt { .. }) => {
                if !self.differing.contains(&id) {
                    self.report("unreadable", id, None, "a run".to_owned(), pages::cause(&error));
                }
                Ok(None)
            }
            Err(error) => Err(error.into()),
        }
    }

    fn compare_verdict(&mut self, detail: &RunDetail) {
        let computed = judge(&detail.policy, &detail.evidence);
        if !agrees(detail.run.state, &computed) {
            let (recorded, computed) = (state_text(detail.run.state), verdict_text(&computed));
            self.report("verdict", detail.run.id, detail.run.mac, recorded, computed);
        }
    }

    async fn compare_evidence(&mut self, entry: &AuditEntry) -> Result<(), Failure> {
        let (Ok(id), Ok(body)) = (entry.subject.parse::<RunId>(), serde_json::from_str::<EndBody>(&entry.body)) else {
            let why = format!("Audit entry {} names no run or no digest.", entry.seq);
            let remedy = "Run `station audit verify`; use the program version that wrote the record.";
            return Err(Failure::station("audit_unreadable", "The audit log cannot be read.", why, remedy));
        };
        let sealed = body.evidence_digest;
        match self.load(id).await? {
            Some(detail) if detail.evidence_digest == sealed => {}
            Some(detail) => {
                let computed = detail.evidence_digest.to_string();
                self.report("evidence", id, detail.run.mac, sealed.to_string(), computed);
            }
            None if self.differing.contains(&id) => {}
            None => self.report("unreadable", id, None, state_name(entry.kind).to_owned(), "no such run".to_owned()),
        }
        Ok(())
    }

    fn report(&mut self, kind: &'static str, run: RunId, unit: Option<Mac>, recorded: String, computed: String) {
        self.differing.insert(run);
        let difference = Difference { event: "difference", kind, run, unit, recorded, computed };
        self.output.say(&difference, || {
            let Difference { recorded, computed, .. } = &difference;
            let unit = unit.map_or("(not identified)".to_owned(), |mac| mac.to_string());
            format!("run {run}, unit {unit}, {kind}: recorded {recorded}, computed {computed}")
        });
    }
}

const fn is_end(kind: AuditKind) -> bool {
    matches!(kind, AuditKind::RunPassed | AuditKind::RunFailed)
}

const fn state_name(kind: AuditKind) -> &'static str {
    if matches!(kind, AuditKind::RunPassed) { "passed" } else { "failed" }
}

fn agrees(state: RunState, verdict: &Verdict) -> bool {
    match (state, verdict) {
        (RunState::Passed, Verdict::Pass) => true,
        (RunState::Failed { code }, Verdict::Fail(diagnosis)) => code == diagnosis.code,
        (RunState::Open, _) | (RunState::Passed | RunState::Failed { .. }, _) => false,
    }
}

fn state_text(state: RunState) -> String {
    match state {
        RunState::Open => "open".to_owned(),
        RunState::Passed => "passed".to_owned(),
        RunState::Failed { code } => format!("failed: {}", code.name()),
    }
}

fn verdict_text(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Pass => "passed".to_owned(),
        Verdict::Fail(diagnosis) => format!("failed: {}", diagnosis.code.name()),
        Verdict::Open { step } => format!("open: {step} is not complete"),
    }
}
