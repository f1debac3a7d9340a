//! `station audit replay`: judges every ended run again, and holds the record against it and against the audit log.

use std::collections::BTreeSet;

use firstpass_domain::{AuditEntry, Mac, RunId, RunState};
use firstpass_line::replay::{
    AuditPages, Difference, Kind, cause, differences, end_text, is_end, state_text, unit_text,
};
use firstpass_store::{RunDetail, SqliteStore, Store, StoreError};
use serde::Serialize;

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
    replay.look_for_logged_ends().await?;
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

/// A difference as programs read it.
#[derive(Debug, Serialize)]
struct Row<'a> {
    event: &'static str,
    kind: Kind,
    run: RunId,
    unit: Option<Mac>,
    what: &'static str,
    recorded: &'a str,
    computed: &'a str,
}

struct Replay<'a> {
    store: &'a SqliteStore,
    output: Output,
    replayed: u64,
    differing: BTreeSet<RunId>,
}

impl Replay<'_> {
    /// Every run that has ended by the record: what stands of it must agree with its evidence and with the log.
    async fn judge_again(&mut self) -> Result<(), Failure> {
        let mut after = None;
        loop {
            let ids = self.store.ended_runs(after, PAGE_RUNS).await?;
            let Some(last) = ids.last() else { return Ok(()) };
            after = Some(*last);
            for id in ids {
                self.replayed += 1;
                if let Some(detail) = self.load(id).await? {
                    for difference in differences(&detail) {
                        self.report(id, detail.run.mac, &difference);
                    }
                }
            }
        }
    }

    /// Every run that has ended by the log: one that was removed or opened again is not among those of the record.
    async fn look_for_logged_ends(&mut self) -> Result<(), Failure> {
        let mut pages = AuditPages::new();
        while let Some(page) = pages.next(self.store).await? {
            for entry in page.iter().filter(|entry| is_end(entry.kind)) {
                self.look_for_ended_run(entry).await?;
            }
        }
        Ok(())
    }

    async fn look_for_ended_run(&mut self, entry: &AuditEntry) -> Result<(), Failure> {
        let Ok(id) = entry.subject.parse::<RunId>() else {
            let why = format!("Audit entry {} names no run.", entry.seq);
            let remedy = "Run `station audit verify`; use the program version that wrote the record.";
            return Err(Failure::station("audit_unreadable", "The audit log cannot be read.", why, remedy));
        };
        let logged = end_text(entry.kind).to_owned();
        match self.load(id).await? {
            Some(RunDetail { run, .. }) if run.state == RunState::Open => {
                let recorded = state_text(run.state);
                self.report(id, run.mac, &Difference { kind: Kind::End, recorded, computed: logged });
            }
            Some(_) => {}
            None if self.differing.contains(&id) => {}
            None => {
                let recorded = "no such run".to_owned();
                self.report(id, None, &Difference { kind: Kind::Missing, recorded, computed: logged });
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
                    let (recorded, computed) = ("a run".to_owned(), cause(&error));
                    self.report(id, None, &Difference { kind: Kind::Unreadable, recorded, computed });
                }
                Ok(None)
            }
            Err(error) => Err(error.into()),
        }
    }

    fn report(&mut self, run: RunId, unit: Option<Mac>, difference: &Difference) {
        self.differing.insert(run);
        let Difference { kind, recorded, computed } = difference;
        let what = kind.words();
        self.output.say(&Row { event: "difference", kind: *kind, run, unit, what, recorded, computed }, || {
            let unit = unit_text(unit);
            format!("run {run}, unit {unit}: {what}: recorded {recorded}, but {computed}")
        });
    }
}
