//! One run on a page of its own, with its UART log page by page, and the log as a download.

use std::{fs::File, io, io::Read, io::Write};

use axum::{
    extract::State,
    http::{
        Method, StatusCode,
        header::{CONTENT_DISPOSITION, CONTENT_TYPE},
    },
    response::{Html, IntoResponse, Response},
};
use firstpass_domain::RunId;
use maud::{Markup, html};
use serde::Deserialize;

use super::{
    batch_of,
    log::{LOOKED_AT_MAX, Line, Log, Mark, PAGE_LINES, page_of, path},
    run::{self, Shown},
    show::{batch, read_log},
    state_badge,
};
use crate::{
    AppState,
    access::Principal,
    export::{Chunks, chunks},
    extract::{Path, Query},
    pages::{
        layout::{Nav, Page},
        when::time,
    },
    problem::{Answer, HttpProblem},
};

/// Which page of the log.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct LogPage {
    page: Option<usize>,
}

pub(super) async fn show(
    State(app): State<AppState>,
    person: Principal,
    Path(run): Path<String>,
    Query(LogPage { page }): Query<LogPage>,
) -> Answer<Response> {
    let run = parse(&run)?;
    let store = app.services.store.as_ref();
    let detail = store.run(run).await?.ok_or_else(|| HttpProblem::not_found(format!("There is no run {run}.")))?;
    let batch = batch(store, batch_of(&detail.entries)).await?;
    let log = match &app.services.uart_dir {
        Some(folder) => read_log(folder, &detail).await,
        None => None,
    };
    let shown = Shown::of(detail, batch);
    let title = format!("Run {run}");
    let body = body(&person, &shown, log.as_ref(), page);
    let scripts = &["js/record.js"];
    Ok(Html(Page { title: &title, nav: Nav::Units, person: Some(&person), scripts, body }.render().0).into_response())
}

fn parse(run: &str) -> Answer<RunId> {
    let wrong = |error| HttpProblem::bad_request("run_wrong", format!("{error}."), "Follow a link to the run.");
    run.parse().map_err(wrong)
}

