//! How long it takes: the distribution of each step, and of the whole cycle on each slot.

use firstpass_store::{BatchFigures, BatchId, Histogram, SlotFigures};
use maud::{Markup, html};

use super::{Card, runs_on};
use crate::{
    figures::spread::Spread,
    pages::batches::draw::{
        boxes::{Row, draw},
        seconds,
    },
};

fn spread(times: &Histogram) -> Option<Spread> {
    Spread::of(times.count(), |percent| times.percentile_ms(percent))
}

fn about() -> Markup {
    html! { "The box holds the middle half, the whiskers eight of ten; the bar in the box, and the number, are the median." }
}

/// The card of steps.
pub(crate) fn steps(figures: &BatchFigures) -> Markup {
    let rows: Vec<Row> = figures
        .per_step
        .iter()
        .filter_map(|step| spread(&step.times).map(|spread| Row { name: step.step.name().to_owned(), spread }))
        .collect();
    let failed = figures.per_step.iter().map(|step| html! { td.num { (step.failed) } });
    let table = html! {
        table.data.dense {
            thead { tr { th scope="col" { "Step" } (heads()) th.num scope="col" { "Failed in it" } } }
            tbody { @for (step, failed) in figures.per_step.iter().zip(failed) {
                tr { th scope="row" { (step.step.name()) } (cells(&step.times)) (failed) }
            } }
        }
    };
    let (id, title, empty) = ("steps", "How long each step takes", "No step has been done.");
    Card { id, title, about: about(), chart: draw("Time of each step", &rows), empty, table, foot: Markup::default() }
        .render()
}

/// The card of slots: cycles that passed.
pub(crate) fn slots(batch: BatchId, figures: &BatchFigures) -> Markup {
    let named = names(&figures.per_slot);
    let with_names = || figures.per_slot.iter().zip(&named);
    let rows: Vec<Row> = with_names()
        .filter_map(|(slot, name)| spread(&slot.cycle).map(|spread| Row { name: name.clone(), spread }))
        .collect();
    let table = html! {
        table.data.dense {
            thead { tr { th scope="col" { "Slot" } (heads()) } }
            tbody { @for (slot, name) in with_names() {
                tr {
                    th scope="row" { a href=(runs_on(batch, slot.station.as_str(), slot.slot.as_str())) { (name) } }
                    (cells(&slot.cycle))
                }
            } }
        }
    };
    let about = html! { "From the beginning of a run to its end, of the runs that passed. " (about()) };
    let (id, title, empty) = ("cycles", "How long a unit takes on each slot", "No unit has passed.");
    Card { id, title, about, chart: draw("Cycle time of each slot", &rows), empty, table, foot: Markup::default() }
        .render()
}

/// Names of slots; with their station when there is more than one.
pub(crate) fn names(slots: &[SlotFigures]) -> Vec<String> {
    let many = slots.iter().any(|slot| slot.station != slots[0].station);
    let name =
        |slot: &SlotFigures| if many { format!("{}/{}", slot.station, slot.slot) } else { slot.slot.to_string() };
    slots.iter().map(name).collect()
}

fn heads() -> Markup {
    html! {
        th.num scope="col" { "Done" } th.num scope="col" { "10 % below" } th.num scope="col" { "Quarter" }
        th.num scope="col" { "Median" } th.num scope="col" { "Three quarters" } th.num scope="col" { "90 % below" }
    }
}

fn cells(times: &Histogram) -> Markup {
    let at = |percent| times.percentile_ms(percent).map_or("–".to_owned(), |ms| seconds(ms as f64 / 1000.0));
    html! {
        td.num { (times.count()) }
        @for percent in [10, 25, 50, 75, 90] { td.num { (at(percent)) } }
    }
}
