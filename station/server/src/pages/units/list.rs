//! The list of units, and the search: one hit leads straight to it.

use axum::{
    extract::State,
    response::{Html, IntoResponse, Redirect},
};
use firstpass_domain::{Action, Mac, SerialNumber};
use firstpass_store::{
    MatchedBy, SEARCH_PART_MIN, SEARCH_TEXT_MAX, Standing, UnitFilter, UnitHit, UnitSearch, UnitSummary,
};
use maud::{Markup, html};

use super::{
    query::{UnitQuery, escaped},
    standing_badge, state_badge,
};
use crate::{
    App, AppState,
    access::Principal,
    export::Format,
    extract::Query,
    pages::{
        certificate::paper,
        layout::{Nav, Page},
        when::time,
    },
    problem::Answer,
};

/// Units of a page.
const PAGE_UNITS: u32 = 50;

/// What is listed.
struct Listed {
    rows: Vec<(UnitSummary, Option<(MatchedBy, String)>)>,
    /// After which unit the next page begins, when there is one.
    next: Option<Mac>,
}

pub(super) async fn list(State(app): State<AppState>, person: Principal, Query(query): Query<UnitQuery>) -> Answer {
    let text = query.text()?;
    if let Some(address) = paper::address_of(text) {
        return Ok(Redirect::to(&address).into_response());
    }
    let listed = find(&app, &query, text).await?;
    let alone = query.after.is_empty() && listed.next.is_none() && listed.rows.len() == 1;
    if let (false, true, Some((unit, _))) = (text.is_empty(), alone, listed.rows.first()) {
        return Ok(Redirect::to(&format!("/units/{}", unit.mac)).into_response());
    }
    let body = body(&person, &query, &listed)?;
    let scripts = &["js/record.js"];
    Ok(Html(Page { title: "Units", nav: Nav::Units, person: Some(&person), scripts, body }.render().0).into_response())
}

async fn find(app: &App, query: &UnitQuery, text: &str) -> Answer<Listed> {
    let (standing, after, store) = (query.standing()?, query.after()?, &app.services.store);
    let limit = PAGE_UNITS + 1;
    if text.is_empty() {
        let units = store.units(&UnitFilter { after, standing, limit }).await?;
        return Ok(cut(units.into_iter().map(|unit| (unit, None)).collect(), None));
    }
    // No name on record is longer, so nothing could be found.
    let search = UnitSearch { text: text.chars().take(SEARCH_TEXT_MAX + 1).collect(), after, limit };
    let hits = store.search_units(&search).await?;
    let wanted = |hit: &UnitHit| standing.is_none() || hit.summary.standing == standing;
    let row = |hit: UnitHit| (hit.summary, Some((hit.matched, hit.matched_text)));
    // The page is cut before it is filtered: the next one begins after its last hit, wanted or not.
    let last = (hits.len() >= limit as usize).then(|| hits[PAGE_UNITS as usize - 1].summary.mac);
    let rows = hits.into_iter().take(PAGE_UNITS as usize).filter(wanted).map(row).collect();
    Ok(cut(rows, last))
}

fn cut(mut rows: Vec<(UnitSummary, Option<(MatchedBy, String)>)>, next: Option<Mac>) -> Listed {
    let more = rows.len() > PAGE_UNITS as usize;
    rows.truncate(PAGE_UNITS as usize);
    let next = next.or_else(|| if more { rows.last().map(|(unit, _)| unit.mac) } else { None });
    Listed { rows, next }
}

fn body(person: &Principal, query: &UnitQuery, listed: &Listed) -> Answer<Markup> {
    let (text, standing) = (query.text()?, query.standing()?);
    Ok(html! {
        .page-head {
            h1 { "Units" }
            @if person.may(Action::ExportRecord) { .toolbar.no-print { (exports(text, standing)) } }
        }
        (form(text, standing))
        @if listed.rows.is_empty() { (nothing(text, standing, query)) } @else { (table(listed)) }
        @if let Some(next) = listed.next {
            nav.toolbar.no-print aria-label="Pages" {
                @if !query.after.is_empty() { a.button href=(address(text, standing, None)) { "First page" } }
                a.button.push href=(address(text, standing, Some(next))) rel="next" { "Next page" }
            }
        } @else if !query.after.is_empty() {
            nav.toolbar.no-print aria-label="Pages" {
                a.button href=(address(text, standing, None)) { "First page" }
            }
        }
    })
}

