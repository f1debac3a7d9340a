//! `station batch show`: how a batch stands, what it yields, and why units failed.

use std::fmt::Write as _;

use firstpass_domain::Language;
use firstpass_store::{BatchYield, SqliteStore, Store};
use serde::Serialize;

use super::BatchView;
use crate::{
    exit::{Exit, Failure},
    output::Output,
};

/// Prints the batch, as one object with `--json`.
pub(super) async fn run(store: &SqliteStore, name: &str, language: Language, output: Output) -> Result<Exit, Failure> {
    let record = super::find(store, name).await?;
    let counts = store.batch_yield(record.id).await?;
    let view = View { batch: BatchView::of(&record), counts: Counts::of(&counts, language) };
    output.say(&view, || view.text());
    Ok(Exit::Done)
}

#[derive(Debug, Serialize)]
struct View<'a> {
    #[serde(flatten)]
    batch: BatchView<'a>,
    #[serde(flatten)]
    counts: Counts,
}

/// The yield of a batch. Shares are of the units that have come to an end; `None` while there are none.
#[derive(Debug, Serialize)]
struct Counts {
    units: u32,
    first_passed: u32,
    passed: u32,
    failed: u32,
    quarantined: u32,
    scrapped: u32,
    in_work: u32,
    runs: u32,
    retests: u32,
    interrupted: u32,
    first_pass_yield: Option<f64>,
    final_yield: Option<f64>,
    /// Most frequent first.
    pareto: Vec<Bar>,
}

#[derive(Debug, Serialize)]
struct Bar {
    code: &'static str,
    runs: u32,
    what: &'static str,
    remedy: &'static str,
}

impl Counts {
    fn of(counts: &BatchYield, language: Language) -> Self {
        let share = |part: u32, whole: u32| (whole > 0).then(|| f64::from(part) / f64::from(whole));
        let bar = |(code, runs): &(firstpass_domain::DiagnosisCode, u32)| {
            let words = code.words(language);
            Bar { code: code.name(), runs: *runs, what: words.what, remedy: words.remedy }
        };
        Self {
            units: counts.units,
            first_passed: counts.first_passed,
            passed: counts.passed,
            failed: counts.failed,
            quarantined: counts.quarantined,
            scrapped: counts.scrapped,
            in_work: counts.in_work,
            runs: counts.runs,
            retests: counts.retests,
            interrupted: counts.interrupted,
            first_pass_yield: share(counts.first_passed, counts.tried()),
            final_yield: share(counts.passed, counts.ended()),
            pareto: counts.diagnoses.iter().map(bar).collect(),
        }
    }
}

impl View<'_> {
    fn text(&self) -> String {
        let mut text = String::new();
        self.write(&mut text).expect("writing to a string does not fail");
        text.truncate(text.trim_end().len());
        text
    }

    fn write(&self, text: &mut String) -> std::fmt::Result {
        let (batch, counts) = (&self.batch, &self.counts);
        let or_none = |number: Option<u32>| number.map_or("none".to_owned(), |number| number.to_string());
        let reason = batch.reason.map(|reason| format!(" ({reason})")).unwrap_or_default();
        writeln!(text, "batch {:?}: {}{reason}", batch.name, batch.state.to_uppercase())?;
        writeln!(text, "  product {}, recipe {}", batch.product, batch.recipe)?;
        writeln!(text, "  quantity {}, quota {}", or_none(batch.quantity), or_none(batch.quota))?;
        let closed = batch.closed.as_ref().map(|at| format!(", closed {at}")).unwrap_or_default();
        writeln!(text, "  opened {}{closed}", batch.opened)?;
        let Counts { units, passed, failed, quarantined, scrapped, in_work, .. } = counts;
        writeln!(
            text,
            "units {units}: {passed} passed, {failed} failed, {quarantined} in quarantine, {scrapped} scrapped, \
             {in_work} in work"
        )?;
        let (first, last) = (percent(counts.first_pass_yield), percent(counts.final_yield));
        writeln!(text, "first-pass yield {first}, final yield {last}")?;
        let Counts { runs, retests, interrupted, .. } = counts;
        writeln!(text, "attempts {runs}, of them retests {retests}; interrupted runs {interrupted}")?;
        for Bar { code, runs, what, .. } in &counts.pareto {
            writeln!(text, "  {runs:>6} {code:<24} {what}")?;
        }
        Ok(())
    }
}

fn percent(share: Option<f64>) -> String {
    share.map_or("-".to_owned(), |share| format!("{:.1} %", share * 100.0))
}
