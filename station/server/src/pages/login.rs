//! The way in and out: login with password or badge, logout, the first administrator, the station's CA certificate.
//! Verifies nothing itself.

mod first;
mod form;
mod trust;

use axum::{
    extract::State,
    http::{
        HeaderMap, HeaderValue, StatusCode,
        header::{LOCATION, SET_COOKIE},
    },
    response::{Html, IntoResponse, Response},
};
use firstpass_domain::Language;
use serde::{Deserialize, Serialize};

use crate::{
    App, AppState,
    access::{Access, Principal, Via},
    auth::{
        badge::BadgeNumber,
        language::preferred,
        log_in::{self, Refused, Visitor},
        password::Typed,
        peer::From,
        secret::Secret,
    },
    extract::{Form, Json, Query},
    problem::{Answer, too_often, whole_seconds},
    routes::Routes,
    words::{fill, login as words},
};
use form::LoginPage;

pub(crate) use form::own_name;

pub(crate) fn routes() -> Routes {
    Routes::default()
        .get("/login", Access::Public, show)
        .post("/login", Access::Public, by_password)
        .post("/login/badge", Access::Public, by_badge)
        .get("/login/state", Access::Public, async |known: Option<Principal>| {
            Json(Known { logged_in: known.is_some() })
        })
        .post("/logout", Access::Public, log_out)
        .get("/setup", Access::Public, first::show)
        .post("/setup", Access::Public, first::make)
        .get("/ca.pem", Access::Public, trust::certificate)
}

/// What the address of the page may say.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Asked {
    /// Where to go after the login.
    next: String,
    /// The language that was chosen on the page.
    lang: String,
    /// Another person takes over at the line.
    switch: Option<String>,
    /// Somebody has just logged out.
    out: Option<String>,
}

/// Whether this browser is logged in.
#[derive(Debug, Serialize)]
struct Known {
    logged_in: bool,
}

#[derive(Debug, Deserialize)]
struct ByPassword {
    login: String,
    password: Typed,
    #[serde(default)]
    next: String,
    #[serde(default)]
    lang: String,
}

#[derive(Debug, Deserialize)]
struct ByBadge {
    badge: BadgeNumber,
    pin: Typed,
    #[serde(default)]
    next: String,
    #[serde(default)]
    lang: String,
}

async fn show(
    State(app): State<AppState>,
    known: Option<Principal>,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
) -> Answer {
    if first::is_due(&app).await? {
        return Ok(to("/setup"));
    }
    let language = language(&asked.lang, &headers);
    let words = words(language);
    // The browser holds a cookie that opens nothing any more.
    let ended = known.is_none() && app.auth.cookie.read(&headers).is_some();
    let said = match asked.out {
        Some(_) => Some(words.logged_out),
        None => ended.then_some(words.ended),
    };
    let page = LoginPage { language, next: &asked.next, login: "", badge: asked.switch.is_some(), said, wrong: None };
    Ok(Html(page.render(&app).into_string()).into_response())
}

async fn by_password(
    State(app): State<AppState>,
    From(address): From,
    before: Option<Principal>,
    headers: HeaderMap,
    Form(form): Form<ByPassword>,
) -> Response {
    let visitor = Visitor::new(address, &headers);
    let opened = log_in::with_password(&app, &visitor, &form.login, form.password).await;
    let language = language(&form.lang, &headers);
    match opened {
        Ok(secret) => enter(&app, before, &secret, &form.next).await,
        Err(refused) => {
            let page =
                LoginPage { language, next: &form.next, login: &form.login, badge: false, said: None, wrong: None };
            refuse(&app, page, refused)
        }
    }
}

