//! The end of a batch: a table for people, a summary object for scripts.

use std::fmt::Write as _;

use firstpass_domain::Language;
use firstpass_line::{BatchReport, RunReport};
use serde::Serialize;

use crate::{exit::Exit, language::translate, output::Output};

/// The last object that a batch prints with `--json`.
#[derive(Debug, Serialize)]
struct Summary {
    event: &'static str,
    passed: usize,
    failed: usize,
    /// Slots that the station's own failure stopped.
    stopped: usize,
    duration_ms: u64,
}

/// Prints how a batch ended, and tells the exit code.
pub(crate) fn print(output: Output, language: Language, report: &BatchReport, duration_ms: u64) -> Exit {
    let passed = report.runs.iter().filter(|run| run.passed).count();
    let failed = report.runs.len() - passed;
    let stopped = report.stopped.len();
    let summary = Summary { event: "summary", passed, failed, stopped, duration_ms };
    output.say(&summary, || {
        let mut text = table(&report.runs, language);
        let _ = write!(text, "\n{passed} passed, {failed} failed in {:.1} s", seconds(duration_ms));
        for problem in report.stopped.iter().map(firstpass_line::StationError::problem) {
            let _ = write!(text, "\n{problem}");
        }
        text
    });
    match (stopped, failed) {
        (1.., _) => Exit::Station,
        (0, 1..) => Exit::Failed,
        (0, 0) => Exit::Done,
    }
}

fn table(runs: &[RunReport], language: Language) -> String {
    let mut text = format!("{:<19} {:<8} {:>8}  {}", "UNIT", "VERDICT", "TIME", "WHY");
    for run in runs {
        let mac = run.mac.map_or("(not identified)".to_owned(), |mac| mac.to_string());
        let verdict = if run.passed { "PASSED" } else { "FAILED" };
        let why = run.problem.as_ref().map(|problem| translate(problem, language).told(language)).unwrap_or_default();
        let _ = write!(text, "\n{mac:<19} {verdict:<8} {:>6.1} s  {why}", seconds(run.duration_ms));
    }
    text
}

fn seconds(milliseconds: u64) -> f64 {
    std::time::Duration::from_millis(milliseconds).as_secs_f64()
}
