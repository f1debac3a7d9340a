//! Slot health: whether a slot fails more often than the others, in which way, and what to do.

use firstpass_domain::Language;
use firstpass_store::{BatchFigures, BatchId, SlotFigures};
use maud::{Markup, html};

use super::{Card, runs_on, runs_with, times::names};
use crate::{
    figures::slots::{Contrast, Excess, Finding, Health, SlotCounts, compare},
    pages::batches::{
        draw::{self, count, percent},
        share,
    },
};

/// The card, with advice above the chart when there is any.
pub(crate) fn card(batch: BatchId, figures: &BatchFigures) -> Markup {
    let health = health(&figures.per_slot);
    let about = html! {
        "Runs that failed because of the unit or the fixture, of all runs that could; failures of network, service and "
        "recipe usually meet every slot and are not drawn. The bars are where the true share lies with 95 % confidence. A slot is "
        "marked when chance makes such a difference in less than 1 of 100 batches (Fisher’s exact test, all slots together)."
    };
    let chart = draw::slots::draw(&health);
    let (id, title, empty) = ("health", "How the slots do", "No run has ended on a slot.");
    let table = table(batch, figures, &health);
    html! {
        #advice data-refresh { @for slot in &health { (advice(batch, slot)) } }
        (Card { id, title, about, chart, empty, table, foot: Markup::default() }.render())
    }
}

fn health(slots: &[SlotFigures]) -> Vec<Health<String>> {
    let counts = |(slot, name): (&SlotFigures, String)| SlotCounts {
        slot: name,
        passed: slot.passed,
        failures: slot.diagnoses.iter().chain(&slot.unidentified).copied().collect(),
    };
    compare(&slots.iter().zip(names(slots)).map(counts).collect::<Vec<_>>())
}

fn advice(batch: BatchId, slot: &Health<String>) -> Markup {
    let remedy = match slot.finding {
        Finding::Even => return html! {},
        Finding::Fixture => {
            "Check the cable, the adapter, the supply and the contact pins of this slot; then put a golden unit through it."
        }
        Finding::Units => {
            "It is the units that fail, not the fixture. Put a golden unit through this slot: when it fails too, look at \
             supply and contacts; when it passes, look where these units come from."
        }
        Finding::Elsewhere => {
            "Such failures usually meet every slot, and this one has them more than the others: look at what is different \
             at its place, such as radio and shielding, and at which units are put there."
        }
    };
    let Contrast { here, others, chance } = slot.found;
    html! {
        .problem.warn {
            p.what { (what(slot)) }
            p.why {
                (count(here.part)) " of " (count(here.whole)) " runs failed here, " (count(others.part)) " of "
                (count(others.whole)) " on the others; " (said(chance)) " What differs: "
                @for (at, excess) in slot.excess.iter().enumerate() { @if at > 0 { "; " } (difference(batch, *excess)) }
                "."
            }
            p.remedy { (remedy) }
        }
    }
}

fn what(slot: &Health<String>) -> String {
    match slot.found.times() {
        Some(times) => format!("Slot {} fails {times:.1} × as often as the others", slot.slot),
        None => format!("Slot {} fails, and the others do not", slot.slot),
    }
}

/// A probability in words.
fn said(chance: f64) -> String {
    if chance < 1e-6 {
        return "chance does not make that.".to_owned();
    }
    format!("chance makes that in 1 of {} batches.", (1.0 / chance).floor())
}

fn difference(batch: BatchId, excess: Excess) -> Markup {
    let ratio = |share: crate::figures::binomial::Share| percent(share.ratio().unwrap_or_default());
    html! {
        a.mono href=(runs_with(batch, excess.code)) title=(excess.code.words(Language::English).what) { (excess.code.name()) }
        " (" (ratio(excess.here)) " against " (ratio(excess.others)) ")"
    }
}

fn table(batch: BatchId, figures: &BatchFigures, health: &[Health<String>]) -> Markup {
    html! {
        table.data.dense {
            thead { tr {
                th scope="col" { "Slot" } th.num scope="col" { "Attempts" } th.num scope="col" { "Passed" }
                th.num scope="col" { "Unit or fixture" } th.num scope="col" { "The others" } th.num scope="col" { "By chance" }
                th scope="col" { "Finding" } th scope="col" { "Diagnoses" }
            } }
            tbody { @for (slot, health) in figures.per_slot.iter().zip(health) { tr {
                th scope="row" { a href=(runs_on(batch, slot.station.as_str(), slot.slot.as_str())) { (health.slot) } }
                td.num { (slot.runs) }
                td.num { (slot.passed) }
                td.num { (share(health.usual.here)) }
                td.num { (share(health.usual.others)) }
                td.num { (format!("{:.3}", health.found.chance)) }
                td { (finding(health.finding)) }
                td.small {
                    @for (at, (code, count)) in slot.diagnoses.iter().chain(&slot.unidentified).enumerate() {
                        @if at > 0 { ", " } span.mono { (code.name()) } " " (count)
                    }
                }
            } } }
        }
    }
}

fn finding(finding: Finding) -> Markup {
    match finding {
        Finding::Even => html! { span.badge.idle { "like the others" } },
        Finding::Fixture => html! { span.badge.warn { "fixture" } },
        Finding::Units => html! { span.badge.warn { "units" } },
        Finding::Elsewhere => html! { span.badge.warn { "other failures" } },
    }
}

#[cfg(test)]
mod tests {
    use super::said;

    #[test]
    fn a_probability_is_said_so_that_people_can_weigh_it() {
        assert_eq!(said(0.004), "chance makes that in 1 of 250 batches.");
        assert_eq!(said(1e-9), "chance does not make that.");
    }
}
