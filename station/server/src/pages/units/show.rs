//! Everything about one unit on one page, made to be printed, too.

use std::{path::Path as FilePath, sync::Arc};

use axum::{
    extract::State,
    response::{Html, IntoResponse, Response},
};
use firstpass_domain::{Action, AuditEntry, Mac, Run, RunState, SerialNumber};
use firstpass_line::replay::state_text;
use firstpass_store::{BatchId, BatchRecord, RunDetail, Standing, Store, UnitDetail};
use maud::{Markup, html};

use super::{
    batch_of,
    log::{Log, page_of},
    proof::{self, Doubt},
    run::{self, Shown},
    session, standing_badge, state_badge,
};
use crate::{
    App, AppState,
    access::Principal,
    extract::Path,
    pages::{
        audit::entry,
        layout::{Nav, Page},
        when::time,
    },
    problem::{Answer, HttpProblem},
};

/// Runs that are shown with steps and evidence, the newest; every other has a page of its own.
const RUNS_SHOWN_MAX: usize = 4;
/// Runs that are listed, the newest.
const RUNS_LISTED_MAX: usize = 100;
/// Audit entries that are listed, the newest.
const ENTRIES_MAX: u32 = 200;

/// A unit with what its page needs beside it.
struct Seen {
    unit: UnitDetail,
    /// What makes it doubtful that the unit is good.
    doubt: Option<Doubt>,
    /// The newest, newest first, and behind them the newest that tested the unit, when it is older.
    runs: Vec<Shown>,
    /// The log of the newest run, when this station keeps it.
    log: Option<Log>,
    /// Newest last.
    entries: Vec<AuditEntry>,
}

pub(super) async fn show(State(app): State<AppState>, person: Principal, Path(mac): Path<String>) -> Answer<Response> {
    let mac = super::query::mac(&mac)?;
    let seen = see(&app, mac).await?;
    let title = format!("Unit {mac}");
    let body = body(&app, &person, &seen);
    let scripts = &["js/record.js"];
    Ok(Html(Page { title: &title, nav: Nav::Units, person: Some(&person), scripts, body }.render().0).into_response())
}

async fn see(app: &App, mac: Mac) -> Answer<Seen> {
    let store = app.services.store.as_ref();
    let unit = store.unit(mac).await?;
    let unit = unit.ok_or_else(|| HttpProblem::not_found(format!("No run on record had unit {mac}.")))?;
    let doubt = proof::proof(store, &unit).await?.err();
    let mut runs = Vec::new();
    let newest: Vec<&Run> = unit.runs.iter().rev().take(RUNS_SHOWN_MAX).collect();
    let tested = proof::tested(&unit).filter(|tested| newest.iter().all(|run| run.id != tested.id));
    for run in newest.into_iter().chain(tested) {
        if let Some(shown) = shown(store, run).await? {
            runs.push(shown);
        }
    }
    let log = match (runs.first(), &app.services.uart_dir) {
        (Some(newest), Some(folder)) => read_log(folder, &newest.detail).await,
        (Some(_) | None, _) => None,
    };
    let entries = store.audit_of_unit(mac, ENTRIES_MAX).await?;
    Ok(Seen { unit, doubt, runs, log, entries })
}

async fn shown(store: &dyn Store, run: &Run) -> Answer<Option<Shown>> {
    let Some(detail) = store.run(run.id).await? else { return Ok(None) };
    let batch = batch(store, batch_of(&detail.entries)).await?;
    Ok(Some(Shown::of(detail, batch)))
}

/// A work order, when its id is known and on record.
pub(super) async fn batch(store: &dyn Store, id: Option<BatchId>) -> Answer<Option<BatchRecord>> {
    match id {
        Some(id) => Ok(store.batch(id).await?),
        None => Ok(None),
    }
}

/// Reads a log beside the runtime. One that cannot be read is logged, and left out: the page has more to show.
pub(super) async fn read_log(folder: &FilePath, detail: &RunDetail) -> Option<Log> {
    let (folder, detail) = (folder.to_owned(), Arc::new(detail.clone()));
    let read = tokio::task::spawn_blocking(move || Log::read(&folder, &detail)).await;
    match read {
        Ok(Ok(log)) => log,
        Ok(Err(error)) => {
            tracing::warn!(error = &error as &dyn std::error::Error, "a UART log could not be read");
            None
        }
        Err(_) => None,
    }
}

