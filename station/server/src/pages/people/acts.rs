//! What administrators change of users.

use axum::{extract::State, response::IntoResponse};
use firstpass_store::{UserChange, UserRecord};
use maud::html;
use serde::Deserialize;

use super::{Done, Htmx, address, done, find, language_of, reason_of, role_of, show};
use crate::{
    App, AppState,
    access::Principal,
    auth::{
        badge::BadgeNumber,
        manage::{check_change, check_reach, clean_name, new_pin, unfit},
        password::{Typed, make_password},
    },
    extract::{Form, Path},
    pages::layout::Nav,
    problem::{Answer, HttpProblem},
};

#[derive(Debug, Deserialize)]
pub(super) struct Change {
    name: String,
    role: String,
    #[serde(default)]
    language: String,
    #[serde(default)]
    reason: String,
}

pub(super) async fn change(
    State(app): State<AppState>,
    person: Principal,
    htmx: Htmx,
    Path(login): Path<String>,
    Form(form): Form<Change>,
) -> Answer {
    let user = find(&app, &login).await?;
    let change = UserChange {
        name: clean_name(&form.name),
        role: Some(role_of(&form.role)?),
        language: Some(language_of(&form.language)?),
        ..UserChange::default()
    };
    apply(&app, &person, &user, &change, &form.reason).await?;
    Ok(done(&htmx, &address(&user.login), Done::Changed))
}

async fn apply(app: &App, person: &Principal, user: &UserRecord, change: &UserChange, reason: &str) -> Answer<()> {
    check_change(person, user, change)?;
    let act = person.act(reason_of(reason));
    app.services.store.change_user(user.id, change, &act, (app.services.clock)()).await?;
    Ok(())
}

#[derive(Debug, Deserialize)]
pub(super) struct Badge {
    #[serde(default)]
    number: BadgeNumber,
}

pub(super) async fn set_badge(
    State(app): State<AppState>,
    person: Principal,
    htmx: Htmx,
    Path(login): Path<String>,
    Form(form): Form<Badge>,
) -> Answer {
    let user = find(&app, &login).await?;
    let badge = match form.number.as_str().trim() {
        "" => None,
        number => Some(app.auth.badges.hash(number).ok_or_else(no_badge)?),
    };
    let change = UserChange { badge: Some(badge), ..UserChange::default() };
    apply(&app, &person, &user, &change, "").await?;
    Ok(done(&htmx, &address(&user.login), Done::Badge))
}

fn no_badge() -> HttpProblem {
    unfit(
        "badge_unfit",
        "This is no badge's number: it has 4 to 64 characters without spaces.",
        "Scan the badge again.",
    )
}

#[derive(Debug, Deserialize)]
pub(super) struct Pin {
    #[serde(default)]
    pin: Typed,
}

pub(super) async fn set_pin(
    State(app): State<AppState>,
    person: Principal,
    htmx: Htmx,
    Path(login): Path<String>,
    Form(form): Form<Pin>,
) -> Answer {
    let user = find(&app, &login).await?;
    check_reach(&person, user.role)?;
    let pin = if form.pin.is_empty() { None } else { Some(new_pin(&app, form.pin).await?) };
    app.services.store.set_pin(user.id, pin.as_ref(), &person.act(""), (app.services.clock)()).await?;
    Ok(done(&htmx, &address(&user.login), Done::Pin))
}

/// Makes a password and shows it, this once: what people think up for others is guessed.
pub(super) async fn reset_password(
    State(app): State<AppState>,
    person: Principal,
    Path(login): Path<String>,
) -> Answer {
    let user = find(&app, &login).await?;
    check_reach(&person, user.role)?;
    let password = make_password();
    let hash = app.auth.hasher.hash(Typed::new(password.clone())).await?;
    let act = person.act("made anew by an administrator");
    app.services.store.set_password(user.id, &hash, &act, (app.services.clock)()).await?;
    let body = html! {
        h1 { "New password of " (user.name) }
        .card {
            p.note role="status" { "It is shown this once. Hand it over; it is changed under My account." }
            dl.facts {
                dt { "Login name" } dd.mono { (user.login) }
                dt { "Password" } dd.mono.secret #secret { (password) }
            }
            p { a.button href=(address(&user.login)) { "Done" } }
        }
    };
    Ok(show("New password", &person, Nav::People, body).into_response())
}

#[derive(Debug, Deserialize)]
pub(super) struct Enabled {
    enabled: String,
    #[serde(default)]
    reason: String,
}

pub(super) async fn set_enabled(
    State(app): State<AppState>,
    person: Principal,
    htmx: Htmx,
    Path(login): Path<String>,
    Form(form): Form<Enabled>,
) -> Answer {
    let user = find(&app, &login).await?;
    let enabled = match form.enabled.as_str() {
        "yes" => true,
        "no" => false,
        _ => return Err(HttpProblem::bad_request("enabled", "It is neither yes nor no.", "Say yes or no.")),
    };
    let change = UserChange { enabled: Some(enabled), ..UserChange::default() };
    apply(&app, &person, &user, &change, &form.reason).await?;
    Ok(done(&htmx, &address(&user.login), Done::Enabled))
}

pub(super) async fn end_logins(
    State(app): State<AppState>,
    person: Principal,
    htmx: Htmx,
    Path(login): Path<String>,
) -> Answer {
    let user = find(&app, &login).await?;
    let act = person.act("ended by an administrator");
    app.services.store.end_sessions(user.id, None, &act, (app.services.clock)()).await?;
    Ok(done(&htmx, &address(&user.login), Done::Ended))
}
