//! The runs of a batch, newest first: all, or those with a diagnosis or on a slot.

use axum::{extract::State, response::Html};
use firstpass_domain::{DiagnosisCode, Language, RunId, RunState};
use firstpass_store::{BatchId, BatchRecord, RunPoint};
use maud::{Markup, html};
use serde::Deserialize;
use uuid::Uuid;

use super::{address, cards::cycle_s, draw::seconds, find, list::url_query, show, time};
use crate::{
    App, AppState,
    access::Principal,
    extract::{Path, Query},
    pages::layout::{Nav, Page},
    problem::{Answer, HttpProblem},
};

/// Runs on one page.
const PAGE_LEN: usize = 50;
/// Runs that are read from the record at once.
const READ_LEN: u32 = 500;
/// How often that is done for one page: a search that finds little goes on from there when asked.
const READS_MAX: usize = 4;

/// What the address says.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    code: String,
    station: String,
    slot: String,
    before: String,
}

/// Which runs are shown.
struct Wanted<'a> {
    code: Option<DiagnosisCode>,
    station: &'a str,
    slot: &'a str,
}

impl Wanted<'_> {
    fn fits(&self, run: &RunPoint) -> bool {
        self.code.is_none_or(|code| run.code() == Some(code))
            && (self.station.is_empty() || run.station.as_str() == self.station)
            && (self.slot.is_empty() || run.slot.as_str() == self.slot)
    }

    fn is_all(&self) -> bool {
        self.code.is_none() && self.station.is_empty() && self.slot.is_empty()
    }
}

/// Runs that were found, and from where to look further.
struct Found {
    runs: Vec<RunPoint>,
    looked_at: usize,
    further: Option<RunId>,
}

/// `GET /batches/{id}/runs`
pub(super) async fn page(
    State(app): State<AppState>,
    person: Principal,
    Path(id): Path<String>,
    Query(asked): Query<Asked>,
) -> Answer<Html<String>> {
    let batch = find(&app, &id).await?;
    let wrong = |why: String| HttpProblem::bad_request("search_invalid", why, "Come from the page of the batch.");
    let code = match asked.code.as_str() {
        "" => None,
        name => {
            let known = DiagnosisCode::ALL.iter().copied().find(|code| code.name() == name);
            Some(known.ok_or_else(|| wrong(format!("There is no diagnosis {name:?}.")))?)
        }
    };
    let before = match asked.before.as_str() {
        "" => None,
        id => Some(RunId(Uuid::parse_str(id).map_err(|_| wrong(format!("{id:?} is no run.")))?)),
    };
    let wanted = Wanted { code, station: &asked.station, slot: &asked.slot };
    let found = look(&app, batch.id, &wanted, before).await?;
    let title = format!("Runs of {}", batch.batch.name);
    let body = body(&batch, &asked, &wanted, &found);
    Ok(show(Page { title: &title, nav: Nav::Batches, person: Some(&person), scripts: &super::SCRIPTS, body }))
}

async fn look(app: &App, batch: BatchId, wanted: &Wanted<'_>, mut before: Option<RunId>) -> Answer<Found> {
    let mut found = Found { runs: Vec::new(), looked_at: 0, further: None };
    for _ in 0..READS_MAX {
        let runs = app.services.store.runs_of_batch(batch, before, READ_LEN).await?;
        let is_last = runs.len() < READ_LEN as usize;
        for run in runs {
            if found.runs.len() == PAGE_LEN {
                found.further = before;
                return Ok(found);
            }
            (before, found.looked_at) = (Some(run.run), found.looked_at + 1);
            if wanted.fits(&run) {
                found.runs.push(run);
            }
        }
        if is_last {
            return Ok(found);
        }
    }
    found.further = before;
    Ok(found)
}

fn body(batch: &BatchRecord, asked: &Asked, wanted: &Wanted<'_>, found: &Found) -> Markup {
    html! {
        .toolbar {
            h1 { "Runs of " a href=(address(batch.id)) { (batch.batch.name) } }
            @if !wanted.is_all() { a.button.quiet.push href={ (address(batch.id)) "/runs" } { "Show all runs" } }
        }
        @if let Some(code) = wanted.code { (diagnosis(code)) }
        @if !wanted.slot.is_empty() { p { "On slot " strong { (wanted.slot) } @if !wanted.station.is_empty() { " of station " (wanted.station) } "." } }
        @if found.runs.is_empty() {
            .empty {
                strong { "No run fits." }
                @if found.further.is_some() { p { (found.looked_at) " runs were looked at; there are older ones." } }
            }
        } @else {
            .card.flush { (table(&found.runs)) }
        }
        @if let Some(further) = found.further {
            p {
                a.button rel="next" href=(further_address(batch.id, asked, further)) { "Older runs" }
                @if !wanted.is_all() { " " span.muted { (found.looked_at) " runs were looked at for this page." } }
            }
        }
    }
}

fn further_address(batch: BatchId, asked: &Asked, further: RunId) -> String {
    let query = url_query(&[("code", &asked.code), ("station", &asked.station), ("slot", &asked.slot)]);
    format!("{}/runs?{query}before={further}", address(batch))
}

fn diagnosis(code: DiagnosisCode) -> Markup {
    let words = code.words(Language::English);
    html! {
        .problem.warn {
            p.what { (words.what) }
            p.why { (words.why) }
            p.remedy { (words.remedy) }
            p.code { (code.name()) }
        }
    }
}

/// Runs as a table.
pub(super) fn table(runs: &[RunPoint]) -> Markup {
    html! {
        table.data.dense {
            thead { tr {
                th scope="col" { "Began" } th scope="col" { "Unit" } th scope="col" { "Slot" } th scope="col" { "Result" }
                th scope="col" { "Diagnosis" } th.num scope="col" { "Took" }
            } }
            tbody { @for run in runs { tr {
                td.nowrap { (time(run.began, "full")) }
                td { (unit(run)) }
                td { (run.slot) }
                td { (result(run)) }
                td { @if let Some(code) = run.code() { span.mono { (code.name()) } " " span.muted.small { (code.words(Language::English).what) } } }
                td.num { (cycle_s(run).map_or("–".to_owned(), seconds)) }
            } } }
        }
    }
}

/// The unit of a run, with the way to its page.
pub(super) fn unit(run: &RunPoint) -> Markup {
    html! {
        @match run.mac {
            Some(mac) => a.mono href={ "/units/" (mac) } { (mac) },
            None => span.muted { "not identified" },
        }
    }
}

fn result(run: &RunPoint) -> Markup {
    html! {
        @match run.state {
            RunState::Open => span.badge.info { "in work" },
            RunState::Passed => span.badge.ok { "passed" },
            RunState::Failed { code: DiagnosisCode::Interrupted | DiagnosisCode::Cancelled } => span.badge.idle { "cut short" },
            RunState::Failed { .. } if run.mac.is_some() && !run.admitted => span.badge.warn { "refused" },
            RunState::Failed { .. } => span.badge.bad { "failed" },
        }
        @if run.repair { " " span.badge.idle { "repair" } }
    }
}
