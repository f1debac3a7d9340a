//! Opens a login, with password or badge, or says why not. Whether it is the name or the password that is wrong is never
//! told, and takes as long.

use std::{net::IpAddr, time::Duration};

use axum::{
    http::{HeaderMap, StatusCode, header::USER_AGENT},
    response::{IntoResponse, Response},
};
use firstpass_domain::Timestamp;
use firstpass_store::{
    Credentials, Login, LoginVia, NewPersonSession, PeopleError, SecretHash, StoreError, UserId, UserRecord, Verified,
};

use super::{
    password::Typed,
    secret::Secret,
    throttle::{Attempt, Begun, Way},
};
use crate::{
    App,
    problem::{HttpProblem, too_often, whole_seconds},
};

/// How much of the browser's name is kept, in characters.
const AGENT_MAX: usize = 200;

/// Who wants to log in, as far as the connection tells.
#[derive(Debug, Clone)]
pub(crate) struct Visitor {
    /// Where from.
    pub(crate) address: IpAddr,
    /// With which browser, by its own words.
    pub(crate) agent: String,
}

impl Visitor {
    pub(crate) fn new(address: IpAddr, headers: &HeaderMap) -> Self {
        let agent = headers.get(USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
        Self { address, agent: agent.chars().take(AGENT_MAX).collect() }
    }
}

/// Why nobody was logged in.
#[derive(Debug)]
pub(crate) enum Refused {
    /// Name or password, badge or PIN is wrong.
    Wrong,
    /// Everything is right, but the user is disabled.
    Disabled,
    /// There were too many wrong ones; so long.
    Wait(Duration),
    /// The station failed, or has too much to do.
    Station(HttpProblem),
}

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Self {
        Self::Station(error.into())
    }
}

impl From<HttpProblem> for Refused {
    fn from(problem: HttpProblem) -> Self {
        Self::Station(problem)
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let (status, code, what, why, remedy) = match self {
            Self::Wait(wait) => return too_often(wait),
            Self::Station(problem) => return problem.into_response(),
            Self::Wrong => (
                StatusCode::UNAUTHORIZED,
                "login_wrong",
                "You are not logged in.",
                "Name or password, or badge or PIN, is wrong.",
                "Try again, or ask an administrator to set it anew.",
            ),
            Self::Disabled => (
                StatusCode::FORBIDDEN,
                "login_disabled",
                "This login is disabled.",
                "An administrator has disabled it.",
                "Ask an administrator.",
            ),
        };
        HttpProblem::new(status, code, what, why, remedy).into_response()
    }
}

impl Refused {
    /// For somebody who is logged in, and has typed their present password wrong.
    pub(crate) fn of_present(self) -> HttpProblem {
        match self {
            Self::Station(problem) => problem,
            Self::Wait(wait) => {
                let why = "The present password was wrong too often.";
                let remedy = format!("Wait {} s, then try again.", whole_seconds(wait));
                HttpProblem::new(StatusCode::TOO_MANY_REQUESTS, "too_many_requests", "Not now.", why, remedy)
            }
            Self::Wrong | Self::Disabled => {
                let why = "The present password is wrong.";
                HttpProblem::new(StatusCode::FORBIDDEN, "password_wrong", "Nothing is changed.", why, "Type it again.")
            }
        }
    }
}

/// Checks the present password of somebody who is logged in; wrong ones are held up like wrong logins.
pub(crate) async fn check_present(app: &App, visitor: &Visitor, login: &str, typed: Typed) -> Result<(), Refused> {
    let attempt = Attempt::new(Way::Password, login, visitor.address);
    let found = app.services.store.credentials_by_login(login).await?;
    let (user, hash) = found.map(|found| (found.user, found.password)).unzip();
    verify(app, &attempt, visitor, user, hash.flatten(), typed).await.map(drop)
}

/// Logs somebody in with login name and password.
pub(crate) async fn with_password(app: &App, visitor: &Visitor, login: &str, typed: Typed) -> Result<Secret, Refused> {
    // What is no login name is nobody's, and is tried all the same.
    let login = Login::new(login).map_or_else(|_| String::new(), |login| login.to_string());
    let attempt = Attempt::new(Way::Password, &login, visitor.address);
    let found = app.services.store.credentials_by_login(&login).await?;
    let (user, password) = found.map(|Credentials { user, password, .. }| (user, password)).unzip();
    let (user, password) = verify(app, &attempt, visitor, user, password.flatten(), typed).await?;
    open(app, visitor, user.id, Verified::Password(password)).await
}

