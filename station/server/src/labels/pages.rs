//! A unit's label on a page: what it looks like, printing it, taking it away as a file, and who did so before.

use axum::{
    extract::State,
    http::{StatusCode, header},
    response::{Html, IntoResponse, Redirect, Response},
};
use firstpass_domain::{Action, AuditEntry, AuditKind, Mac};
use firstpass_store::AuditSearch;
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::Value;

use super::{
    desk::{self, Form as Shape, Label},
    layout::Claim,
    shelf::Entry,
    zpl::Copies,
};
use crate::{
    App, AppState,
    access::{Access, Principal},
    api::command::command,
    extract::{Form, Path, Query},
    pages::{
        layout::{Nav, Page},
        when,
    },
    problem::{Answer, HttpProblem},
    routes::Routes,
};

/// Earlier labels that the page shows.
const HISTORY_MAX: u32 = 20;
/// Longest reason that a person gives, in characters.
const REASON_MAX: usize = 200;

pub(crate) fn routes() -> Routes {
    Routes::default()
        .get("/units/{mac}/label", Access::May(Action::SeeUnits), show)
        .get("/units/{mac}/label.svg", Access::May(Action::SeeUnits), preview_svg)
        .get("/units/{mac}/label.png", Access::May(Action::SeeUnits), preview_png)
        .post("/units/{mac}/label/print", Access::May(Action::PrintLabels), command(print))
        .post("/units/{mac}/label/download", Access::May(Action::PrintLabels), command(download))
}

/// Which template; without one, the first that can be used.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Chosen {
    template: Option<String>,
    printed: Option<String>,
}

/// What a person wants.
#[derive(Debug, Deserialize)]
struct Wish {
    template: String,
    #[serde(default)]
    copies: Option<String>,
    #[serde(default)]
    form: Option<String>,
    /// Whether the person knows that the unit has not passed.
    #[serde(default)]
    not_passed: Option<String>,
    #[serde(default)]
    reason: String,
}

async fn show(
    State(app): State<AppState>,
    person: Principal,
    Path(mac): Path<String>,
    Query(chosen): Query<Chosen>,
) -> Answer {
    let mac = parse(&mac)?;
    let templates = desk::templates(&app)?;
    let id = chosen.template.clone().or_else(|| first_usable(&app, &templates));
    let label = match &id {
        Some(id) => Label::draw(&app, mac, id).await.map_err(|problem| (id.clone(), problem)),
        None => return Ok(Html(no_templates(&person, mac).into_string()).into_response()),
    };
    if let Err((_, problem)) = &label
        && problem.status == StatusCode::NOT_FOUND
    {
        return Err(problem.clone());
    }
    let history = history(&app, mac).await?;
    let view = View { app: &app, person: &person, mac, templates: &templates, history: &history };
    let body = view.page(&label, chosen.printed.is_some());
    let title = format!("Label of {mac}");
    let page = Page { title: &title, nav: Nav::Units, person: Some(&person), scripts: &["js/engineering.js"], body };
    Ok(Html(page.render().into_string()).into_response())
}

async fn preview_svg(State(app): State<AppState>, Path(mac): Path<String>, Query(chosen): Query<Chosen>) -> Answer {
    preview(&app, &mac, chosen, Shape::Svg).await
}

async fn preview_png(State(app): State<AppState>, Path(mac): Path<String>, Query(chosen): Query<Chosen>) -> Answer {
    preview(&app, &mac, chosen, Shape::Png).await
}

async fn preview(app: &App, mac: &str, chosen: Chosen, shape: Shape) -> Answer {
    let id = match chosen.template {
        Some(id) => id,
        None => first_usable(app, &desk::templates(app)?)
            .ok_or_else(|| HttpProblem::not_found("There is no label template."))?,
    };
    let label = Label::draw(app, parse(mac)?, &id).await?;
    Ok(inline(shape, label.file(shape)))
}

async fn print(
    State(app): State<AppState>,
    person: Principal,
    Path(mac): Path<String>,
    Form(wish): Form<Wish>,
) -> Answer {
    let (mac, copies) = (parse(&mac)?, wish.copies()?);
    let label = Label::draw(&app, mac, &wish.template).await?.checked(wish.not_passed.is_some())?;
    label.print(&app, copies, &person.act(wish.reason()?)).await?;
    let template = &label.template.id;
    Ok(Redirect::to(&format!("/units/{mac}/label?template={template}&printed=1")).into_response())
}

