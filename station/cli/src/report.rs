//! The end of a batch: a table for people, a summary object for scripts.

use std::fmt::Write as _;

use firstpass_domain::Language;
use firstpass_line::{BatchReport, RunCounts, RunReport, StationError, floor::FloorReport};
use serde::Serialize;

use crate::{exit::Exit, language::translate, output::Output};

/// The last object that a batch prints with `--json`.
#[derive(Debug, Serialize)]
struct Summary {
    event: &'static str,
    passed: usize,
    /// Units that failed, and were not tried again on their slot.
    failed: usize,
    /// Runs that failed, after which their unit was tried again on its slot.
    retried: usize,
    /// Slots that the station's own failure stopped.
    stopped: usize,
    /// Why the batch was given up before its end, when it was.
    halted: Option<String>,
    duration_ms: u64,
}

/// Prints how a batch ended, and tells the exit code.
pub(crate) fn print(output: Output, language: Language, report: &BatchReport, duration_ms: u64) -> Exit {
    let summary = Summary::of(report.counts, &report.stopped, report.halted.clone(), duration_ms);
    output.say(&summary, || format!("{}\n{}", table(&report.runs, language), summary.text(&report.stopped)));
    if let Some(reason) = &report.halted {
        output.note(&format!("the batch was given up: {reason}"));
    }
    summary.exit()
}

/// Prints how a working day ended, and tells the exit code. Its runs are on record; there may be any number.
pub(crate) fn print_day(output: Output, report: &FloorReport, duration_ms: u64) -> Exit {
    let summary = Summary::of(report.counts, &report.stopped, None, duration_ms);
    output.say(&summary, || summary.text(&report.stopped));
    summary.exit()
}

impl Summary {
    fn of(counts: RunCounts, stopped: &[StationError], halted: Option<String>, duration_ms: u64) -> Self {
        let RunCounts { passed, failed, retried } = counts;
        Self { event: "summary", passed, failed, retried, stopped: stopped.len(), halted, duration_ms }
    }

    fn text(&self, stopped: &[StationError]) -> String {
        let mut text = format!("{} passed, {} failed", self.passed, self.failed);
        if self.retried > 0 {
            let _ = write!(text, ", {} tried again", self.retried);
        }
        let _ = write!(text, " in {:.1} s", seconds(self.duration_ms));
        for problem in stopped.iter().map(StationError::problem) {
            let _ = write!(text, "\n{problem}");
        }
        text
    }

    const fn exit(&self) -> Exit {
        match (self.stopped, self.failed, &self.halted) {
            (1.., _, _) => Exit::Station,
            (0, 1.., _) | (0, 0, Some(_)) => Exit::Failed,
            (0, 0, None) => Exit::Done,
        }
    }
}

fn table(runs: &[RunReport], language: Language) -> String {
    let mut text = format!("{:<19} {:<8} {:>8}  {}", "UNIT", "VERDICT", "TIME", "WHY");
    for run in runs {
        let mac = run.mac.map_or("(not identified)".to_owned(), |mac| mac.to_string());
        let verdict = match (run.passed, run.retried) {
            (true, _) => "PASSED",
            (false, true) => "RETRIED",
            (false, false) => "FAILED",
        };
        let why = run.problem.as_ref().map(|problem| translate(problem, language).told(language)).unwrap_or_default();
        let _ = write!(text, "\n{mac:<19} {verdict:<8} {:>6.1} s  {why}", seconds(run.duration_ms));
    }
    text
}

fn seconds(milliseconds: u64) -> f64 {
    std::time::Duration::from_millis(milliseconds).as_secs_f64()
}
