//! The line page: the slots as they stand, live, and what an operator does with them.

mod acts;
mod code128;
mod commands;
mod deeds;
mod drawer;
mod live;
mod place;
mod scan;
mod scanned;
mod slot;
mod stream;
mod strip;
mod told;

use axum::{
    extract::State,
    response::{Html, IntoResponse, Redirect, Response},
};
use firstpass_domain::{Action, Language};
use firstpass_store::{BatchRecord, BatchSearch, BatchState};
use maud::{Markup, html};

use super::layout::{Nav, Page};
use crate::{
    AppState,
    access::{Access, Principal},
    problem::Answer,
    routes::Routes,
    words::{LineWords, frame, line, login},
};
pub(crate) use live::Live;
use scan::{Command, SCAN_MAX};

/// Most work orders in the list; an older one is scanned or typed.
const ORDERS_MAX: u32 = 50;
/// How the page comes back after a lost connection: quickly, and not all pages at once. In the background it rests.
const STREAM: &str = r#"{"sse":{"reconnectDelay":400,"reconnectMaxDelay":3000,"reconnectJitter":0.3,"connectTimeout":5000,"pauseOnBackground":true}}"#;
/// Keys of the page and the command that each gives.
const KEYS: [(&str, Command); 8] = [
    ("F1", Command::Help),
    ("F2", Command::Start),
    ("F3", Command::Stop),
    ("F4", Command::StopNow),
    ("F6", Command::Retry),
    ("F7", Command::Quarantine),
    ("F8", Command::Release),
    ("F9", Command::Open),
];

pub(crate) fn routes() -> Routes {
    Routes::default()
        .get("/", Access::Public, home)
        .get("/line", Access::May(Action::SeeLine), page)
        .get("/line/events", Access::May(Action::SeeLine), stream::events)
        .get("/line/commands", Access::May(Action::SeeLine), commands::sheet)
        .get("/line/unit/{mac}", Access::May(Action::SeeUnits), drawer::unit)
        .post("/line/scan", Access::May(Action::SeeLine), scanned::scan)
        .post("/line/start", Access::May(Action::RunLine), acts::start)
        .post("/line/stop", Access::May(Action::RunLine), acts::stop)
        .post("/line/retry", Access::May(Action::RunLine), acts::retry)
        .post("/line/quarantine", Access::May(Action::QuarantineUnits), deeds::quarantine)
        .post("/line/release", Access::May(Action::ReleaseUnits), deeds::release)
}

/// Where somebody begins: an auditor with the log, everybody else at the line.
async fn home(person: Option<Principal>) -> Response {
    let place = match person {
        None => "/login",
        Some(person) if person.may(Action::RunLine) => "/line",
        Some(person) if person.may(Action::SeeAudit) => "/audit",
        Some(_) => "/line",
    };
    Redirect::to(place).into_response()
}

async fn page(State(app): State<AppState>, person: Principal) -> Answer<Html<String>> {
    let words = line(person.language);
    let search = BatchSearch { state: Some(BatchState::Open), limit: ORDERS_MAX, ..BatchSearch::default() };
    let orders = app.services.store.batch_page(&search).await?;
    let slots = app.line.page(&app.services, person.language);
    let body = html! {
        h1.visually-hidden { (words.title) }
        .line #line data-may=(rights(&person)) data-quarantine-ask=(words.quarantine_ask) data-quarantine-text=(words.quarantine_text)
            data-release-ask=(words.release_ask) data-release-text=(words.release_text) data-stop-ask=(words.stop_ask)
            data-stop-text=(words.stop_text) data-reason=(words.reason) data-selected=(words.selected)
            data-passed=(words.passed) data-failed=(words.failed) data-quarantine=(words.quarantine) data-release=(words.release)
            data-stop-now=(words.stop_now)
        {
            (lost(words))
            (bar(&orders, &person, words))
            #live hx-sse:connect="/line/events" hx-trigger="load, again" hx-swap="none" hx-config=(STREAM) {}
            (slots)
            (chosen(words))
            p.visually-hidden #told aria-live="polite" {}
            (dialogs(words))
            (pin(person.language))
        }
    };
    let scripts = ["vendor/hx-sse-4.0.1.min.js", "js/line.js"];
    let page = Page { title: words.title, nav: Nav::Line, person: Some(&person), scripts: &scripts, body };
    Ok(Html(page.render().into_string()))
}

/// What the person may do here; the buttons for what they may not are not shown.
fn rights(person: &Principal) -> String {
    let rights = [(Action::RunLine, "run"), (Action::QuarantineUnits, "quarantine"), (Action::ReleaseUnits, "release")];
    rights.into_iter().filter(|(action, _)| person.may(*action)).map(|(_, word)| word).collect::<Vec<_>>().join(" ")
}