async fn download(
    State(app): State<AppState>,
    person: Principal,
    Path(mac): Path<String>,
    Form(wish): Form<Wish>,
) -> Answer {
    let shape = wish.form.as_deref().and_then(Shape::named).ok_or_else(|| unknown_form(wish.form.as_deref()))?;
    let label = Label::draw(&app, parse(&mac)?, &wish.template).await?.checked(wish.not_passed.is_some())?;
    let file = label.download(&app, shape, &person.act(wish.reason()?)).await?;
    Ok(attachment(shape, &label.file_name(shape), file))
}

impl Wish {
    fn copies(&self) -> Answer<Copies> {
        let text = self.copies.as_deref().unwrap_or("1");
        text.trim().parse().ok().and_then(Copies::new).ok_or_else(|| {
            let why = format!("{text:?} is no number of labels from 1 to {}.", Copies::MAX);
            HttpProblem::bad_request("copies_invalid", why, "Print again for more.")
        })
    }

    fn reason(&self) -> Answer<&str> {
        let reason = self.reason.trim();
        if reason.chars().count() <= REASON_MAX && !reason.chars().any(char::is_control) {
            return Ok(reason);
        }
        let why = format!("The reason has more than {REASON_MAX} characters, or several lines.");
        Err(HttpProblem::bad_request("reason_invalid", why, "Write it in one short line."))
    }
}

pub(super) fn unknown_form(form: Option<&str>) -> HttpProblem {
    let why = format!("{:?} is no form of a label.", form.unwrap_or_default());
    HttpProblem::bad_request("label_form", why, "Ask for zpl, svg or png.")
}

pub(super) fn parse(mac: &str) -> Answer<Mac> {
    mac.parse().map_err(|_| HttpProblem::not_found(format!("{mac:?} is no MAC of a unit.")))
}

pub(super) fn first_usable(app: &App, templates: &[Entry]) -> Option<String> {
    let wanted = app.settings.label_on_pass.as_deref();
    let usable = || templates.iter().filter(|entry| entry.result.is_ok());
    let chosen = usable().find(|entry| Some(entry.id.as_str()) == wanted).or_else(|| usable().next());
    chosen.map(|entry| entry.id.clone())
}

/// A file that is shown.
pub(crate) fn inline(shape: Shape, file: Vec<u8>) -> Response {
    ([(header::CONTENT_TYPE, shape.media_type()), (header::CACHE_CONTROL, "no-store")], file).into_response()
}

/// A file that is kept.
pub(crate) fn attachment(shape: Shape, name: &str, file: Vec<u8>) -> Response {
    let disposition = format!("attachment; filename=\"{name}\"");
    ([(header::CONTENT_DISPOSITION, disposition)], inline(shape, file)).into_response()
}

async fn history(app: &App, mac: Mac) -> Answer<Vec<AuditEntry>> {
    let search = AuditSearch {
        kinds: vec![AuditKind::LabelPrinted],
        subject: Some(mac.to_string()),
        limit: HISTORY_MAX,
        ..AuditSearch::default()
    };
    Ok(app.services.store.search_audit(&search).await?)
}

fn no_templates(person: &Principal, mac: Mac) -> Markup {
    let body = html! {
        div.empty {
            h1 { "No label templates" }
            p { "Put templates into the folder [server] labels_dir, or mend those that are there." }
            p { a href="/engineering/labels" { "Templates and what is wrong with them" } }
        }
    };
    let title = format!("Label of {mac}");
    Page { title: &title, nav: Nav::Units, person: Some(person), scripts: &[], body }.render()
}

struct View<'a> {
    app: &'a App,
    person: &'a Principal,
    mac: Mac,
    templates: &'a [Entry],
    history: &'a [AuditEntry],
}