async fn by_badge(
    State(app): State<AppState>,
    From(address): From,
    before: Option<Principal>,
    headers: HeaderMap,
    Form(form): Form<ByBadge>,
) -> Response {
    let visitor = Visitor::new(address, &headers);
    let opened = log_in::with_badge(&app, &visitor, form.badge.as_str(), form.pin).await;
    let language = language(&form.lang, &headers);
    match opened {
        Ok(secret) => enter(&app, before, &secret, &form.next).await,
        Err(refused) => {
            let page = LoginPage { language, next: &form.next, login: "", badge: true, said: None, wrong: None };
            refuse(&app, page, refused)
        }
    }
}

/// Lets somebody in. Who was logged in with this browser before is not any more.
async fn enter(app: &App, before: Option<Principal>, secret: &Secret, next: &str) -> Response {
    end(app, before, "another login in this browser").await;
    let mut response = to(local(next));
    response.headers_mut().insert(SET_COOKIE, app.auth.cookie.set(secret));
    response
}

/// Shows the page again, with the reason.
fn refuse(app: &App, page: LoginPage<'_>, refused: Refused) -> Response {
    let words = words(page.language);
    let (mut response, wrong) = match refused {
        Refused::Station(problem) => return problem.into_response(),
        Refused::Wrong if page.badge => (StatusCode::UNAUTHORIZED.into_response(), words.wrong_badge.to_owned()),
        Refused::Wrong => (StatusCode::UNAUTHORIZED.into_response(), words.wrong.to_owned()),
        Refused::Disabled => (StatusCode::FORBIDDEN.into_response(), words.disabled.to_owned()),
        Refused::Wait(wait) => (too_often(wait), fill(words.wait, &[&whole_seconds(wait).to_string()])),
    };
    let shown = LoginPage { wrong: Some(&wrong), ..page }.render(app);
    let shown = Html(shown.into_string()).into_response();
    let (mut parts, body) = shown.into_parts();
    parts.status = response.status();
    if let Some(after) = response.headers_mut().remove(axum::http::header::RETRY_AFTER) {
        parts.headers.insert(axum::http::header::RETRY_AFTER, after);
    }
    Response::from_parts(parts, body)
}

async fn log_out(State(app): State<AppState>, before: Option<Principal>) -> Answer {
    end(&app, before, "logged out").await;
    let mut response = to("/login?out=1");
    response.headers_mut().insert(SET_COOKIE, app.auth.cookie.clear());
    Ok(response)
}

/// Ends the session that a browser holds.
async fn end(app: &App, person: Option<Principal>, why: &str) {
    let Some(person) = person else { return };
    let Via::Session { token, .. } = &person.via else { return };
    let (act, now) = (person.act(why), (app.services.clock)());
    if let Err(error) = app.services.store.end_session(person.user, *token, &act, now).await {
        tracing::warn!(error = &error as &dyn std::error::Error, "could not end a login");
    }
}

fn to(place: &str) -> Response {
    let place = HeaderValue::try_from(place).unwrap_or(HeaderValue::from_static("/"));
    (StatusCode::SEE_OTHER, [(LOCATION, place)]).into_response()
}

/// Longest place to go on to.
const NEXT_MAX: usize = 1000;

/// A place on this station, or its start: nobody is sent elsewhere by a link to the login.
fn local(next: &str) -> &str {
    let plain = next.len() <= NEXT_MAX && next.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    let elsewhere = !next.starts_with('/') || next.starts_with("//") || next.starts_with("/log");
    if plain && !elsewhere { next } else { "/" }
}

/// The language chosen on the page, or the browser's.
fn language(chosen: &str, headers: &HeaderMap) -> Language {
    chosen.parse().unwrap_or_else(|_| preferred(headers))
}

#[cfg(test)]
mod tests {
    use super::local;

    #[test]
    fn nobody_is_sent_elsewhere_after_a_login() {
        for next in ["", "//evil.test", "https://evil.test", "/\\evil.test", "line", "/log\nin", "/login", "/logout"] {
            assert_eq!(local(next), "/", "{next}");
        }
        assert_eq!(local("/units/60:55?run=1"), "/units/60:55?run=1");
    }
}