/// Logs somebody in with badge and PIN.
pub(crate) async fn with_badge(app: &App, visitor: &Visitor, number: &str, pin: Typed) -> Result<Secret, Refused> {
    let badge = app.auth.badges.hash(number);
    let account = badge.map(|badge| badge.to_string()).unwrap_or_default();
    let attempt = Attempt::new(Way::Badge, &account, visitor.address);
    let found = match badge {
        Some(badge) => app.services.store.credentials_by_badge(badge).await?,
        None => None,
    };
    let (user, pin_hash) = found.map(|Credentials { user, pin, .. }| (user, pin)).unzip();
    let (user, pin) = verify(app, &attempt, visitor, user, pin_hash.flatten(), pin).await?;
    let badge = badge.ok_or(Refused::Wrong)?;
    open(app, visitor, user.id, Verified::Badge { badge, pin }).await
}

/// The user, when what was typed is theirs, and the hash that it fits.
async fn verify(
    app: &App,
    attempt: &Attempt,
    visitor: &Visitor,
    user: Option<UserRecord>,
    hash: Option<SecretHash>,
    typed: Typed,
) -> Result<(UserRecord, SecretHash), Refused> {
    let begun = app.auth.throttle.begin(attempt, (app.services.clock)()).map_err(Refused::Wait)?;
    if typed.is_too_long() {
        return Err(Refused::Wrong);
    }
    let right = match app.auth.hasher.verify(typed, hash.clone()).await {
        Ok(right) => right,
        Err(busy) => {
            begun.undone();
            return Err(busy.into());
        }
    };
    match (user, hash) {
        (Some(user), Some(hash)) if right => {
            begun.right((app.services.clock)());
            Ok((user, hash))
        }
        (user, _) => {
            let account = user.as_ref().map(|user| user.login.as_str());
            Err(count_wrong(app, begun, account, visitor).await)
        }
    }
}

/// Has the audit log told of a wrong login when the next one must wait. `account`: whose it is, when that is on record; what
/// else was typed may be a password in the wrong field.
pub(crate) async fn count_wrong(app: &App, begun: Begun<'_>, account: Option<&str>, visitor: &Visitor) -> Refused {
    let now = (app.services.clock)();
    let counted = begun.wrong(now);
    if counted.tell {
        tell_held_up(app, account, visitor.address, counted.count).await;
    }
    Refused::Wrong
}

/// Has the log and the audit log told that attempts are held up.
pub(crate) async fn tell_held_up(app: &App, account: Option<&str>, address: IpAddr, failures: u32) {
    let (address, now) = (address.to_string(), (app.services.clock)());
    tracing::warn!(%address, failures, "logins are held up");
    if let Err(error) = app.services.store.note_held_up(account, &address, failures, now).await {
        tracing::warn!(error = &error as &dyn std::error::Error, "could not note that logins are held up");
    }
}

/// Opens a login for somebody who has shown who they are.
pub(crate) async fn open(app: &App, visitor: &Visitor, user: UserId, verified: Verified) -> Result<Secret, Refused> {
    let now = (app.services.clock)();
    let secret = Secret::make();
    let expires = expiry(app, verified.via(), now);
    let (address, agent) = (visitor.address.to_string(), visitor.agent.clone());
    let session = NewPersonSession { token: secret.hash(), user, verified, address, agent, expires };
    match app.services.store.open_session(&session, now).await {
        Ok(()) => Ok(secret),
        // It was right when it was verified, and is not any more.
        Err(PeopleError::CredentialChanged) => Err(Refused::Wrong),
        Err(PeopleError::Disabled) => Err(Refused::Disabled),
        Err(PeopleError::Store(error)) => Err(error.into()),
        Err(other) => Err(Refused::Station(other.into())),
    }
}

/// When a login ends in any case: at the line with the shift.
fn expiry(app: &App, via: LoginVia, now: Timestamp) -> Timestamp {
    let settings = &app.settings;
    match via {
        LoginVia::Password => now.plus(settings.session_life()),
        LoginVia::Badge => {
            let end = now.plus(settings.badge_session_life());
            settings.shift_ends.iter().map(|shift| shift.next(now)).fold(end, Timestamp::min)
        }
    }
}