impl View<'_> {
    fn page(&self, label: &Result<Label, (String, HttpProblem)>, printed: bool) -> Markup {
        let id = label.as_ref().map_or_else(|(id, _)| id.as_str(), |label| label.template.id.as_str());
        html! {
            div.page-head {
                p.crumbs { a href={ "/units/" (self.mac) } { "Unit " (self.mac) } }
                h1 { "Label" }
            }
            @if printed { p.note role="status" { "The label was sent to the printer." } }
            div.split {
                section.card aria-label="Preview" {
                    (self.chooser(id))
                    @match label {
                        Ok(label) => (self.preview(label)),
                        Err((_, problem)) => (crate::pages::engineering::problem(&problem.problem)),
                    }
                }
                div.stack-y {
                    @if let (Ok(label), true) = (label, self.person.may(Action::PrintLabels)) { (self.actions(label)) }
                    (self.history())
                }
            }
        }
    }

    fn chooser(&self, id: &str) -> Markup {
        html! {
            form.inline method="get" {
                div.field {
                    label for="template" { "Template" }
                    select #template name="template" data-submits {
                        @for entry in self.templates {
                            option value=(entry.id) selected[entry.id == id] {
                                (entry.name()) @if entry.result.is_err() { " (cannot be used)" }
                            }
                        }
                    }
                }
                button type="submit" { "Show" }
            }
        }
    }

    fn preview(&self, label: &Label) -> Markup {
        let id = &label.template.id;
        html! {
            @if let Some(why) = &label.unit.why_not {
                div.problem.warn {
                    p.what { "This unit has not passed" }
                    p.why { "On record " (why) ". Its label says NOT PASSED across the middle." }
                }
            }
            img.label-preview src={ "/units/" (self.mac) "/label.svg?template=" (id) }
                alt={ "Label of unit " (self.mac) ", template " (label.template.name()) };
        }
    }

    fn actions(&self, label: &Label) -> Markup {
        let base = format!("/units/{}/label", self.mac);
        html! {
            section.card {
                h2 { "Print" }
                @match self.app.labels.printer() {
                    Some(printer) => form.stack method="post" action={ (base) "/print" } {
                        (self.common(label))
                        div.field {
                            label for="copies" { "Copies" }
                            input #copies name="copies" type="number" min="1" max=(Copies::MAX) value="1" required;
                        }
                        (marked(label, "print"))
                        button.primary type="submit" { "Print" }
                        p.muted.small { "Printer " span.mono { (printer) } }
                    },
                    None => p.muted { "No printer is set up: [server] label_printer in the configuration." },
                }
            }
            section.card {
                h2 { "Download" }
                form.stack method="post" action={ (base) "/download" } {
                    (self.common(label))
                    (marked(label, "download"))
                    div.toolbar {
                        @for shape in Shape::ALL {
                            button type="submit" name="form" value=(shape.name()) { (shape.name().to_uppercase()) }
                        }
                    }
                }
            }
        }
    }

    fn common(&self, label: &Label) -> Markup {
        html! { input type="hidden" name="template" value=(label.template.id); }
    }

    fn history(&self) -> Markup {
        html! {
            section.card {
                h2 { "Labels so far" }
                @if self.history.is_empty() { p.muted { "None was printed or downloaded yet." } }
                @else {
                    table.data.dense {
                        caption.visually-hidden { "Labels that were printed or downloaded, newest first" }
                        thead { tr { th scope="col" { "When" } th scope="col" { "Who" } th scope="col" { "What" } } }
                        tbody { @for entry in self.history { (row(entry)) } }
                    }
                }
            }
        }
    }
}

/// The box that a person ticks before a unit that has not passed gets a label.
fn marked(label: &Label, id: &str) -> Markup {
    html! {
        @if label.unit.claim == Claim::NotPassed {
            label for={ "not-passed-" (id) } {
                input id={ "not-passed-" (id) } type="checkbox" name="not_passed" value="yes" required;
                "I know that it says NOT PASSED"
            }
        }
    }
}

fn row(entry: &AuditEntry) -> Markup {
    let body: Value = serde_json::from_str(&entry.body).unwrap_or_default();
    let text = |field: &str| body[field].as_str().unwrap_or_default().to_owned();
    html! {
        tr {
            td { (when::time(entry.at)) }
            td { (entry.actor) }
            td {
                (text("template")) " to " (text("to"))
                @if text("to") == "download" { " as " (text("form").to_uppercase()) }
                @if let Some(copies) = body["copies"].as_u64().filter(|copies| *copies > 1) { ", " (copies) " times" }
                @if text("claim") == "not_passed" { " " span.badge.warn { "marked NOT PASSED" } }
                @if let Some(why) = body["failed"].as_str() { " " span.badge.bad { "failed" } div.muted.small { (why) } }
            }
        }
    }
}
