//! The stations that write to this record, and how this one is: what would stop the line, before it does.

use std::collections::BTreeMap;

use axum::extract::State;
use firstpass_domain::{Action, AuditKind, StationId, Timestamp};
use firstpass_store::{AuditSearch, RecordCounts};
use maud::{Markup, html};
use serde_json::Value;

use super::{
    Tab,
    checks::{self, Check, Tone},
    page,
};
use crate::{
    App, AppState,
    access::{Access, Principal},
    pages::when,
    problem::Answer,
    routes::Routes,
};

/// Starts of stations that are looked at.
const STARTS_MAX: u32 = 500;

pub(super) fn routes() -> Routes {
    Routes::default().get("/engineering/status", Access::May(Action::SeeEngineering), show)
}

async fn show(State(app): State<AppState>, person: Principal) -> Answer {
    let checks = checks::all(&app).await?;
    let stations = stations(&app).await?;
    let counts = app.services.store.record_counts().await?;
    let body = html! {
        (verdicts(&checks))
        div.grid {
            (station_card(&app, &stations))
            (counts_card(&counts))
        }
    };
    Ok(page(&person, Tab::Status, "Stations", false, &body))
}

/// When each station last opened the record, and with which version of the program.
type Stations = BTreeMap<StationId, (Timestamp, Option<String>)>;

async fn stations(app: &App) -> Answer<Stations> {
    let search = AuditSearch { kinds: vec![AuditKind::StationStarted], limit: STARTS_MAX, ..AuditSearch::default() };
    let mut stations = BTreeMap::new();
    for entry in app.services.store.search_audit(&search).await? {
        let version = serde_json::from_str::<Value>(&entry.body).ok();
        let version = version.and_then(|body| body["version"].as_str().map(str::to_owned));
        stations.entry(entry.station).or_insert((entry.at, version));
    }
    Ok(stations)
}

fn verdicts(checks: &[Check]) -> Markup {
    let badge = |tone: Tone| match tone {
        Tone::Ok => html! { span.badge.ok { "good" } },
        Tone::Warn => html! { span.badge.warn { "look at it" } },
        Tone::Bad => html! { span.badge.bad { "wrong" } },
    };
    html! {
        section.card.flush {
            h2 { "How this station is" }
            table.data {
                caption.visually-hidden { "Checks of this station" }
                thead { tr { th scope="col" { "Check" } th scope="col" { "State" } th scope="col" { "Found" } th scope="col" { "What to do" } } }
                tbody { @for check in checks { tr {
                    th scope="row" { (check.name) }
                    td { (badge(check.tone)) }
                    td.break { (check.found) }
                    td { (check.remedy.as_deref().unwrap_or_default()) }
                } } }
            }
        }
    }
}

fn station_card(app: &App, stations: &Stations) -> Markup {
    html! {
        section.card.flush {
            h2 { "Stations on this record" }
            table.data {
                thead { tr { th scope="col" { "Station" } th scope="col" { "Last start" } th scope="col" { "Version" } } }
                tbody { @for (station, (at, version)) in stations { tr {
                    th scope="row" { (station) @if *station == app.services.station { " " span.badge.info { "this one" } } }
                    td { (when::time(*at)) }
                    td { @match version { Some(version) => (version), None => span.muted { "not on record" } } }
                } } }
            }
        }
    }
}

fn counts_card(counts: &RecordCounts) -> Markup {
    let rows = [
        ("Units", counts.units),
        ("Passed", counts.passed),
        ("Failed", counts.failed),
        ("In quarantine", counts.quarantined),
        ("Scrapped", counts.scrapped),
        ("Runs", counts.runs),
        ("Batches", counts.batches),
        ("Recipes", counts.recipes),
        ("Images", counts.images),
        ("Certificates", counts.certificates),
        ("Revoked certificates", counts.revoked_certificates),
        ("Audit entries", counts.audit_entries),
    ];
    html! {
        section.card {
            h2 { "On record" }
            dl.facts { @for (name, count) in rows { dt { (name) } dd { (count) } } }
        }
    }
}
