//! One version of a recipe: its text with numbered lines, what is wrong with it and where, what it demands, its images.

use axum::extract::State;
use firstpass_line::recipe::{Recipe, RecipeError};
use firstpass_store::ImageRecord;
use maud::{Markup, html};
use serde::Deserialize;

use super::{
    Tab, bytes, page, points, problem, short,
    versions::{self, Version},
};
use crate::{AppState, access::Principal, extract::Query, pages::when, problem::Answer};

/// Which recipe.
#[derive(Debug, Deserialize)]
pub(super) struct Asked {
    recipe: String,
}

pub(super) async fn show(State(app): State<AppState>, person: Principal, Query(asked): Query<Asked>) -> Answer {
    let version = versions::find(&app, &asked.recipe).await?;
    let body = html! {
        @if let Some(error) = &version.error { (problem(&error.problem())) }
        div.split {
            (text(&version.text, version.error.as_ref()))
            (facts(&version))
        }
        @if let Some(recipe) = &version.recipe { (images(&recipe.images)) }
        @if let Some(policy) = &version.policy { (demands(&points::of(policy))) }
        @if let Some(recipe) = &version.recipe { (plan(recipe)) }
    };
    Ok(page(&person, Tab::Recipes, &version.name, true, &body))
}

fn facts(version: &Version) -> Markup {
    html! {
        section.card {
            h2 { "This version" }
            dl.facts {
                dt { "Check" }
                dd {
                    @if version.error.is_some() { span.badge.bad { "Cannot be used" } }
                    @else if version.recipe.is_some() { span.badge.ok { "Can be used" } }
                    @else { span.badge.idle { "On record, not on the shelf" } }
                }
                @if let Some(file) = &version.file { dt { "File" } dd.mono { (file.display()) } }
                dt { "Key" } dd.mono.break { (version.key) }
                dt { "First used" }
                dd { @match version.first_used { Some(at) => (when::time(at)), None => "not yet" } }
            }
        }
    }
}

/// The text with its lines numbered; the one with the error is marked, with the words beside it.
fn text(text: &str, error: Option<&RecipeError>) -> Markup {
    let wrong = error.filter(|error| error.line > 0);
    html! {
        section.card.flush aria-label="Text" {
            table.code {
                caption.visually-hidden { "Text of the recipe, line by line" }
                tbody {
                    @for (line, number) in text.lines().zip(1..) {
                        @let found = wrong.filter(|error| error.line == number);
                        tr #{ "L" (number) } .wrong[found.is_some()] {
                            th scope="row" { (number) }
                            td {
                                code { (line) }
                                @if let Some(error) = found {
                                    div.said { "Column " (error.column) ": " (error.what) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn demands(points: &[points::Point]) -> Markup {
    html! {
        section.card {
            h2 { "What it demands of a unit" }
            dl.facts { @for point in points { dt { (point.name) } dd { (point.demand) } } }
        }
    }
}

fn images(images: &[ImageRecord]) -> Markup {
    html! {
        section.card.flush {
            h2 { "Images" }
            table.data {
                thead { tr {
                    th scope="col" { "Region" } th scope="col" { "File" } th.num scope="col" { "Size" }
                    th scope="col" { "Version" } th scope="col" { "SHA-256" }
                } }
                tbody { @for image in images { tr {
                    th scope="row" { (image.region) }
                    td.break { (image.name) }
                    td.num { (bytes(u64::from(image.size))) }
                    td { (image.version.as_deref().unwrap_or("none")) }
                    td { (short(image.sha256)) }
                } } }
            }
        }
    }
}

/// What the line does by it, besides what is demanded.
fn plan(recipe: &Recipe) -> Markup {
    let bauds: Vec<String> = recipe.bauds.iter().map(ToString::to_string).collect();
    let steps: Vec<&str> = recipe.policy.steps().map(|step| step.name()).collect();
    html! {
        section.card {
            h2 { "What the line does" }
            dl.facts {
                dt { "Steps" } dd { (steps.join(", ")) }
                dt { "Baud rates" } dd { (bauds.join(", ")) }
                dt { "Serial numbers" } dd.mono { (recipe.nvs.serial) }
            }
        }
    }
}
