//! The station's CA certificate, for browsers that are to know the station.

use axum::{
    extract::State,
    http::header::{CONTENT_DISPOSITION, CONTENT_TYPE},
    response::IntoResponse,
};
use firstpass_domain::Sha256Digest;
use maud::{Markup, html};

use crate::{
    App, AppState,
    problem::{Answer, HttpProblem},
    words::SetUpWords,
};

/// The certificate as a file. It is no secret: every unit carries it.
pub(super) async fn certificate(State(app): State<AppState>) -> Answer {
    let authority = app.services.authority.as_ref();
    let authority = authority.ok_or_else(|| HttpProblem::not_found("This station has no certificate authority."))?;
    let disposition = format!("attachment; filename=\"firstpass-{}-ca.pem\"", app.services.station);
    let headers = [(CONTENT_TYPE, "application/x-pem-file".to_owned()), (CONTENT_DISPOSITION, disposition)];
    Ok((headers, authority.root_pem().to_owned()).into_response())
}

/// The line on the login page that leads to it.
pub(super) fn line(app: &App, words: &SetUpWords) -> Markup {
    let Some(authority) = &app.services.authority else { return html! {} };
    html! {
        details.trust {
            summary { (words.trust) }
            p { (words.trust_hint) }
            p { a href="/ca.pem" download { "ca.pem" } }
            p.mono.fingerprint { "SHA-256 " (fingerprint(authority.root_der())) }
        }
    }
}

/// SHA-256 of a certificate as other programs show it.
pub(crate) fn fingerprint(der: &[u8]) -> String {
    let digest = Sha256Digest::of(der);
    digest.bytes().iter().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().join(":")
}
