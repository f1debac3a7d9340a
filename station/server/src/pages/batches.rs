//! The pages of batches (work orders): the list, a new one, one with its figures and charts, and its runs. What is
//! reckoned is in `figures`; what is counted is the record's.

mod acts;
mod cards;
mod detail;
mod draw;
mod form;
mod head;
mod list;
mod open;
mod results;
mod runs;
mod slots;

use axum::response::Html;
use firstpass_domain::{Action, Sha256Digest, Timestamp};
use firstpass_store::{BatchId, BatchRecord, BatchState};
use maud::{Markup, html};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};
use uuid::Uuid;

use crate::{
    App,
    access::{Access, Principal, Via},
    figures::binomial::Share,
    pages::layout::Page,
    problem::{Answer, HttpProblem},
    routes::Routes,
};

/// The script of these pages.
const SCRIPTS: [&str; 1] = ["js/batches.js"];
/// Digits of a recipe's hash that are shown.
const HASH_DIGITS: usize = 12;

pub(crate) fn routes() -> Routes {
    let (see, manage) = (Access::May(Action::SeeBatches), Access::May(Action::ManageBatches));
    Routes::default()
        .get("/batches", see, list::page)
        .get("/batches/new", manage, open::page)
        .post("/batches", manage, open::open)
        .get("/batches/{id}", see, detail::page)
        .get("/batches/{id}/runs", see, runs::page)
        .post("/batches/{id}/state", manage, acts::set_state)
        .post("/batches/{id}/size", manage, acts::change_size)
        .post("/batches/{id}/start", Access::May(Action::RunLine), acts::start)
}

fn show(page: Page<'_>) -> Html<String> {
    Html(page.render().into_string())
}

/// The batch of an address.
async fn find(app: &App, id: &str) -> Answer<BatchRecord> {
    let unknown = || HttpProblem::not_found("There is no such batch.");
    let id = BatchId(Uuid::parse_str(id).map_err(|_| unknown())?);
    app.services.store.batch(id).await?.ok_or_else(unknown)
}

/// The address of a batch's page.
fn address(id: BatchId) -> String {
    format!("/batches/{}", id.0)
}

/// How a batch stands, with shape and word.
fn state_badge(state: BatchState) -> Markup {
    let class = match state {
        BatchState::Open => "badge ok",
        BatchState::Paused => "badge warn",
        BatchState::Closed => "badge idle",
    };
    html! { span class=(class) { (state.name()) } }
}

/// A time, which the browser shows in its own zone. `shown_as` is what `common.js` knows: `minute`, `ago` and so on.
fn time(at: Timestamp, shown_as: &str) -> Markup {
    let utc = OffsetDateTime::from_unix_timestamp_nanos(i128::from(at.as_micros()) * 1000).ok();
    let iso = utc.and_then(|utc| utc.replace_nanosecond(0).ok()).and_then(|utc| utc.format(&Rfc3339).ok());
    let iso = iso.unwrap_or_default();
    let words = iso.replacen('T', " ", 1).replace('Z', " UTC");
    html! { time datetime=(iso) data-as=(shown_as) { (words) } }
}

/// A share in per cent with its numbers.
fn share(share: Share) -> Markup {
    html! {
        @match share.ratio() {
            Some(ratio) => { (draw::percent(ratio)) " " span.muted.small { (share.part) "/" (share.whole) } }
            None => span.muted { "–" },
        }
    }
}

/// The recipe's name when it is on the shelf, and the beginning of its hash.
fn recipe(app: &App, hash: Sha256Digest) -> Markup {
    let entries = app.services.shelf.entries();
    let name = entries.into_iter().find(|entry| entry.hash == Some(hash)).map(|entry| entry.name);
    let digits = hash.to_string();
    html! {
        @if let Some(name) = name { (name) " " }
        span.mono.muted title=(digits) { (digits[..HASH_DIGITS]) "…" }
    }
}

/// The token that a session's form carries, for browsers that run no script.
fn csrf(person: &Principal) -> Markup {
    html! {
        @if let Via::Session { csrf, .. } = &person.via { input type="hidden" name="csrf" value=(csrf); }
    }
}

#[cfg(test)]
mod tests;