fn body(person: &Principal, shown: &Shown, log: Option<&Log>, page: Option<usize>) -> Markup {
    let run = &shown.detail.run;
    html! {
        .page-head {
            p.crumbs {
                a href="/units" { "Units" }
                @if let Some(mac) = run.mac { " › " a.mono href={ "/units/" (mac) } { (mac) } }
            }
            h1 { "Run of " (time(run.began)) " " (state_badge(run.state)) }
            .toolbar.no-print { button type="button" data-prints { "Print" } }
        }
        (run::diagnosis(&shown.detail, person.language))
        .grid {
            section.card aria-labelledby="run" { h2 #run { "Run" } (run::head(shown)) }
            section.card aria-labelledby="verdict" {
                h2 #verdict { "Verdict, computed again" }
                (run::verdict(shown))
            }
        }
        section.card aria-labelledby="timeline" { h2 #timeline { "Steps and evidence" } (run::timeline(shown)) }
        section.card aria-labelledby="log" {
            h2 #log { "UART log" }
            @match log {
                Some(log) => { (log_page(run.id, log, page)) }
                None => { p.muted { "This station keeps no log of this run. The one that ran it may have it." } }
            }
        }
    }
}

fn log_page(run: RunId, log: &Log, page: Option<usize>) -> Markup {
    let decisive: Vec<&Line> = log.decisive().collect();
    // Without a wish, where it was decided.
    let page = page.unwrap_or_else(|| decisive.first().map_or(1, |line| page_of(line.number)));
    let page = page.clamp(1, log.pages());
    let lines = log.page(page);
    let address = |page: usize| format!("/runs/{run}?page={page}#log");
    html! {
        .toolbar.no-print {
            span { (log.lines.len()) " lines, " (log.bytes) " bytes" }
            (legend())
            a.button.small.push href={ "/runs/" (run) "/log" } download { "Download" }
        }
        @if !decisive.is_empty() {
            p {
                "Decided on line"
                @for line in &decisive {
                    " " a href={ "/runs/" (run) "?page=" (page_of(line.number)) "#L" (line.number) } { (line.number) }
                }
            }
        }
        @if log.cut {
            p.note { "The log is long: the first " (LOOKED_AT_MAX) " bytes are looked at here. The download has all of it." }
        }
        @if lines.is_empty() { p.muted { "The unit said nothing." } } @else {
            ol.log tabindex="0" aria-label="UART log" {
                @for line in lines { (log_line(line)) }
            }
        }
        @if log.pages() > 1 {
            nav.toolbar.no-print aria-label="Pages of the log" {
                @if page > 1 { a.button href=(address(page - 1)) rel="prev" { "Earlier" } }
                span.muted { "page " (page) " of " (log.pages()) ", " (PAGE_LINES) " lines each" }
                @if page < log.pages() { a.button href=(address(page + 1)) rel="next" { "Later" } }
            }
        }
    }
}

fn legend() -> Markup {
    html! {
        span.badge.bad { "decisive" } span.badge.info { "evidence" } span.badge.idle { "contract" }
    }
}

fn log_line(line: &Line) -> Markup {
    let (class, word) = match line.mark {
        Mark::Decisive => ("decisive", "decisive"),
        Mark::Evidence => ("evidence", "evidence"),
        Mark::Contract => ("contract", "contract"),
        Mark::Plain => ("", ""),
    };
    html! {
        li class=[(!class.is_empty()).then_some(class)] id={ "L" (line.number) } {
            a.number href={ "#L" (line.number) } { (line.number) }
            code { (line.text) }
            @if !word.is_empty() { span.mark { (word) } }
        }
    }
}

/// The whole log, as it was captured: secrets were taken out of it before a byte was written.
pub(super) async fn log(State(app): State<AppState>, method: Method, Path(run): Path<String>) -> Answer<Response> {
    let run = parse(&run)?;
    let missing = || HttpProblem::not_found(format!("This station keeps no log of run {run}."));
    let path = app.services.uart_dir.as_deref().map(|folder| path(folder, run)).ok_or_else(missing)?;
    let opened = tokio::task::spawn_blocking(move || File::open(path)).await;
    let file = match opened {
        Ok(Ok(file)) => file,
        Ok(Err(error)) if error.kind() == io::ErrorKind::NotFound => return Err(missing()),
        Ok(Err(error)) => return Err(unreadable(&error)),
        Err(error) => return Err(unreadable(&io::Error::other(error))),
    };
    let (chunks, body) = chunks(app.stopping.clone());
    if method != Method::HEAD {
        tokio::task::spawn_blocking(move || copy(file, chunks));
    }
    let name = format!("attachment; filename=\"uart-{run}.log\"");
    let headers = [(CONTENT_TYPE, "text/plain; charset=utf-8".to_owned()), (CONTENT_DISPOSITION, name)];
    Ok((headers, body).into_response())
}

fn copy(mut file: File, mut chunks: Chunks) {
    let mut buffer = [0; 16 * 1024];
    // A client that goes away ends the copy; there is nobody to tell.
    while let Ok(count) = file.read(&mut buffer) {
        if count == 0 {
            let _ = chunks.finish();
            return;
        }
        if chunks.write_all(&buffer[..count]).is_err() {
            return;
        }
    }
}

fn unreadable(error: &io::Error) -> HttpProblem {
    tracing::warn!(error = error as &dyn std::error::Error, "a UART log could not be read");
    let why = "The station's log says more.";
    let remedy = "Check the folder uart in the station's data folder.";
    HttpProblem::new(StatusCode::SERVICE_UNAVAILABLE, "log_unreadable", "The log cannot be read.", why, remedy)
}