fn body(app: &App, person: &Principal, seen: &Seen) -> Markup {
    let Seen { unit, runs, entries, .. } = seen;
    let now = (app.services.clock)();
    let judged = judged(unit, runs);
    html! {
        (head(person, unit))
        (hold(unit))
        (doubt(unit, seen.doubt.as_ref()))
        .grid {
            (facts(unit))
            (verdict(judged.and_then(|index| runs.get(index))))
            (session::sessions(unit))
        }
        (run_list(unit))
        @for (index, shown) in runs.iter().enumerate() {
            (run_card(person, shown, index == 0, judged == Some(index), &seen.log))
        }
        @if unit.runs.len() > runs.len() {
            p.muted { "Of older runs the steps and the evidence stand on their own pages; see the list above." }
        }
        (session::certificates(unit, app.services.authority.as_deref(), now))
        section.card.flush aria-labelledby="entries" {
            h2 #entries { "Audit entries" }
            (entry::table(entries))
            @if entries.len() >= ENTRIES_MAX as usize {
                p.muted.padded { "Only the newest " (ENTRIES_MAX) " are shown; the unit's export has all of them." }
            }
        }
    }
}

fn head(person: &Principal, unit: &UnitDetail) -> Markup {
    let mac = unit.summary.mac;
    let standing = unit.summary.standing;
    html! {
        .page-head {
            p.crumbs { a href="/units" { "Units" } }
            h1.unit-name { span.mono { (mac) } " " (standing_badge(standing)) }
            .toolbar.no-print {
                @if standing == Some(Standing::Passed) {
                    a.button href={ "/units/" (mac) "/certificate" } { "Certificate" }
                }
                @if person.may(Action::ExportRecord) { a.button href={ "/export/units/" (mac) } download { "Export" } }
                button type="button" data-prints { "Print" }
                (acts(person, mac, standing))
            }
        }
    }
}

/// What this person may do about a unit that stands so.
fn acts(person: &Principal, mac: Mac, standing: Option<Standing>) -> Markup {
    let held = matches!(standing, Some(Standing::Quarantined | Standing::Scrapped));
    let quarantined = standing == Some(Standing::Quarantined);
    let scrapped = standing == Some(Standing::Scrapped);
    html! {
        @if !held && person.may(Action::QuarantineUnits) {
            form method="post" action={ "/units/" (mac) "/quarantine" } data-confirm="Send this unit to quarantine?"
                data-confirm-text="The line refuses it until a person releases it." data-confirm-reason="Reason"
                data-confirm-button="Send to quarantine" { button type="submit" { "Quarantine" } }
        }
        @if quarantined && person.may(Action::ReleaseUnits) {
            form method="post" action={ "/units/" (mac) "/release" } data-confirm="Release this unit?"
                data-confirm-text="It may run again, and the attempts that it had no longer count." data-confirm-reason="Reason"
                data-confirm-button="Release" { button.primary type="submit" { "Release" } }
        }
        @if !scrapped && person.may(Action::ScrapUnits) {
            form method="post" action={ "/units/" (mac) "/scrap" } data-confirm="Scrap this unit for ever?"
                data-confirm-text="Its MAC is refused from now on. Its sessions and certificates end. This cannot be undone."
                data-confirm-reason="Reason" data-confirm-button="Scrap for ever" data-confirm-danger {
                button.danger type="submit" { "Scrap" }
            }
        }
    }
}

fn hold(unit: &UnitDetail) -> Markup {
    let Some(hold) = &unit.hold else { return html! {} };
    html! {
        .problem.warn {
            p.what { "Set aside: " (hold.kind.name()) }
            p.why { (hold.reason) }
            p.code { "by " (hold.actor) ", " (time(hold.since)) }
        }
    }
}

/// What stands against a unit that stands as passed: by this neither a certificate nor an unmarked label is given out.
fn doubt(unit: &UnitDetail, doubt: Option<&Doubt>) -> Markup {
    let stands = unit.summary.standing == Some(Standing::Passed);
    let Some(doubt) = doubt.filter(|_| stands) else { return html! {} };
    html! {
        .problem.warn {
            p.what { "The unit passed, but it may not be good any more." }
            p.why { "On record " (doubt) "." }
            p.remedy { "Let that run be done again until it passes, or take the unit through the line." }
        }
    }
}