/// Exports of the units that are found, on all pages, and of all runs.
fn exports(text: &str, standing: Option<Standing>) -> Markup {
    let all = text.is_empty() && standing.is_none();
    let text = if text.is_empty() { String::new() } else { format!("&q={}", escaped(text)) };
    let standing = standing.map(|standing| format!("&standing={}", standing.name())).unwrap_or_default();
    html! {
        details.menu.export-menu {
            summary { "Export" }
            .sheet {
                @for (format, word) in Format::ALL {
                    a href={ "/export/units?format=" (format.name()) (text) (standing) } download {
                        @if all { "Units as " } @else { "These units as " } (word)
                    }
                }
                @for (format, word) in Format::ALL {
                    a href={ "/export/runs?format=" (format.name()) } download {
                        @if all { "Runs as " } @else { "All runs as " } (word)
                    }
                }
            }
        }
    }
}

fn form(text: &str, standing: Option<Standing>) -> Markup {
    html! {
        form.inline.no-print method="get" action="/units" role="search" {
            .field.grow {
                label for="q" { "Find a unit" }
                input type="search" id="q" name="q" value=(text) maxlength="512" autocomplete="off" spellcheck="false"
                    autofocus[text.is_empty()] aria-describedby="q-hint"
                    placeholder="MAC, serial number, device id, certificate serial or fingerprint";
            }
            .field {
                label for="standing" { "Stands as" }
                select id="standing" name="standing" {
                    option value="" selected[standing.is_none()] { "any" }
                    @for known in Standing::ALL {
                        option value=(known.name()) selected[standing == Some(known)] { (known.name()) }
                    }
                }
            }
            button.primary type="submit" { "Search" }
            p.hint #q-hint { "A part of " (SEARCH_PART_MIN) " characters or more will do; so does the QR code of a certificate." }
        }
    }
}

fn table(listed: &Listed) -> Markup {
    let found = listed.rows.iter().any(|(_, matched)| matched.is_some());
    html! {
        .card.flush {
            table.data {
                caption.visually-hidden { "Units" }
                thead { tr {
                    th scope="col" { "MAC" } th scope="col" { "Serial number" } th scope="col" { "Stands as" }
                    @if found { th scope="col" { "Found by" } }
                    th.num scope="col" { "Attempts" } th scope="col" { "Newest run" } th scope="col" { "Where" }
                } }
                tbody { @for (unit, matched) in &listed.rows { (row(unit, matched.as_ref(), found)) } }
            }
        }
    }
}

fn row(unit: &UnitSummary, matched: Option<&(MatchedBy, String)>, found: bool) -> Markup {
    html! {
        tr {
            th.mono scope="row" { a href={ "/units/" (unit.mac) } { (unit.mac) } }
            td.mono { (unit.serial.as_ref().map_or("–", SerialNumber::as_str)) }
            td { (standing_badge(unit.standing)) }
            @if found {
                td.break {
                    @if let Some((by, text)) = matched { (word(*by)) " " span.mono.small { (text) } }
                }
            }
            td.num { (unit.attempts) }
            @match &unit.last_run {
                Some(run) => {
                    td { span.nowrap { (time(run.began)) } " " (state_badge(run.state)) }
                    td.nowrap { (run.station) ", " (run.slot) }
                }
                None => { td.muted { "none" } td {} }
            }
        }
    }
}

const fn word(by: MatchedBy) -> &'static str {
    match by {
        MatchedBy::Mac => "MAC",
        MatchedBy::Serial => "serial number",
        MatchedBy::DeviceId => "device id",
        MatchedBy::CertificateSerial => "certificate serial",
        MatchedBy::Fingerprint => "fingerprint",
    }
}

fn nothing(text: &str, standing: Option<Standing>, query: &UnitQuery) -> Markup {
    html! {
        .card { .empty {
            @if !query.after.is_empty() {
                h2 { "There are no further units." }
            } @else if text.is_empty() && standing.is_none() {
                h2 { "No unit is on record yet." }
                p { "Units appear here as soon as the line has identified them." }
            } @else if text.is_empty() {
                h2 { "No unit stands so." }
            } @else {
                h2 { "No unit is found by “" (text) "”." }
                @if text.chars().count() < SEARCH_PART_MIN {
                    p { "A text this short finds only what is called exactly so. Give " (SEARCH_PART_MIN) " characters or more." }
                } @else {
                    p { "Check it against the label. A part of any of its names will do; upper and lower case are the same." }
                }
            }
        } }
    }
}

fn address(text: &str, standing: Option<Standing>, after: Option<Mac>) -> String {
    let standing = standing.map_or("", Standing::name);
    let after = after.map(|mac| mac.to_string()).unwrap_or_default();
    format!("/units?q={}&standing={standing}&after={}", escaped(text), escaped(&after))
}
