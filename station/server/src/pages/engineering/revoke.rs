//! Revokes a certificate: on record first, then in the list; whoever lives by it is cut off.

use axum::{
    extract::State,
    response::{IntoResponse, Redirect},
};
use firstpass_store::CertificateRecord;
use maud::{Markup, html};
use serde::Deserialize;

use super::{Tab, authority_files, certificate, reason};
use crate::{
    App, AppState,
    access::Principal,
    extract::{Form, Path},
    problem::Answer,
};

/// Why certificates are revoked, as a rule; a person says more beside it.
const CAUSES: [&str; 5] =
    ["key may be known to others", "replaced by another", "unit out of use", "issued by mistake", "other"];

/// Why.
#[derive(Debug, Deserialize)]
pub(super) struct Why {
    cause: String,
    #[serde(default)]
    reason: String,
}

/// The fields of the form.
pub(super) fn fields() -> Markup {
    html! {
        div.field {
            label for="cause" { "Cause" }
            select #cause name="cause" { @for cause in CAUSES { option { (cause) } } }
        }
        div.field {
            label for="words" { "In words" }
            input #words name="reason" maxlength="150" autocomplete="off" placeholder="who asked for it, and when";
        }
    }
}

pub(super) async fn revoke(
    State(app): State<AppState>,
    person: Principal,
    Path(serial): Path<String>,
    Form(why): Form<Why>,
) -> Answer {
    let record = certificate::find(&app, &serial).await?;
    let said = [why.cause.trim(), why.reason.trim()].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>();
    let said = said.join(": ");
    let (act, now) = (person.act(reason(&said)?), (app.services.clock)());
    app.services.store.revoke_certificate(&record.certificate.serial, &act, now).await?;
    cut(&app, &record).await?;
    publish(&app).await?;
    Ok(Redirect::to(&format!("{}/{}", Tab::Certificates.path(), record.certificate.serial)).into_response())
}

/// Ends the connections of the sessions that came with it.
async fn cut(app: &App, record: &CertificateRecord) -> Answer<()> {
    let Some(mac) = record.certificate.mac else { return Ok(()) };
    let sessions = app.services.store.unit(mac).await?.map(|unit| unit.sessions).unwrap_or_default();
    let ended = sessions.into_iter().filter(|session| session.certificate == Some(record.certificate.fingerprint));
    let usernames: Vec<String> = ended.map(|session| session.session.mqtt_username).collect();
    app.services.floor.cut(&usernames);
    Ok(())
}

/// Puts the new list where servers read it. The revocation is on record whether that works or not.
async fn publish(app: &App) -> Answer<()> {
    let Some(authority) = &app.services.authority else { return Ok(()) };
    let list = authority_files::renew(app).await?;
    let authority = std::sync::Arc::clone(authority);
    let published = super::versions::blocking(move || authority.publish(&list)).await?;
    if let Err(error) = published {
        tracing::error!(error = &error as &dyn std::error::Error, "the revocation list could not be written");
    }
    Ok(())
}
