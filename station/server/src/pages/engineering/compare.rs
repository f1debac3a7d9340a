//! Two versions of a recipe side by side: what changed for the units, and which lines of the text.

use axum::extract::State;
use maud::{Markup, html};
use serde::Deserialize;

use super::{
    Tab,
    diff::{self, Line, Part},
    page,
    points::{self, Change, Weight},
    versions::{self, Version},
};
use crate::{AppState, access::Principal, extract::Query, problem::Answer};

/// Which two.
#[derive(Debug, Deserialize)]
pub(super) struct Asked {
    old: String,
    new: String,
}

pub(super) async fn show(State(app): State<AppState>, person: Principal, Query(asked): Query<Asked>) -> Answer {
    let old = versions::find(&app, &asked.old).await?;
    let new = versions::find(&app, &asked.new).await?;
    let lines = diff::lines(&old.text, &new.text);
    let body = html! {
        (names(&old, &new))
        (demands(&old, &new))
        (texts(&diff::parts(&lines), old.text == new.text))
    };
    Ok(page(&person, Tab::Recipes, "Two versions", true, &body))
}

fn names(old: &Version, new: &Version) -> Markup {
    let swapped = format!(
        "/engineering/recipes/compare?old={}&new={}",
        super::ports::percent(&new.key.to_string()),
        super::ports::percent(&old.key.to_string())
    );
    html! {
        div.grid {
            @for (word, version) in [("Old", old), ("New", new)] {
                section.card {
                    h2 { (word) ": " a href=(version.key.href()) { (version.name) } }
                    p.mono.small.break { (version.key) }
                }
            }
        }
        div.toolbar { a.button href=(swapped) { "Swap" } }
    }
}

fn demands(old: &Version, new: &Version) -> Markup {
    let changes = old.policy.as_ref().zip(new.policy.as_ref()).map(|(old, new)| points::changes(old, new));
    html! {
        section.card.flush {
            h2 { "What changes for the units" }
            @match changes {
                None => div.empty { p { "One of the two cannot be used, so that only the texts can be compared." } },
                Some(changes) if changes.is_empty() => div.empty { p { "Nothing: both demand the same." } },
                Some(changes) => table.data {
                    thead { tr {
                        th scope="col" { "Demand" } th scope="col" { "Old" } th scope="col" { "New" } th scope="col" { "Units must prove" }
                    } }
                    tbody { @for change in &changes { (row(change)) } }
                },
            }
        }
    }
}

fn row(change: &Change) -> Markup {
    let none = || html! { span.muted { "nothing" } };
    html! {
        tr {
            th scope="row" { (change.name) }
            td.break { @match &change.from { Some(from) => (from), None => (none()) } }
            td.break { @match &change.to { Some(to) => (to), None => (none()) } }
            td { @match change.weight {
                Weight::Stricter => span.badge.ok { "more" },
                Weight::Looser => span.badge.warn { "less" },
                Weight::Other => span.badge.info { "something else" },
            } }
        }
    }
}

fn texts(parts: &[Part<'_>], same: bool) -> Markup {
    html! {
        section.card.flush {
            h2 { "Text" }
            @if same { div.empty { p { "Both texts are the same. What differs lies in the images." } } }
            @else {
                table.code.diff {
                    caption.visually-hidden { "Lines that were removed or added, with those around them" }
                    thead { tr { th scope="col" { "Old" } th scope="col" { "New" } th scope="col" { span.visually-hidden { "Change" } } th scope="col" { "Line" } } }
                    tbody {
                        @for part in parts { @match part {
                            Part::Lines(lines) => @for shown in lines { (line(shown)) },
                            Part::Skipped(count) => tr.skipped { td colspan="4" { (count) " lines that are the same" } },
                        } }
                    }
                }
            }
        }
    }
}

fn line(line: &Line<'_>) -> Markup {
    let row = |class: Option<&str>, old: Option<usize>, new: Option<usize>, mark: &str, word: &str, text: &str| {
        html! {
            tr class=[class] {
                td.number { @if let Some(old) = old { (old) } }
                td.number { @if let Some(new) = new { (new) } }
                td.mark { span aria-hidden="true" { (mark) } span.visually-hidden { (word) } }
                td { code { (text) } }
            }
        }
    };
    match line {
        Line::Same(old, new, text) => row(None, Some(*old), Some(*new), "", "", text),
        Line::Old(number, text) => row(Some("old"), Some(*number), None, "−", "removed", text),
        Line::New(number, text) => row(Some("new"), None, Some(*number), "+", "added", text),
    }
}
