//! The list of batches, newest first, page by page.

use axum::{extract::State, response::Html};
use firstpass_domain::Action;
use firstpass_store::{BatchId, BatchRecord, BatchSearch, BatchState, BatchYield};
use maud::{Markup, html};
use serde::Deserialize;
use uuid::Uuid;

use super::{address, recipe, share, show, state_badge, time};
use crate::{
    App, AppState,
    access::Principal,
    extract::Query,
    figures::binomial::Share,
    pages::layout::{Nav, Page},
    problem::{Answer, HttpProblem},
};

/// Batches on one page.
const PAGE_LEN: u32 = 25;
/// Longest text to search for, in bytes.
const TEXT_MAX: usize = 128;

/// What the address says.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    q: String,
    state: String,
    before: String,
}

impl Asked {
    fn search(&self) -> Answer<BatchSearch> {
        let unknown = |field: &str, text: &str| {
            let why = format!("{field} is {text:?}.");
            HttpProblem::bad_request("search_invalid", why, "Search from the page of batches.")
        };
        if self.q.len() > TEXT_MAX {
            return Err(unknown("The text", "too long"));
        }
        let state = match self.state.as_str() {
            "" => None,
            name => {
                let known = BatchState::ALL.into_iter().find(|state| state.name() == name);
                Some(known.ok_or_else(|| unknown("The state", name))?)
            }
        };
        let before = match self.before.as_str() {
            "" => None,
            id => Some(BatchId(Uuid::parse_str(id).map_err(|_| unknown("The place in the list", id))?)),
        };
        // One more than is shown tells whether there is a further page.
        Ok(BatchSearch { text: self.q.trim().to_owned(), state, before, limit: PAGE_LEN + 1 })
    }

    /// The address of the page behind `last`.
    fn further(&self, last: BatchId) -> String {
        let mut query = url_query(&[("q", &self.q), ("state", &self.state)]);
        query.push_str(&format!("before={}", last.0));
        format!("/batches?{query}")
    }
}

/// Parameters of an address that are not empty, each with `&` behind it.
pub(super) fn url_query(parameters: &[(&str, &str)]) -> String {
    let unreserved = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~".contains(byte);
    let encode = |text: &str| -> String {
        let part = |byte: u8| if unreserved(&byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
        text.bytes().map(part).collect()
    };
    let given = parameters.iter().filter(|(_, value)| !value.is_empty());
    given.map(|(name, value)| format!("{name}={}&", encode(value))).collect()
}

/// `GET /batches`
pub(super) async fn page(
    State(app): State<AppState>,
    person: Principal,
    Query(asked): Query<Asked>,
) -> Answer<Html<String>> {
    let search = asked.search()?;
    let mut batches = app.services.store.batch_page(&search).await?;
    let is_more = batches.len() > PAGE_LEN as usize;
    batches.truncate(PAGE_LEN as usize);
    let mut rows = Vec::with_capacity(batches.len());
    for batch in batches {
        let counts = app.services.store.batch_yield(batch.id).await?;
        rows.push((batch, counts));
    }
    let further = rows.last().filter(|_| is_more).map(|(batch, _)| asked.further(batch.id));
    let body = html! {
        .toolbar {
            h1 { "Batches" }
            @if person.may(Action::ManageBatches) { a.button.primary.push href="/batches/new" data-key="n" { "New batch" } }
        }
        (search_form(&asked))
        #batches data-refresh { (table(&app, &rows, &search)) }
        @if let Some(further) = further { p { a.button href=(further) rel="next" { "Older batches" } } }
    };
    Ok(show(Page { title: "Batches", nav: Nav::Batches, person: Some(&person), scripts: &super::SCRIPTS, body }))
}

fn search_form(asked: &Asked) -> Markup {
    html! {
        form.inline method="get" action="/batches" role="search" {
            .field.grow {
                label for="q" { "Work order or product" }
                input type="search" id="q" name="q" value=(asked.q) maxlength=(TEXT_MAX) autocomplete="off" data-search;
            }
            .field {
                label for="state" { "State" }
                select id="state" name="state" {
                    option value="" { "all" }
                    @for state in BatchState::ALL {
                        option value=(state.name()) selected[asked.state == state.name()] { (state.name()) }
                    }
                }
            }
            button type="submit" { "Search" }
            @if !asked.q.is_empty() || !asked.state.is_empty() || !asked.before.is_empty() {
                a.button.quiet href="/batches" { "Show all" }
            }
        }
    }
}

fn table(app: &App, rows: &[(BatchRecord, BatchYield)], search: &BatchSearch) -> Markup {
    html! {
        @if rows.is_empty() {
            .empty {
                @if search.text.is_empty() && search.state.is_none() {
                    strong { "There is no batch yet." }
                    p { "An engineer opens one here, or with " code { "station batch open" } "." }
                } @else {
                    strong { "No batch fits." }
                    p { "Search for a part of the work order's or the product's name." }
                }
            }
        } @else {
            .card.flush {
                table.data {
                    thead { tr {
                        th scope="col" { "Work order" } th scope="col" { "Product" } th scope="col" { "State" }
                        th.num scope="col" { "Done" } th.num scope="col" { "First pass" } th.num scope="col" { "Final" }
                        th scope="col" { "Recipe" } th scope="col" { "Opened" }
                    } }
                    tbody { @for (batch, counts) in rows { (row(app, batch, counts)) } }
                }
            }
        }
    }
}

fn row(app: &App, record: &BatchRecord, counts: &BatchYield) -> Markup {
    let batch = &record.batch;
    let (first, last) = yields(counts);
    html! {
        tr {
            th scope="row" { a href=(address(record.id)) { (batch.name) } }
            td { (batch.product) }
            td {
                (state_badge(record.state))
                @if let Some(reason) = record.reason.as_deref().filter(|reason| !reason.is_empty()) {
                    div.muted.small { (reason) }
                }
            }
            td.num { (counts.passed) @if let Some(quantity) = batch.quantity { span.muted { " of " (quantity) } } }
            td.num { (share(first)) }
            td.num { (share(last)) }
            td { (recipe(app, batch.recipe)) }
            td.nowrap { (time(record.opened, "minute")) }
        }
    }
}

/// First-pass yield, of the units that were tried; and final yield, of those that are not in work.
pub(super) fn yields(counts: &BatchYield) -> (Share, Share) {
    (Share::of(counts.first_passed, counts.tried()), Share::of(counts.passed, counts.ended()))
}
