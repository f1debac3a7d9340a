//! A unit's sessions, as they stand in its NVS, and its certificates with their chain. Secrets are not on record.

use axum::{
    extract::State,
    http::header::{CONTENT_DISPOSITION, CONTENT_TYPE},
    response::IntoResponse,
};
use firstpass_authority::{Authority, CertificateInfo, parse_certificate};
use firstpass_domain::Timestamp;
use firstpass_store::{CertificateRecord, SessionRecord, UnitDetail};
use maud::{Markup, html};
use serde::Deserialize;

use crate::{
    AppState,
    extract::{Path, Query},
    pages::when::time,
    problem::{Answer, HttpProblem},
};

/// Sessions and certificates that a page shows, the newest.
const SHOWN_MAX: usize = 10;

/// The sessions of a unit, newest first.
pub(super) fn sessions(unit: &UnitDetail) -> Markup {
    html! {
        section.card aria-labelledby="sessions" {
            h2 #sessions { "NVS session" }
            @if unit.sessions.is_empty() { p.muted { "None was issued to this unit." } }
            @for (index, session) in unit.sessions.iter().rev().take(SHOWN_MAX).enumerate() {
                @if index == 0 { (session_facts(session)) } @else {
                    details { summary { "Before: device " (session.session.device_id) } (session_facts(session)) }
                }
            }
            (more(unit.sessions.len()))
        }
    }
}

fn more(len: usize) -> Markup {
    html! { @if len > SHOWN_MAX { p.muted { (len - SHOWN_MAX) " older ones are in the unit's export." } } }
}

fn session_facts(record: &SessionRecord) -> Markup {
    let session = &record.session;
    html! {
        p {
            @if record.may_log_in() { span.badge.ok { "may log in" } } @else { span.badge.bad { "may not log in" } }
            @if let Some(at) = record.revoked { " revoked " (time(at)) }
            @else if let Some(at) = record.certificate_revoked { " its certificate was revoked " (time(at)) }
        }
        dl.facts {
            dt { "Device id" } dd.mono { (session.device_id) }
            dt { "Key" } dd.mono { (session.device_key) }
            dt { "Workspace" } dd.mono { (session.workspace_slug) }
            dt { "Broker" } dd.mono { (session.mqtt_host) ":" (session.mqtt_port) }
            dt { "User name" } dd.mono { (session.mqtt_username) }
            dt { "Issued" } dd { (time(record.issued)) ", run " a.mono.small href={ "/runs/" (record.run) } { (record.run) } }
            @if let Some(fingerprint) = record.certificate {
                dt { "Certificate" } dd.mono.small { a href={ "#c" (fingerprint) } { (fingerprint) } }
            }
        }
        p.muted.small { "Password and token are not on record, only what proves them." }
    }
}

/// The certificates of a unit, newest first.
pub(super) fn certificates(unit: &UnitDetail, authority: Option<&Authority>, now: Timestamp) -> Markup {
    html! {
        section.card aria-labelledby="certificates" {
            h2 #certificates { "Certificates" }
            @if unit.certificates.is_empty() { p.muted { "None was issued to this unit." } }
            @for record in unit.certificates.iter().rev().take(SHOWN_MAX) {
                (certificate(unit, record, authority, now))
            }
            (more(unit.certificates.len()))
        }
    }
}

fn certificate(unit: &UnitDetail, record: &CertificateRecord, authority: Option<&Authority>, now: Timestamp) -> Markup {
    let noted = &record.certificate;
    let info = parse_certificate(&noted.pem).ok();
    let chain = chain(&noted.pem, authority);
    let pem = format!("/units/{}/certificates/{}", unit.summary.mac, noted.serial);
    html! {
        article.certificate id={ "c" (noted.fingerprint) } {
            p {
                (validity_badge(record, now)) " "
                @if let Some((at, reason)) = &record.revoked { "revoked " (time(*at)) ": " (reason) }
            }
            dl.facts {
                dt { "Subject" } dd { (info.as_ref().map_or(&noted.subject, |info| &info.subject)) }
                dt { "Serial" } dd.mono { (noted.serial) }
                dt { "Fingerprint" } dd.mono.small { (noted.fingerprint) }
                dt { "Valid" } dd { (time(noted.not_before)) " to " (time(noted.not_after)) }
                @if let Some(info) = &info {
                    dt { "Names" } dd.mono { @for name in &info.names { div { (name) } } }
                    dt { "Chain" }
                    dd {
                        ol.chain {
                            li { "this certificate" }
                            @if chain.is_empty() { li { (info.issuer) span.muted { " (not this station's)" } } }
                            @for link in &chain {
                                li { (link.subject) " " span.mono.small.muted { (link.fingerprint) } }
                            }
                        }
                    }
                } @else {
                    dt { "Content" } dd { span.badge.bad { "cannot be read" } }
                }
            }
            p.no-print {
                a.button.small href=(pem) download { "PEM" } " "
                @if !chain.is_empty() { a.button.small href={ (pem) "?chain=true" } download { "PEM with chain" } }
            }
        }
    }
}

fn validity_badge(record: &CertificateRecord, now: Timestamp) -> Markup {
    let noted = &record.certificate;
    html! {
        @if record.revoked.is_some() { span.badge.bad { "revoked" } }
        @else if now < noted.not_before { span.badge.warn { "not yet valid" } }
        @else if now > noted.not_after { span.badge.warn { "expired" } }
        @else { span.badge.ok { "valid" } }
    }
}

/// What signed a certificate, up to the root; nothing when this station's present authority did not.
fn chain(pem: &str, authority: Option<&Authority>) -> Vec<CertificateInfo> {
    match authority.filter(|authority| authority.has_signed(pem)).map(Authority::certificates) {
        Some([root, intermediate]) => vec![intermediate, root],
        None => Vec::new(),
    }
}

/// The query of a download.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct WithChain {
    chain: bool,
}

/// A certificate as PEM.
pub(super) async fn pem(
    State(app): State<AppState>,
    Path((mac, serial)): Path<(String, String)>,
    Query(WithChain { chain }): Query<WithChain>,
) -> Answer {
    let mac = super::query::mac(&mac)?;
    let record = app.services.store.certificate(&serial.to_ascii_lowercase()).await?;
    let record = record.filter(|record| record.certificate.mac == Some(mac));
    let missing = || HttpProblem::not_found(format!("Unit {mac} has no certificate of this serial number."));
    let record = record.ok_or_else(missing)?;
    let text = full_pem(&record, app.services.authority.as_deref().filter(|_| chain));
    let name = format!("attachment; filename=\"{}.pem\"", record.certificate.serial);
    Ok(([(CONTENT_TYPE, "application/x-pem-file".to_owned()), (CONTENT_DISPOSITION, name)], text).into_response())
}

/// A certificate, and with an authority what signed it, as far as that did.
pub(crate) fn full_pem(record: &CertificateRecord, authority: Option<&Authority>) -> String {
    let mut text = format!("{}\n", record.certificate.pem.trim_end());
    if let Some(authority) = authority.filter(|authority| authority.has_signed(&record.certificate.pem)) {
        for pem in [authority.intermediate_pem(), authority.root_pem()] {
            text.push_str(pem.trim_end());
            text.push('\n');
        }
    }
    text
}
