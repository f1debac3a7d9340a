//! Cards of a batch's page: each a chart with a sentence of what it shows, and the table behind it.

pub(super) mod cycle;
pub(super) mod failures;
pub(super) mod hours;
pub(super) mod pareto;
pub(super) mod slots;
pub(super) mod times;

use firstpass_domain::DiagnosisCode;
use firstpass_store::{BatchId, RunPoint};
use maud::{Markup, html};

use super::list::url_query;

/// A card of a chart.
struct Card<'a> {
    /// Its name on the page; ids begin with it.
    id: &'a str,
    /// Its heading.
    title: &'a str,
    /// What is shown and how to read it.
    about: Markup,
    /// The chart, or `None` with what there is to wait for.
    chart: Option<Markup>,
    /// What stands in the chart's place.
    empty: &'a str,
    /// The numbers.
    table: Markup,
    /// What stands below: a form, which is never fetched again.
    foot: Markup,
}

impl Card<'_> {
    /// What changes is in regions that the script fetches again; whether the table is open is none of them.
    fn render(&self) -> Markup {
        let Self { id, title, about, chart, empty, table, foot } = self;
        html! {
            section.card.figures aria-labelledby={ (id) "-title" } {
                h2 id={ (id) "-title" } { (title) }
                div id={ (id) "-chart" } data-refresh {
                    @match chart {
                        Some(chart) => { .about.muted.small { (about) } (chart) },
                        None => .empty { p { (empty) } },
                    }
                }
                @if chart.is_some() {
                    details {
                        summary { "Numbers" }
                        // What scrolls can be reached with the keyboard.
                        .table-wrap id={ (id) "-table" } data-refresh tabindex="0" role="region" aria-labelledby={ (id) "-title" } { (table) }
                    }
                }
                (foot)
            }
        }
    }
}

/// The runs of a batch with a diagnosis.
fn runs_with(batch: BatchId, code: DiagnosisCode) -> String {
    let query = url_query(&[("code", code.name())]);
    format!("{}/runs?{}", super::address(batch), query.trim_end_matches('&'))
}

/// The runs of a batch on a slot.
fn runs_on(batch: BatchId, station: &str, slot: &str) -> String {
    let query = url_query(&[("station", station), ("slot", slot)]);
    format!("{}/runs?{}", super::address(batch), query.trim_end_matches('&'))
}

/// How long a run took, in seconds; `None` while it is open.
pub(super) fn cycle_s(run: &RunPoint) -> Option<f64> {
    run.ended.map(|ended| ended.since(run.began).as_secs_f64())
}
