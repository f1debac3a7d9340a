//! The engineer's pages: recipes, images, ports, golden units, labels, certificates and how the station is. Each tab is a
//! page of its own, so that every one has an address. Knows what a page looks like, and not what stands on it.

mod authority_files;
mod certificate;
mod certificates;
mod checks;
mod compare;
mod diff;
mod golden;
mod images;
mod issue;
mod labels;
mod points;
mod points_words;
mod ports;
mod recipe;
mod recipes;
mod revoke;
mod shifts;
mod state;
mod status;
mod versions;

use axum::response::{Html, IntoResponse, Redirect, Response};
use firstpass_domain::{Action, Problem, Sha256Digest};
use maud::{Markup, html};

pub(crate) use self::state::State;
use super::layout::{Nav, Page};
use crate::{
    access::{Access, Principal, Via},
    problem::{Answer, HttpProblem},
    routes::Routes,
};

/// Digits of a hash that people compare.
const HASH_SHORT: usize = 12;
/// Longest reason that a person gives, in characters.
const REASON_MAX: usize = 200;

pub(crate) fn routes() -> Routes {
    Routes::default()
        .get("/engineering", Access::May(Action::SeeEngineering), to_first)
        .merge(recipes::routes())
        .merge(images::routes())
        .merge(ports::routes())
        .merge(golden::routes())
        .merge(labels::routes())
        .merge(certificates::routes())
        .merge(authority_files::routes())
        .merge(status::routes())
}

async fn to_first() -> Redirect {
    Redirect::to(Tab::Recipes.path())
}

/// A tab of the engineer's pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tab {
    Recipes,
    Images,
    Ports,
    Golden,
    Labels,
    Certificates,
    Status,
}

impl Tab {
    const ALL: [Self; 7] =
        [Self::Recipes, Self::Images, Self::Ports, Self::Golden, Self::Labels, Self::Certificates, Self::Status];

    const fn path(self) -> &'static str {
        match self {
            Self::Recipes => "/engineering/recipes",
            Self::Images => "/engineering/images",
            Self::Ports => "/engineering/ports",
            Self::Golden => "/engineering/golden",
            Self::Labels => "/engineering/labels",
            Self::Certificates => "/engineering/certificates",
            Self::Status => "/engineering/status",
        }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Recipes => "Recipes",
            Self::Images => "Images",
            Self::Ports => "Ports and slots",
            Self::Golden => "Golden units",
            Self::Labels => "Labels",
            Self::Certificates => "Certificates",
            Self::Status => "Stations",
        }
    }
}

/// A page of a tab. `crumb` leads back to the tab from a page below it.
fn page(person: &Principal, tab: Tab, title: &str, below: bool, body: &Markup) -> Response {
    let body = html! {
        div.page-head {
            @if below { p.crumbs { a href=(tab.path()) { (tab.word()) } } }
            h1 { (title) }
        }
        nav.tabs aria-label="Engineering" {
            @for one in Tab::ALL {
                a href=(one.path()) aria-current=[(one == tab).then_some(if below { "true" } else { "page" })] { (one.word()) }
            }
        }
        (body)
    };
    let scripts = &["js/engineering.js"];
    let page = Page { title, nav: Nav::Engineering, person: Some(person), scripts, body };
    Html(page.render().into_string()).into_response()
}

/// A problem on a page, in its four parts.
pub(crate) fn problem(problem: &Problem) -> Markup {
    html! {
        div.problem {
            p.what { (problem.what) }
            p.why { (problem.why) }
            p.remedy { (problem.remedy) }
            p.code { (problem.code) }
        }
    }
}

/// The field without which a form of a session changes nothing.
pub(crate) fn csrf(person: &Principal) -> Markup {
    html! {
        @if let Via::Session { csrf, .. } = &person.via { input type="hidden" name="csrf" value=(csrf); }
    }
}

/// A hash as people compare it, with the whole of it behind.
fn short(hash: Sha256Digest) -> Markup {
    let text = hash.to_string();
    html! { span.mono title=(text) { (text[..HASH_SHORT]) "…" } }
}

/// A number of bytes as people say it, and exactly.
fn bytes(count: u64) -> Markup {
    const KIB: u64 = 1024;
    let exact = format!("{count} bytes");
    let shown = match count {
        0..KIB => format!("{count} B"),
        KIB..1_048_576 => format!("{}.{} KiB", count / KIB, count % KIB * 10 / KIB),
        1_048_576..1_073_741_824 => format!("{}.{} MiB", count / (KIB * KIB), count % (KIB * KIB) * 10 / (KIB * KIB)),
        _ => format!("{}.{} GiB", count / 1_073_741_824, count % 1_073_741_824 * 10 / 1_073_741_824),
    };
    html! { span title=(exact) { (shown) } }
}

/// A reason that a person must give.
fn reason(text: &str) -> Answer<&str> {
    let text = text.trim();
    let len = text.chars().count();
    if (1..=REASON_MAX).contains(&len) && !text.chars().any(char::is_control) {
        return Ok(text);
    }
    let why = format!("The reason has {len} characters.");
    let remedy = format!("Say in one line why, with at most {REASON_MAX} characters: it goes on record.");
    Err(HttpProblem::bad_request("reason_invalid", why, remedy))
}

/// The field for a reason.
fn reason_field(id: &str, example: &str) -> Markup {
    html! {
        div.field {
            label for=(id) { "Reason" }
            input id=(id) name="reason" required maxlength=(REASON_MAX) placeholder=(example) autocomplete="off";
        }
    }
}
