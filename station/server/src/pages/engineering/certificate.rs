//! One certificate: what stands in it, its chain, and its files. Never a key: the record has none.

use axum::extract::State;
use firstpass_authority::{CertificateInfo, certificate_der, normal_serial, parse_certificate};
use firstpass_domain::{Action, Timestamp};
use firstpass_store::CertificateRecord;
use maud::{Markup, html};

use super::{
    Tab,
    authority_files::file,
    certificates::{standing, validity},
    csrf, page, revoke,
};
use crate::{
    App, AppState,
    access::Principal,
    extract::Path,
    pages::when,
    problem::{Answer, HttpProblem},
};

pub(super) async fn show(State(app): State<AppState>, person: Principal, Path(serial): Path<String>) -> Answer {
    let record = find(&app, &serial).await?;
    let info = parse_certificate(&record.certificate.pem).ok();
    let now = (app.services.clock)();
    let body = html! {
        div.split {
            (facts(&record, info.as_ref(), now))
            div.stack-y {
                (chain_card(&app, &record, now))
                (files(&record.certificate.serial))
                @if person.may(Action::ManageCertificates) && record.revoked.is_none() { (revoker(&person, &record)) }
            }
        }
    };
    Ok(page(&person, Tab::Certificates, &record.certificate.subject, true, &body))
}

pub(super) async fn pem(State(app): State<AppState>, Path(serial): Path<String>) -> Answer {
    let record = find(&app, &serial).await?;
    Ok(file(&name(&record, "crt.pem"), "application/x-pem-file", record.certificate.pem.into_bytes()))
}

pub(super) async fn der(State(app): State<AppState>, Path(serial): Path<String>) -> Answer {
    let record = find(&app, &serial).await?;
    let der = certificate_der(&record.certificate.pem)
        .map_err(|error| HttpProblem::told(axum::http::StatusCode::SERVICE_UNAVAILABLE, error.problem()))?;
    Ok(file(&name(&record, "crt"), "application/pkix-cert", der))
}

/// The certificate with the intermediate, as its owner presents it.
pub(super) async fn chain(State(app): State<AppState>, Path(serial): Path<String>) -> Answer {
    let record = find(&app, &serial).await?;
    let authority = super::authority_files::authority(&app)?;
    if !authority.has_signed(&record.certificate.pem) {
        let why = "Another intermediate signed it, before this one took its place.";
        let remedy = "Take the certificate alone; its owner has the chain since it was issued.";
        let status = axum::http::StatusCode::CONFLICT;
        return Err(HttpProblem::new(status, "chain_unknown", "The chain is not at hand.", why, remedy));
    }
    let chain = format!("{}{}", record.certificate.pem, authority.intermediate_pem());
    Ok(file(&name(&record, "chain.pem"), "application/x-pem-file", chain.into_bytes()))
}

/// A certificate on record.
pub(super) async fn find(app: &App, serial: &str) -> Answer<CertificateRecord> {
    let found = app.services.store.certificate(&normal_serial(serial)).await?;
    found.ok_or_else(|| HttpProblem::not_found(format!("There is no certificate {serial:?}.")))
}

/// Name of a file about it.
fn name(record: &CertificateRecord, ending: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '_' };
    format!("{}.{ending}", record.certificate.subject.chars().map(plain).collect::<String>())
}

fn facts(record: &CertificateRecord, info: Option<&CertificateInfo>, now: Timestamp) -> Markup {
    let certificate = &record.certificate;
    html! {
        section.card {
            h2 { "What stands in it" }
            dl.facts {
                dt { "Status" } dd { (standing(record, now)) }
                @if let Some((_, reason)) = &record.revoked { dt { "Revoked because" } dd { (reason) } }
                dt { "Serial number" } dd.mono { (certificate.serial) }
                dt { "SHA-256" } dd.mono { (certificate.fingerprint) }
                dt { "Subject" } dd { @match info { Some(info) => (info.subject), None => (certificate.subject) } }
                @if let Some(info) = info {
                    dt { "Issuer" } dd { (info.issuer) }
                    dt { "Names" } dd { @if info.names.is_empty() { "none" } @for name in &info.names { div.mono { (name) } } }
                }
                dt { "From" } dd { (when::time(certificate.not_before)) }
                dt { "Until" } dd { (when::time(certificate.not_after)) }
                dt { "Issued" } dd { (when::time(record.issued)) }
                @if let Some(mac) = certificate.mac { dt { "Unit" } dd { a.mono href={ "/units/" (mac) } { (mac) } } }
                @if let Some(run) = record.run { dt { "Run" } dd.mono { (run) } }
            }
        }
    }
}

fn chain_card(app: &App, record: &CertificateRecord, now: Timestamp) -> Markup {
    html! {
        section.card {
            h2 { "Chain" }
            @match &app.services.authority {
                None => p.muted { "This station has no authority to check it against." },
                Some(authority) => {
                    @let [root, intermediate] = authority.certificates();
                    ol.chain {
                        @for (word, info) in [("Root", &root), ("Intermediate", &intermediate)] {
                            li { strong { (word) } " " (validity(info.not_before, info.not_after, now)) div.small.break { (info.subject) } }
                        }
                        li {
                            strong { "This certificate" } " "
                            @if authority.has_signed(&record.certificate.pem) { span.badge.ok { "signed by it" } }
                            @else { span.badge.warn { "signed by another" } }
                            div.small.break { (record.certificate.subject) }
                        }
                    }
                }
            }
        }
    }
}

fn files(serial: &str) -> Markup {
    html! {
        section.card {
            h2 { "Files" }
            div.toolbar {
                @for (path, word) in [("pem", "PEM"), ("der", "DER"), ("chain", "With chain")] {
                    a.button.small href={ "/engineering/certificates/" (serial) "/" (path) } download { (word) }
                }
            }
            p.muted.small { "Its private key is not here: keys that are made on the station are given out once and kept nowhere." }
        }
    }
}

fn revoker(person: &Principal, record: &CertificateRecord) -> Markup {
    let serial = &record.certificate.serial;
    html! {
        section.card {
            h2 { "Revoke" }
            p { "It stops counting at once and for ever" @if record.certificate.mac.is_some() { "; the unit cannot log in any more" } "." }
            form.stack method="post" action={ "/engineering/certificates/" (serial) "/revoke" }
                data-confirm="Revoke this certificate?" data-confirm-text={ (record.certificate.subject) ": this cannot be undone." }
                data-confirm-button="Revoke" data-confirm-danger
            {
                (csrf(person))
                (revoke::fields())
                button.danger type="submit" { "Revoke" }
            }
        }
    }
}