/// What stands over everything while the page is not live.
fn lost(words: &LineWords) -> Markup {
    html! {
        .lost #lost role="alert" hidden {
            strong { (words.not_live_since) " " span.since {} }
            span { (words.not_live_text) }
        }
    }
}

/// Scan field, work order and what concerns the whole page.
fn bar(orders: &[BatchRecord], person: &Principal, words: &LineWords) -> Markup {
    let runs = person.may(Action::RunLine);
    html! {
        form.bar #scan-form autocomplete="off" {
            .field.grow {
                label for="scan" { (words.scan) }
                input #scan name="text" type="text" inputmode="text" autocomplete="off" autocapitalize="off" spellcheck="false"
                    maxlength=(SCAN_MAX) placeholder=(words.scan_hint);
            }
            @if runs {
                .field {
                    label for="order" { (words.work_order) }
                    select #order name="order" {
                        option value="" { (words.choose) }
                        @for order in orders {
                            option value=(order.id.0) selected[orders.len() == 1] { (order.batch.name) }
                        }
                    }
                }
                button.primary type="button" data-act="start" { (words.start) }
            }
            button type="button" data-act="sound" aria-pressed="true" { (words.sound) }
            button type="button" data-act="help" { (words.help) }
            button type="button" data-act="large" { (words.large) }
        }
    }
}

/// What can be done with the slots that are chosen.
fn chosen(words: &LineWords) -> Markup {
    html! {
        section.chosen #chosen aria-label=(words.what_now) hidden {
            .which { strong.names {} .detail {} }
            .toolbar {
                button.primary type="button" data-act="retry" data-needs="run" { (words.retry) kbd { "F6" } }
                button type="button" data-act="start" data-needs="run" { (words.start) kbd { "F2" } }
                button type="button" data-act="stop" data-needs="run" { (words.stop) kbd { "F3" } }
                button type="button" data-act="stop_now" data-needs="run" { (words.stop_now) kbd { "F4" } }
                button.danger type="button" data-act="quarantine" data-needs="quarantine" { (words.quarantine) kbd { "F7" } }
                button type="button" data-act="release" data-needs="release" { (words.release) kbd { "F8" } }
                button type="button" data-act="open" { (words.open_unit) kbd { "F9" } }
                button.quiet type="button" data-act="clear" { (words.deselect) kbd { "Esc" } }
            }
        }
    }
}

fn dialogs(words: &LineWords) -> Markup {
    html! {
        dialog.drawer #unit aria-labelledby="drawer-title" {
            button.quiet.close type="button" data-closes aria-label=(words.deselect) { "✕" }
            .content {}
        }
        dialog.wide #help aria-labelledby="help-title" {
            h2 #help-title { (words.help) }
            p { (words.help_text) }
            (help(words))
            .buttons {
                a.button href="/line/commands" { (words.commands) }
                button.primary type="button" data-closes { "OK" }
            }
        }
    }
}

/// Asks for the PIN of a badge that was scanned; then its owner is the one who works here.
fn pin(language: Language) -> Markup {
    let words = login(language);
    html! {
        dialog #pin aria-labelledby="pin-title" {
            form method="post" action="/login/badge" autocomplete="off" {
                h2 #pin-title { (frame(language).switch) }
                p { (line(language).badge_found) }
                .field {
                    label for="pin-field" { (words.pin) }
                    input #pin-field name="pin" type="password" required inputmode="numeric" autocomplete="off" maxlength="12";
                }
                input type="hidden" name="badge" value="";
                input type="hidden" name="next" value="/line";
                input type="hidden" name="lang" value=(language.tag());
                .buttons {
                    button type="button" data-closes { (frame(language).cancel) }
                    button.primary type="submit" { (words.submit) }
                }
            }
        }
    }
}

/// Commands with their keys.
fn help(words: &LineWords) -> Markup {
    let key_of = |command| KEYS.iter().find(|(_, of)| *of == command).map(|(key, _)| *key);
    html! {
        .table-wrap tabindex="0" role="region" aria-label=(words.commands) {
            table.data.dense {
                thead { tr { th { (words.command) } th { (words.key) } th { (words.what_it_does) } } }
                tbody {
                    @for command in Command::ALL {
                        tr {
                            td.mono { (command.word()) }
                            td { @if let Some(key) = key_of(command) { kbd { (key) } } }
                            td { (commands::help(command, words)) }
                        }
                    }
                    tr { td {} td { kbd { "←" } " " kbd { "→" } " " kbd { "↑" } " " kbd { "↓" } } td { (words.help_arrows) } }
                }
            }
        }
    }
}
