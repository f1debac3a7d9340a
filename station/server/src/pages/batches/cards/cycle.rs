//! Whether the cycle time is steady: the XmR chart of the newest runs that passed.

use firstpass_domain::RunState;
use firstpass_store::{BatchFigures, RunPoint};
use maud::{Markup, html};

use super::{Card, cycle_s};
use crate::{
    figures::individuals::{Individuals, Signal, VALUES_MIN},
    pages::batches::{
        draw::{self, seconds},
        runs, time,
    },
};

/// Rows of the table: what stands out, and the newest.
const ROWS_MAX: usize = 60;

/// The card.
pub(crate) fn card(figures: &BatchFigures) -> Markup {
    let passed = |run: &&RunPoint| matches!(run.state, RunState::Passed) && !run.repair;
    // The record has the newest first, a chart the oldest.
    let runs: Vec<&RunPoint> = figures.recent.iter().rev().filter(passed).collect();
    let values: Vec<f64> = runs.iter().filter_map(|run| cycle_s(run)).collect();
    let control = Individuals::of(&values);
    let about = html! {
        "Cycle times of the newest runs that passed, in their order (XmR chart), up to 500. The limits lie 2.66 mean moving "
        "ranges from the mean. A rhombus is out of the limits; a triangle is one of nine or more in a row on one side of "
        "the mean: something has shifted."
    };
    let chart = control.as_ref().map(|control| draw::cycle::draw(control, &values));
    let table = control.as_ref().map(|control| table(&runs, &values, control)).unwrap_or_default();
    let empty = format!("This needs {VALUES_MIN} runs that passed.");
    let (id, title) = ("cycle", "Is the cycle time steady?");
    Card { id, title, about, chart, empty: &empty, table, foot: Markup::default() }.render()
}

fn table(runs: &[&RunPoint], values: &[f64], control: &Individuals) -> Markup {
    let all = runs.iter().zip(values).zip(&control.signals).rev();
    let (out, steady): (Vec<_>, Vec<_>) =
        all.enumerate().partition(|(_, (_, signal))| matches!(signal, Signal::Above | Signal::Below));
    let mut chosen: Vec<_> = out.into_iter().chain(steady).take(ROWS_MAX).collect();
    chosen.sort_by_key(|(at, _)| *at);
    html! {
        table.data.dense {
            caption {
                "Mean " (seconds(control.mean)) ", limits " (seconds(control.limits.0)) " and " (seconds(control.limits.1))
                ", mean moving range " (seconds(control.mean_range)) ". What is out of the limits, and the newest others."
            }
            thead { tr {
                th scope="col" { "Ended" } th scope="col" { "Unit" } th scope="col" { "Slot" } th.num scope="col" { "Cycle" }
                th scope="col" { "Finding" }
            } }
            tbody { @for (_, ((run, value), signal)) in chosen { tr {
                td.nowrap { (time(run.ended.unwrap_or(run.began), "full")) }
                td { (runs::unit(run)) }
                td { (run.slot) }
                td.num { (seconds(*value)) }
                td { (finding(*signal)) }
            } } }
        }
    }
}

fn finding(signal: Signal) -> Markup {
    let word = signal.word().unwrap_or("steady");
    match signal {
        Signal::Steady => html! { span.badge.idle { (word) } },
        Signal::Above => html! { span.badge.bad { (word) } },
        Signal::Below => html! { span.badge.info { (word) } },
        Signal::Shifted => html! { span.badge.warn { (word) } },
    }
}
