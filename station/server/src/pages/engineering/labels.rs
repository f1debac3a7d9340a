//! The label templates with what is wrong with them, what each looks like, and how the printer fares.

use axum::extract::State;
use firstpass_domain::Action;
use maud::{Markup, html};

use super::{Tab, page, problem, short};
use crate::{
    App, AppState,
    access::{Access, Principal},
    extract::Path,
    labels::{Entry, Following, Form, inline, sample, templates, usable},
    problem::Answer,
    routes::Routes,
};

pub(super) fn routes() -> Routes {
    Routes::default().get("/engineering/labels", Access::May(Action::SeeEngineering), list).get(
        "/engineering/labels/{template}/sample.svg",
        Access::May(Action::SeeEngineering),
        picture,
    )
}

async fn list(State(app): State<AppState>, person: Principal) -> Answer {
    let entries = templates(&app)?;
    let folder = app.settings.labels_dir.as_ref().map(|folder| folder.display().to_string());
    let body = html! {
        div.grid { (printer(&app)) (automatic(&app)) }
        @if entries.is_empty() {
            div.empty { strong { "No label templates" } p { "Put templates (*.toml) into the folder [server] labels_dir." } }
        }
        div.grid.stretch { @for entry in &entries { (card(entry)) } }
        p.muted.small {
            @match folder {
                Some(folder) => { "Templates of the folder " span.mono { (folder) } ", read whenever they are used." },
                None => "Templates of the program itself; [server] labels_dir names a folder with your own.",
            }
        }
    };
    Ok(page(&person, Tab::Labels, "Labels", false, &body))
}

/// A template with made-up values, which no unit has.
async fn picture(State(app): State<AppState>, Path(template): Path<String>) -> Answer {
    let (_, template) = usable(&app, &template)?;
    Ok(inline(Form::Svg, sample(&template, Form::Svg)?))
}

fn printer(app: &App) -> Markup {
    html! {
        section.card {
            h2 { "Printer" }
            @match app.labels.printer() {
                Some(address) => p { span.mono { (address) } " takes ZPL. It is asked how it is before each label." },
                None => p.muted { "None is set up: [server] label_printer = \"host:9100\". Labels can be downloaded." },
            }
        }
    }
}

fn automatic(app: &App) -> Markup {
    let Following { problem: held, printed, skipped } = app.labels.following();
    html! {
        section.card {
            h2 { "A label for every pass" }
            @match (&app.settings.label_on_pass, app.labels.printer()) {
                (None, _) => p.muted { "Off. [server] label_on_pass names the template that is printed by itself." },
                (Some(_), None) => p { span.badge.warn { "no printer" } " Nothing can be printed." },
                (Some(template), Some(_)) => {
                    p {
                        @if held.is_some() { span.badge.warn { "waits for the printer" } } @else { span.badge.ok { "on" } }
                        " Template " strong { (template) } ", " (printed) " printed since the start."
                    }
                }
            }
            @if let Some(held) = &held { (problem(held)) }
            @if !skipped.is_empty() {
                h3 { "Units without one" }
                ul { @for (mac, why) in skipped.iter().rev() { li { a.mono href={ "/units/" (mac) "/label" } { (mac) } ": " (why) } } }
            }
        }
    }
}

fn card(entry: &Entry) -> Markup {
    html! {
        section.card {
            h2 { (entry.name()) }
            @match &entry.result {
                Err(error) => (problem(&error.problem())),
                Ok(template) => {
                    img.label-preview src={ "/engineering/labels/" (entry.id) "/sample.svg" }
                        alt={ "What the template " (template.name) " looks like" };
                    dl.facts {
                        dt { "Size" } dd { (template.width_mm) " × " (template.height_mm) " mm, " (template.dpi) " dpi" }
                        dt { "Filled with" }
                        dd { @for (number, placeholder) in template.placeholders().iter().enumerate() {
                            @if number > 0 { ", " }
                            span title=(placeholder.meaning()) { (placeholder.name()) }
                        } }
                    }
                }
            }
            dl.facts {
                dt { "Id" } dd.mono { (entry.id) }
                dt { "Text" } dd { (short(entry.hash)) }
            }
        }
    }
}
