//! Finds out who asks: by the session's cookie, or by an API token. What it finds goes with the request, and with the
//! answer, so that a problem can be shown on a page with the person's name.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    http::{HeaderMap, StatusCode, header::AUTHORIZATION},
    middleware::Next,
    response::Response,
};
use firstpass_domain::Timestamp;
use firstpass_store::{LoginVia, PersonSession, TokenRecord, UserId, UserRecord};
use std::time::Duration;

use super::{language::preferred, secret::Secret};
use crate::{
    App, AppState,
    access::{Principal, Refusal, Via},
    problem::{Answer, HttpProblem},
};

/// How exactly the record knows when a login or a token was last used.
pub(crate) const USED_WITHIN: Duration = Duration::from_secs(60);
/// Paths whose answers depend on nobody.
const ANONYMOUS: [&str; 2] = ["/static/", "/healthz"];

pub(crate) async fn identify(State(app): State<AppState>, mut request: Request, next: Next) -> Response {
    let path = request.uri().path();
    if ANONYMOUS.iter().any(|prefix| path.starts_with(prefix)) {
        return next.run(request).await;
    }
    let known = match who(&app, request.headers()).await {
        Ok(known) => known.map(Arc::new),
        Err(problem) => {
            request.extensions_mut().insert(Refusal(problem));
            None
        }
    };
    if let Some(known) = &known {
        request.extensions_mut().insert(Arc::clone(known));
    }
    let mut response = next.run(request).await;
    if let Some(known) = known {
        response.extensions_mut().insert(known);
    }
    response
}

async fn who(app: &App, headers: &HeaderMap) -> Result<Option<Principal>, HttpProblem> {
    if let Some(sent) = headers.get(AUTHORIZATION) {
        return by_token(app, sent.to_str().unwrap_or_default(), headers).await.map(Some);
    }
    match app.auth.cookie.read(headers) {
        Some(secret) => by_session(app, &secret, headers).await,
        None => Ok(None),
    }
}

async fn by_session(app: &App, secret: &Secret, headers: &HeaderMap) -> Result<Option<Principal>, HttpProblem> {
    let now = (app.services.clock)();
    let Some(session) = live_session(app, secret, now).await? else { return Ok(None) };
    if now.since(session.seen) > USED_WITHIN {
        // Whoever only looks must be able to while the record takes no writes.
        if let Err(error) = app.services.store.touch_session(session.token, now).await {
            tracing::warn!(error = &error as &dyn std::error::Error, "could not note that a login is used");
        }
    }
    let badge = session.via == LoginVia::Badge;
    let via = Via::Session { csrf: secret.csrf(), badge, token: session.token };
    Ok(Some(principal(session.user, via, headers)))
}

/// The session that a secret opens, unless it has not been used for too long.
async fn live_session(app: &App, secret: &Secret, now: Timestamp) -> Result<Option<PersonSession>, HttpProblem> {
    let session = app.services.store.session(secret.hash(), now).await?;
    Ok(session.filter(|session| stands(session, app.settings.session_idle(), now)))
}

/// Whether a session that the record knows is still good.
pub(crate) fn stands(session: &PersonSession, idle: Duration, now: Timestamp) -> bool {
    session.user.disabled.is_none() && now.since(session.seen) <= idle && now < session.expires
}

/// Where a user is logged in now.
pub(crate) async fn sessions_of(app: &App, user: UserId) -> Answer<Vec<PersonSession>> {
    let (now, idle) = ((app.services.clock)(), app.settings.session_idle());
    let mut sessions = app.services.store.sessions_of(user, now).await?;
    sessions.retain(|session| stands(session, idle, now));
    Ok(sessions)
}

async fn by_token(app: &App, sent: &str, headers: &HeaderMap) -> Result<Principal, HttpProblem> {
    let (scheme, text) = sent.split_once(' ').unwrap_or_default();
    let secret = Secret::parse_token(text.trim()).filter(|_| scheme.eq_ignore_ascii_case("bearer"));
    let secret = secret.ok_or_else(unknown_token)?;
    let now = (app.services.clock)();
    let found = app.services.store.token_by_hash(secret.hash()).await?;
    let TokenRecord { id, name, user, actions, used, expires, .. } =
        found.filter(|token| is_good(token, now)).ok_or_else(unknown_token)?;
    if used.is_none_or(|used| now.since(used) > USED_WITHIN)
        && let Err(error) = app.services.store.touch_token(id, now).await
    {
        tracing::warn!(error = &error as &dyn std::error::Error, "could not note that a token is used");
    }
    Ok(principal(user, Via::Token { name, actions, hash: secret.hash(), expires }, headers))
}

/// Whether a token that the record knows opens anything.
pub(crate) fn is_good(token: &TokenRecord, now: Timestamp) -> bool {
    token.revoked.is_none() && token.user.disabled.is_none() && now < token.expires
}

fn unknown_token() -> HttpProblem {
    let (what, why) = ("The API token is not good.", "It is unknown, revoked, over, or its owner is disabled.");
    let remedy = "Send `Authorization: Bearer fp_…` with a token that is listed under People.";
    HttpProblem::new(StatusCode::UNAUTHORIZED, "token_not_good", what, why, remedy)
}

fn principal(user: UserRecord, via: Via, headers: &HeaderMap) -> Principal {
    let UserRecord { id, login, name, role, language, .. } = user;
    let language = language.unwrap_or_else(|| preferred(headers));
    Principal { user: id, login: login.to_string(), name, role, language, via }
}
