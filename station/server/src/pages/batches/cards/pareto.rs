//! Why units fail: the pareto of diagnoses.

use firstpass_domain::Language;
use firstpass_store::{BatchFigures, BatchId};
use maud::{Markup, html};

use super::{Card, runs_with};
use crate::{
    figures::pareto::{Bar, bars},
    pages::batches::{
        draw::{self, percent},
        share,
    },
};

/// The card.
pub(crate) fn card(batch: BatchId, figures: &BatchFigures) -> Markup {
    let bars = bars(&figures.yield_.diagnoses);
    let about = html! {
        "Every run that ended with a diagnosis, retests and refused ones too. The line adds the shares up."
        @if bars.len() > draw::pareto::BARS_MAX {
            " The chart has the " (draw::pareto::BARS_MAX) " most frequent of " (bars.len()) "."
        }
    };
    let card = Card {
        id: "pareto",
        title: "Why units fail",
        about,
        chart: draw::pareto::draw(&bars),
        empty: "No run has failed.",
        table: table(batch, &bars),
        foot: Markup::default(),
    };
    card.render()
}

fn table(batch: BatchId, bars: &[Bar]) -> Markup {
    html! {
        table.data.dense {
            thead { tr {
                th scope="col" { "Diagnosis" } th scope="col" { "What" } th scope="col" { "Owner" }
                th.num scope="col" { "Runs" } th.num scope="col" { "Share" } th.num scope="col" { "Sum" }
            } }
            tbody { @for bar in bars { tr {
                th scope="row" { a.mono href=(runs_with(batch, bar.code)) { (bar.code.name()) } }
                td { (bar.code.words(Language::English).what) }
                td { (draw::pareto::owner(bar.code.owner())) }
                td.num { (bar.share.part) }
                td.num { (percent(bar.share.ratio().unwrap_or_default())) }
                td.num { (share(bar.cumulated)) }
            } } }
        }
    }
}
