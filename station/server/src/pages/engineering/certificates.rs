//! The certificates: the authority's own, those that it issued, found by a part of a name, and making a new one.

use axum::extract::State;
use firstpass_authority::{Authority, CertificateInfo, normal_serial};
use firstpass_domain::{Action, Timestamp};
use firstpass_store::{CertificateRecord, UnitSearch};
use maud::{Markup, html};
use serde::Deserialize;

use super::{Tab, certificate, issue, page, ports::percent, revoke};
use crate::{
    App, AppState,
    access::{Access, Principal},
    extract::Query,
    pages::when,
    problem::Answer,
    routes::Routes,
};

/// Certificates on a page.
const PAGE: u32 = 50;
/// Units whose certificates are looked at in a search.
const UNITS_MAX: u32 = 20;
/// Newest certificates whose names are looked at in a search: those of people and servers are few and seldom.
const NAMES_MAX: u32 = 1000;
/// Longest text to search for, in characters.
const TEXT_MAX: usize = 128;

pub(super) fn routes() -> Routes {
    let (see, manage) = (Access::May(Action::SeeEngineering), Access::May(Action::ManageCertificates));
    Routes::default()
        .get("/engineering/certificates", see, list)
        .get("/engineering/certificates/new", manage, issue::form)
        .post("/engineering/certificates/new", manage, issue::issue)
        .get("/engineering/certificates/{serial}", see, certificate::show)
        .get("/engineering/certificates/{serial}/pem", see, certificate::pem)
        .get("/engineering/certificates/{serial}/der", see, certificate::der)
        .get("/engineering/certificates/{serial}/chain", see, certificate::chain)
        .post("/engineering/certificates/{serial}/revoke", manage, revoke::revoke)
}

/// What is looked for, and behind which certificate the page begins.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Asked {
    q: String,
    before: Option<String>,
}

async fn list(State(app): State<AppState>, person: Principal, Query(asked): Query<Asked>) -> Answer {
    let text: String = asked.q.trim().chars().take(TEXT_MAX).collect();
    let (records, next) =
        if text.is_empty() { newest(&app, asked.before.as_deref()).await? } else { (found(&app, &text).await?, None) };
    let now = (app.services.clock)();
    let body = html! {
        @if let Some(authority) = &app.services.authority { (own(authority, now)) }
        (toolbar(&person, &text))
        (table(&records, &text, now))
        @if asked.before.is_some() || next.is_some() {
            nav.toolbar aria-label="Pages" {
                @if asked.before.is_some() { a.button href=(Tab::Certificates.path()) { "Newest" } }
                @if let Some(next) = next { a.button href={ (Tab::Certificates.path()) "?before=" (next) } { "Older" } }
            }
        }
    };
    Ok(page(&person, Tab::Certificates, "Certificates", false, &body))
}

/// One page, and behind which certificate the next one begins.
async fn newest(app: &App, before: Option<&str>) -> Answer<(Vec<CertificateRecord>, Option<String>)> {
    let before = before.map(normal_serial);
    let mut records = app.services.store.certificate_page(before.as_deref(), PAGE + 1).await?;
    let more = records.len() > PAGE as usize;
    records.truncate(PAGE as usize);
    let last = records.last().map(|record| record.certificate.serial.clone());
    Ok((records, last.filter(|_| more)))
}

/// By its own serial number, by anything that its unit is called, or by a part of the name of a person or a server.
async fn found(app: &App, text: &str) -> Answer<Vec<CertificateRecord>> {
    let store = &app.services.store;
    let mut found: Vec<CertificateRecord> = store.certificate(&normal_serial(text)).await?.into_iter().collect();
    let hits = store.search_units(&UnitSearch { text: text.to_owned(), limit: UNITS_MAX, after: None }).await?;
    for hit in hits {
        found.extend(store.unit(hit.summary.mac).await?.into_iter().flat_map(|unit| unit.certificates));
    }
    let (lower, serial) = (text.to_lowercase(), normal_serial(text));
    let named = store.certificates(NAMES_MAX).await?.into_iter().filter(|record| {
        let certificate = &record.certificate;
        certificate.subject.to_lowercase().contains(&lower) || certificate.serial.starts_with(&serial)
    });
    found.extend(named);
    let mut known = std::collections::BTreeSet::new();
    found.retain(|record| known.insert(record.certificate.serial.clone()));
    found.sort_by_key(|record| std::cmp::Reverse(record.issued));
    found.truncate(PAGE as usize);
    Ok(found)
}

