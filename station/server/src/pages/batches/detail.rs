//! One batch: how it stands, its figures and its charts.

use axum::{extract::State, response::Html};
use firstpass_domain::Action;
use firstpass_store::{BatchFigures, BatchRecord, BatchState};
use maud::{Markup, html};
use serde::Deserialize;

use super::{address, cards, find, head, results, runs, show, slots};
use crate::{
    App, AppState,
    access::Principal,
    extract::{Path, Query},
    pages::layout::{Nav, Page},
    problem::{Answer, HttpProblem},
};

/// Runs that are listed below the charts.
const RUNS_SHOWN: usize = 20;
/// Longest plan, in hours.
const HOURS_MAX: f64 = 100_000.0;

/// What the address says.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    hours: String,
}

impl Asked {
    /// In how many hours the order is to be done.
    fn hours(&self) -> Answer<Option<f64>> {
        let wrong = || {
            let why = format!("The planned hours are {:?}.", self.hours);
            HttpProblem::bad_request("hours_invalid", why, "Write a number of hours above 0, such as 7.5.")
        };
        match self.hours.trim() {
            "" => Ok(None),
            text => {
                let hours = text.parse().ok().filter(|hours| *hours > 0.0 && *hours <= HOURS_MAX);
                hours.map(Some).ok_or_else(wrong)
            }
        }
    }
}

/// `GET /batches/{id}`
pub(super) async fn page(
    State(app): State<AppState>,
    person: Principal,
    Path(id): Path<String>,
    Query(asked): Query<Asked>,
) -> Answer<Html<String>> {
    let batch = find(&app, &id).await?;
    let hours = asked.hours()?;
    let figures = app.services.store.batch_figures(batch.id).await?;
    let body = body(&app, &person, &batch, &figures, hours);
    let title = &batch.batch.name;
    Ok(show(Page { title, nav: Nav::Batches, person: Some(&person), scripts: &super::SCRIPTS, body }))
}

fn body(app: &App, person: &Principal, batch: &BatchRecord, figures: &BatchFigures, planned: Option<f64>) -> Markup {
    let now = (app.services.clock)();
    let hours = cards::hours::hours(figures);
    let takt = cards::hours::takt(batch.batch.quantity, planned, app.settings.takt_s);
    html! {
        (head::title(batch, person))
        @if person.may(Action::ManageBatches) && batch.state != BatchState::Closed { (head::size_dialog(batch, person)) }
        .order {
            (results::card(batch, &figures.yield_, &hours, takt.map(|(takt, _)| takt), now))
            (head::facts(app, batch, person))
        }
        (slots::card(batch, &app.services.floor.slots(), person))
        .charts {
            (cards::pareto::card(batch.id, figures))
            .stack-y { (cards::slots::card(batch.id, figures)) }
            (cards::hours::card(&hours, takt, now, head::takt_form(batch, planned)))
            (cards::failures::card(&hours, &figures.recent))
            (cards::times::steps(figures))
            (cards::times::slots(batch.id, figures))
            .whole { (cards::cycle::card(figures)) }
        }
        (newest(batch, figures))
    }
}

fn newest(batch: &BatchRecord, figures: &BatchFigures) -> Markup {
    let shown = &figures.recent[..figures.recent.len().min(RUNS_SHOWN)];
    html! {
        section.card.flush aria-labelledby="runs-title" {
            h2 #runs-title { "Newest runs" }
            #runs data-refresh {
                @if shown.is_empty() {
                    .empty { p { "No run has begun. Start slots on this batch, here or on the line." } }
                } @else {
                    (runs::table(shown))
                    p.foot { a href={ (address(batch.id)) "/runs" } { "All runs" } }
                }
            }
        }
    }
}
