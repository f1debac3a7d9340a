//! What people change of their own account. Whoever finds a browser open does not know the password.

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode, header::SET_COOKIE},
};
use firstpass_domain::Sha256Digest;
use firstpass_store::{SecretHash, UserChange, Verified};
use serde::Deserialize;

use super::{Done, Htmx, done, language_of};
use crate::{
    App, AppState,
    access::{Principal, Via},
    auth::{
        log_in::{Visitor, check_present, open},
        manage::{new_password, new_pin, unfit},
        password::Typed,
        peer::From,
    },
    extract::Form,
    problem::{Answer, HttpProblem},
};

/// The page that all of them come from and go on to.
const ACCOUNT: &str = "/account";

#[derive(Debug, Deserialize)]
pub(super) struct SetLanguage {
    language: String,
}

pub(super) async fn set_language(
    State(app): State<AppState>,
    person: Principal,
    htmx: Htmx,
    Form(form): Form<SetLanguage>,
) -> Answer {
    let change = UserChange { language: Some(language_of(&form.language)?), ..UserChange::default() };
    app.services.store.change_user(person.user, &change, &person.act("own"), (app.services.clock)()).await?;
    Ok(done(&htmx, ACCOUNT, Done::Changed))
}

#[derive(Debug, Deserialize)]
pub(super) struct SetPassword {
    current: Typed,
    new: Typed,
    again: Typed,
}

pub(super) async fn set_password(
    State(app): State<AppState>,
    person: Principal,
    From(address): From,
    htmx: Htmx,
    headers: HeaderMap,
    Form(form): Form<SetPassword>,
) -> Answer {
    let visitor = Visitor::new(address, &headers);
    if let Err(refused) = check_present(&app, &visitor, &person.login, form.current).await {
        return Err(refused.of_present());
    }
    if form.new != form.again {
        return Err(unfit("passwords_differ", "The two new passwords differ.", "Type the new password twice."));
    }
    let hash = new_password(&app, form.new, &person.login).await?;
    app.services.store.set_password(person.user, &hash, &person.act("own"), (app.services.clock)()).await?;
    stay(&app, &visitor, &person, hash, &htmx).await
}

/// A new password has ended every login, this one too; whoever has just set it stays.
async fn stay(app: &App, visitor: &Visitor, person: &Principal, set: SecretHash, htmx: &Htmx) -> Answer {
    let opened = open(app, visitor, person.user, Verified::Password(set)).await;
    let secret = opened.map_err(|refused| refused.of_present())?;
    let mut response = done(htmx, ACCOUNT, Done::Password);
    response.headers_mut().insert(SET_COOKIE, app.auth.cookie.set(&secret));
    Ok(response)
}

#[derive(Debug, Deserialize)]
pub(super) struct SetPin {
    current: Typed,
    #[serde(default)]
    pin: Typed,
}

pub(super) async fn set_pin(
    State(app): State<AppState>,
    person: Principal,
    From(address): From,
    htmx: Htmx,
    headers: HeaderMap,
    Form(form): Form<SetPin>,
) -> Answer {
    let visitor = Visitor::new(address, &headers);
    if let Err(refused) = check_present(&app, &visitor, &person.login, form.current).await {
        return Err(refused.of_present());
    }
    let pin = if form.pin.is_empty() { None } else { Some(new_pin(&app, form.pin).await?) };
    app.services.store.set_pin(person.user, pin.as_ref(), &person.act("own"), (app.services.clock)()).await?;
    Ok(done(&htmx, ACCOUNT, Done::Pin))
}

#[derive(Debug, Deserialize)]
pub(super) struct EndLogin {
    login: String,
}

pub(super) async fn end_login(
    State(app): State<AppState>,
    person: Principal,
    htmx: Htmx,
    Form(form): Form<EndLogin>,
) -> Answer {
    let unknown = || HttpProblem::not_found("There is no such login of yours.");
    let token: Sha256Digest = form.login.parse().map_err(|_| unknown())?;
    let (act, now) = (person.act("own"), (app.services.clock)());
    let ended = app.services.store.end_session(person.user, token, &act, now).await?;
    if ended { Ok(done(&htmx, ACCOUNT, Done::Ended)) } else { Err(unknown()) }
}

pub(super) async fn end_others(State(app): State<AppState>, person: Principal, htmx: Htmx) -> Answer {
    let Via::Session { token, .. } = &person.via else {
        return Err(HttpProblem::of_status(StatusCode::FORBIDDEN));
    };
    let (act, now) = (person.act("own"), (app.services.clock)());
    app.services.store.end_sessions(person.user, Some(*token), &act, now).await?;
    Ok(done(&htmx, ACCOUNT, Done::Ended))
}