fn own(authority: &Authority, now: Timestamp) -> Markup {
    let [root, intermediate] = authority.certificates();
    let key = if authority.root_key_present() { "its key is on this station" } else { "its key is elsewhere" };
    html! {
        div.grid {
            (authority_card("Root", &root, Some(key), "root", now))
            (authority_card("Intermediate, which signs", &intermediate, None, "intermediate", now))
            section.card {
                h2 { "Revoked certificates" }
                p { "The list for servers that check clients. It counts for seven days." }
                div.toolbar {
                    a.button.small href="/ca/crl.der" download { "DER" }
                    a.button.small href="/ca/crl.pem" download { "PEM" }
                }
            }
        }
    }
}

fn authority_card(word: &str, info: &CertificateInfo, key: Option<&str>, file: &str, now: Timestamp) -> Markup {
    html! {
        section.card {
            h2 { (word) }
            p.break { (info.subject) }
            p { (validity(info.not_before, info.not_after, now)) " until " (when::time(info.not_after)) @if let Some(key) = key { "; " (key) } }
            div.toolbar {
                a.button.small href={ "/ca/" (file) ".der" } download { "DER" }
                a.button.small href={ "/ca/" (file) ".pem" } download { "PEM" }
            }
        }
    }
}

fn toolbar(person: &Principal, text: &str) -> Markup {
    html! {
        div.toolbar {
            form.inline.tight method="get" role="search" {
                div.field.grow {
                    label.visually-hidden for="q" { "Search certificates" }
                    input #q type="search" name="q" value=(text) maxlength=(TEXT_MAX) placeholder="Serial, fingerprint, name, MAC, device id";
                }
                button type="submit" { "Search" }
            }
            @if person.may(Action::ManageCertificates) {
                a.button.primary.push href="/engineering/certificates/new" { "Issue a certificate" }
            }
        }
    }
}

fn table(records: &[CertificateRecord], text: &str, now: Timestamp) -> Markup {
    html! {
        section.card.flush {
            @if records.is_empty() {
                div.empty {
                    @if text.is_empty() { strong { "No certificates yet" } p { "Units get theirs when they are provisioned." } }
                    @else { strong { "Nothing is called " (text) } p { "Search for at least three characters of a name, or a whole serial number." } }
                }
            } @else {
                table.data {
                    caption.visually-hidden { "Certificates, newest first" }
                    thead { tr {
                        th scope="col" { "Serial number" } th scope="col" { "Issued to" } th scope="col" { "Unit" }
                        th scope="col" { "Issued" } th scope="col" { "Status" }
                    } }
                    tbody { @for record in records { (row(record, now)) } }
                }
            }
        }
    }
}

fn row(record: &CertificateRecord, now: Timestamp) -> Markup {
    let certificate = &record.certificate;
    let href = format!("{}/{}", Tab::Certificates.path(), percent(&certificate.serial));
    html! {
        tr {
            th scope="row" { a.mono href=(href) { (certificate.serial) } }
            td.break { (certificate.subject) }
            td { @match certificate.mac {
                Some(mac) => a.mono href={ "/units/" (mac) } { (mac) },
                None => span.muted { "person or server" },
            } }
            td { (when::time(record.issued)) }
            td { (standing(record, now)) }
        }
    }
}

/// Whether a certificate counts, as a badge.
pub(super) fn standing(record: &CertificateRecord, now: Timestamp) -> Markup {
    match &record.revoked {
        Some((at, _)) => html! { span.badge.bad { "revoked" } " " (when::time(*at)) },
        None => validity(record.certificate.not_before, record.certificate.not_after, now),
    }
}

/// Whether a time lies in a validity, as a badge.
pub(super) fn validity(not_before: Timestamp, not_after: Timestamp, now: Timestamp) -> Markup {
    html! {
        @if now < not_before { span.badge.warn { "not yet" } }
        @else if now > not_after { span.badge.bad { "expired" } }
        @else { span.badge.ok { "valid" } }
    }
}