fn facts(unit: &UnitDetail) -> Markup {
    let summary = &unit.summary;
    html! {
        section.card aria-labelledby="facts" {
            h2 #facts { "Unit" }
            dl.facts {
                dt { "MAC" } dd.mono { (summary.mac) }
                dt { "Serial number" } dd.mono { (summary.serial.as_ref().map_or("none", SerialNumber::as_str)) }
                dt { "Device id" }
                dd.mono { (unit.sessions.last().map_or("none", |session| session.session.device_id.as_str())) }
                dt { "Stands as" } dd { (standing_badge(summary.standing)) }
                dt { "Attempts" } dd { (summary.attempts) }
                dt { "Runs" } dd { (unit.runs.len()) }
                @if let Some(first) = unit.runs.first() { dt { "First seen" } dd { (time(first.began)) } }
                @if let Some(last) = unit.runs.last() { dt { "Last seen" } dd { (time(last.ended.unwrap_or(last.began))) } }
            }
        }
    }
}

/// Which run the unit's verdict is computed of: the newest that tested it to its end, or else the newest.
fn judged(unit: &UnitDetail, runs: &[Shown]) -> Option<usize> {
    let tested = proof::tested(unit);
    let tested = tested.and_then(|tested| runs.iter().position(|shown| shown.detail.run.id == tested.id));
    tested.or_else(|| (!runs.is_empty()).then_some(0))
}

/// The verdict of a run, computed again.
fn verdict(shown: Option<&Shown>) -> Markup {
    html! {
        section.card aria-labelledby="verdict" {
            h2 #verdict { "Verdict, computed again" }
            @match shown {
                Some(shown) => {
                    p.muted.small { "Just now, from the recipe's policy and the evidence on record of run " (shown.detail.run.id) "." }
                    (run::verdict(shown))
                }
                None => { p.muted { "No run is on record." } }
            }
        }
    }
}

fn run_list(unit: &UnitDetail) -> Markup {
    html! {
        section.card.flush aria-labelledby="runs" {
            h2 #runs { "Runs" }
            table.data {
                thead { tr {
                    th scope="col" { "Began" } th scope="col" { "Came out" } th scope="col" { "Why" } th scope="col" { "Where" }
                    th.num scope="col" { "Attempt" } th scope="col" { "Run" }
                } }
                tbody { @for run in unit.runs.iter().rev().take(RUNS_LISTED_MAX) { (run_row(run)) } }
            }
            @if unit.runs.len() > RUNS_LISTED_MAX {
                p.muted.padded { (unit.runs.len() - RUNS_LISTED_MAX) " older runs are in the unit's export." }
            }
        }
    }
}

fn run_row(run: &Run) -> Markup {
    html! {
        tr {
            td { (time(run.began)) }
            td { (state_badge(run.state)) @if run.repair { " " span.badge.info { "repair" } } }
            td.mono.small {
                @match run.state {
                    RunState::Failed { code } => { (code.name()) }
                    RunState::Open | RunState::Passed => { "–" }
                }
            }
            td.nowrap { (run.station) ", " (run.slot) }
            td.num { @if run.attempt == 0 { "–" } @else { (run.attempt) } }
            td.mono.small { a href={ "/runs/" (run.id) } { (run.id) } }
        }
    }
}

/// `above`: its verdict stands at the top of the page already.
fn run_card(person: &Principal, shown: &Shown, newest: bool, above: bool, log: &Option<Log>) -> Markup {
    let run = &shown.detail.run;
    html! {
        details.card.run open[newest] {
            summary {
                h2 { "Run of " (time(run.began)) } " " (state_badge(run.state)) " "
                span.muted.small { (state_text(run.state)) }
            }
            (run::diagnosis(&shown.detail, person.language))
            .split {
                .timeline-side { (run::timeline(shown)) }
                .facts-side {
                    (run::head(shown))
                    @if !above { h3 { "Verdict, computed again" } (run::verdict(shown)) }
                    @if newest { (log_excerpt(&shown.detail, log)) }
                    @else { p.no-print { a href={ "/runs/" (run.id) "#log" } { "UART log" } } }
                }
            }
        }
    }
}

/// The lines that decided a run, or else where its log stands.
fn log_excerpt(detail: &RunDetail, log: &Option<Log>) -> Markup {
    let run = detail.run.id;
    html! {
        h3 { "UART log" }
        @match log {
            None => { p.muted { "This station keeps no log of the run." } }
            Some(log) => {
                @let decisive: Vec<_> = log.decisive().collect();
                @if !decisive.is_empty() {
                    ol.log.excerpt tabindex="0" aria-label="Decisive lines of the UART log" {
                        @for line in decisive {
                            li.decisive {
                                a.number href={ "/runs/" (run) "?page=" (page_of(line.number)) "#L" (line.number) } { (line.number) }
                                code { (line.text) }
                            }
                        }
                    }
                }
                p { a href={ "/runs/" (run) "#log" } { "All " (log.lines.len()) " lines" } }
            }
        }
    }
}
