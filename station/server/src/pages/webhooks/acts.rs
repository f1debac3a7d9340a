//! Webhooks are added, changed, given another secret and removed; parked messages are taken up again.

use axum::{
    extract::{RawForm, State},
    response::{IntoResponse, Redirect},
};
use firstpass_store::{WebhookError, WebhookEvent, WebhookRecord, WebhookSettings};
use http::StatusCode;
use maud::html;

use super::{PLACE, page, show::find};
use crate::{
    AppState,
    access::Principal,
    api::extract::{reason, unfit},
    extract::Path,
    problem::{Answer, HttpProblem},
    webhooks::{WebhookSecret, manage},
};

/// What a form says. A box that is ticked is a field of its own, so that it is read by hand.
#[derive(Debug, Default)]
struct Wish {
    name: String,
    url: String,
    events: Vec<WebhookEvent>,
    enabled: bool,
    seq: Option<i64>,
    reason: Option<String>,
}

impl Wish {
    fn read(body: &[u8]) -> Self {
        let mut wish = Self::default();
        for (name, value) in form_urlencoded::parse(body) {
            match &*name {
                "name" => wish.name = value.into_owned(),
                "url" => wish.url = value.into_owned(),
                "event" => wish.events.extend(WebhookEvent::ALL.into_iter().find(|event| event.name() == value)),
                "enabled" => wish.enabled = true,
                "seq" => wish.seq = value.parse().ok(),
                "reason" => wish.reason = Some(value.into_owned()),
                _ => {}
            }
        }
        wish
    }

    fn settings(self, app: &AppState) -> Answer<(WebhookSettings, String)> {
        let Self { name, url, events, enabled, .. } = self;
        let settings = manage::check(WebhookSettings { name, url, events, enabled }, &app.settings.webhooks);
        Ok((settings.map_err(|fault| unfit(fault.code, fault.why, fault.remedy))?, reason(self.reason)?))
    }
}

fn refused(error: WebhookError) -> HttpProblem {
    let why = format!("{error}.");
    match error {
        WebhookError::Unknown => HttpProblem::not_found("There is no such webhook."),
        WebhookError::NameTaken | WebhookError::TooMany => {
            let remedy = "Choose another name, or remove a webhook that is not needed.";
            HttpProblem::new(StatusCode::CONFLICT, "webhook_conflict", "The webhook stays as it is.", why, remedy)
        }
        WebhookError::Store(error) => error.into(),
    }
}

pub(super) async fn add(State(app): State<AppState>, person: Principal, RawForm(form): RawForm) -> Answer {
    let (settings, reason) = Wish::read(&form).settings(&app)?;
    let (webhook, secret) = manage::add(&app, &settings, &person.act(reason)).await.map_err(refused)?;
    Ok(secret_page(&person, &webhook, &secret))
}

/// The secret, this once.
fn secret_page(person: &Principal, webhook: &WebhookRecord, secret: &WebhookSecret) -> axum::response::Response {
    let body = html! {
        h1 { "Secret of " (webhook.settings.name) }
        .card {
            p.note role="status" { "It is shown this once: copy it into the program that receives the messages." }
            p.mono.secret.break #secret { (secret.text()) }
            p.muted { "A message's signature is in " code { "webhook-signature" } ", by the rules of Standard Webhooks." }
            p { a.button href={ (PLACE) "/" (webhook.id.0) } { "Done" } }
        }
    };
    ([crate::api::command::SHOWN_ONCE], page("Secret", person, body)).into_response()
}

pub(super) async fn change(
    State(app): State<AppState>,
    person: Principal,
    Path(id): Path<String>,
    RawForm(form): RawForm,
) -> Answer<Redirect> {
    let webhook = find(&app, &id).await?;
    let (settings, reason) = Wish::read(&form).settings(&app)?;
    let (act, now) = (person.act(reason), (app.services.clock)());
    app.services.store.change_webhook(webhook.id, &settings, &act, now).await.map_err(refused)?;
    app.post.wake();
    Ok(back(&webhook))
}

fn back(webhook: &WebhookRecord) -> Redirect {
    Redirect::to(&format!("{PLACE}/{}", webhook.id.0))
}

pub(super) async fn rotate(
    State(app): State<AppState>,
    person: Principal,
    Path(id): Path<String>,
    RawForm(form): RawForm,
) -> Answer {
    let webhook = find(&app, &id).await?;
    let act = person.act(reason(Wish::read(&form).reason)?);
    let secret = manage::rotate(&app, webhook.id, &act).await.map_err(refused)?;
    Ok(secret_page(&person, &webhook, &secret))
}

pub(super) async fn remove(
    State(app): State<AppState>,
    person: Principal,
    Path(id): Path<String>,
    RawForm(form): RawForm,
) -> Answer<Redirect> {
    let webhook = find(&app, &id).await?;
    let act = person.act(reason(Wish::read(&form).reason)?);
    app.services.store.remove_webhook(webhook.id, &act, (app.services.clock)()).await.map_err(refused)?;
    app.post.wake();
    Ok(Redirect::to(PLACE))
}

pub(super) async fn resume(
    State(app): State<AppState>,
    person: Principal,
    Path(id): Path<String>,
    RawForm(form): RawForm,
) -> Answer<Redirect> {
    let webhook = find(&app, &id).await?;
    let wish = Wish::read(&form);
    let (act, now) = (person.act(reason(wish.reason)?), (app.services.clock)());
    app.services.store.resume_messages(webhook.id, wish.seq, &act, now).await?;
    app.post.wake();
    Ok(back(&webhook))
}
