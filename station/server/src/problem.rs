//! What a client is told when something is wrong: RFC 9457 for programs, a page for people, with the same words.

use std::time::Duration;

use axum::{
    Json,
    http::{
        HeaderValue, StatusCode,
        header::{CONTENT_TYPE, RETRY_AFTER},
    },
    response::{IntoResponse, Response},
};
use firstpass_domain::{Action, Problem};
use firstpass_line::{floor::FloorError, store_problem};
use firstpass_store::{PeopleError, StoreError};
use serde_json::json;

/// A problem with its status. Answers are `application/problem+json`; for people, a layer makes a page of it.
#[derive(Debug, Clone)]
pub(crate) struct HttpProblem {
    /// Status of the answer.
    pub(crate) status: StatusCode,
    /// Code, what, why, remedy.
    pub(crate) problem: Problem,
}

/// When to come again to a station that has too much to do, or whose record is away.
const RETRY_AFTER_S: u16 = 5;

/// What most handlers return.
pub(crate) type Answer<T = Response> = Result<T, HttpProblem>;

impl HttpProblem {
    /// A problem in four words and sentences.
    pub(crate) fn new(
        status: StatusCode,
        code: &str,
        what: impl Into<String>,
        why: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        let problem = Problem { code: code.to_owned(), what: what.into(), why: why.into(), remedy: remedy.into() };
        Self { status, problem }
    }

    /// A problem that another part of the station has put into words.
    pub(crate) fn told(status: StatusCode, problem: Problem) -> Self {
        Self { status, problem }
    }

    /// Nobody is known to have asked.
    pub(crate) fn not_logged_in() -> Self {
        let (what, why) = ("You are not logged in.", "This needs a person or a token that is known.");
        Self::new(StatusCode::UNAUTHORIZED, "not_logged_in", what, why, "Log in, or send a valid API token.")
    }

    /// Somebody is known, and may not.
    pub(crate) fn may_not(action: Action) -> Self {
        let why = format!("It needs the right to {}.", action.name().replace('_', " "));
        let remedy = "Ask somebody who may, or an administrator for another role.";
        Self::new(StatusCode::FORBIDDEN, "may_not", "You may not do this.", why, remedy)
    }

    /// Somebody is known, but not by their password.
    pub(crate) fn not_at_home() -> Self {
        let why = "What is your own you change with your password: not with a badge, and not with an API token.";
        let remedy = "Log in with your login name and password.";
        Self::new(StatusCode::FORBIDDEN, "password_login_needed", "You may not do this now.", why, remedy)
    }

    /// What was asked for is not there.
    pub(crate) fn not_found(what: impl Into<String>) -> Self {
        let why = "Nothing on record has this name.";
        Self::new(StatusCode::NOT_FOUND, "not_found", what, why, "Check the name, or search for a part of it.")
    }

    /// The request itself is wrong.
    pub(crate) fn bad_request(code: &str, why: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, "The request is not understood.", why, remedy)
    }
}

impl HttpProblem {
    /// What a status says by itself, for answers that nobody has put into words.
    pub(crate) fn of_status(status: StatusCode) -> Self {
        let (code, what, why, remedy) = match status {
            StatusCode::NOT_FOUND => {
                ("no_such_page", "There is no such page.", "No route has this path.", "Check the address.")
            }
            StatusCode::METHOD_NOT_ALLOWED => (
                "method_not_allowed",
                "This cannot be done here.",
                "The path is known, and takes other methods only.",
                "Use a method that the header Allow names.",
            ),
            StatusCode::REQUEST_TIMEOUT => (
                "request_too_slow",
                "The request did not come in time.",
                "Its body took longer than the station waits.",
                "Check the network, then send it again.",
            ),
            StatusCode::PAYLOAD_TOO_LARGE => (
                "body_too_large",
                "The request is too large.",
                "Its body is longer than this route takes.",
                "Send less at a time.",
            ),
            StatusCode::UNSUPPORTED_MEDIA_TYPE => (
                "media_type",
                "The request is of a kind that is not understood here.",
                "Its Content-Type is another one than this route takes, or is missing.",
                "Send application/json to the API and application/x-www-form-urlencoded to pages.",
            ),
            StatusCode::TOO_MANY_REQUESTS => (
                "too_many_requests",
                "Too many requests.",
                "More came than the station lets through.",
                "Wait for as many seconds as the header Retry-After says, then go on.",
            ),
            StatusCode::SERVICE_UNAVAILABLE => (
                "busy",
                "The station is busy.",
                "It has as much to do as it can, or this took too long.",
                "Try again in some seconds.",
            ),
            other if other.is_server_error() => (
                "internal",
                "The station failed in this.",
                "That is a fault of the program; its log says more.",
                "Try again; report it with the station's log when it comes back.",
            ),
            _ => (
                "refused",
                "The request is refused.",
                "The station cannot answer it as it is.",
                "Compare with the description of the API: /api/v1/openapi.json.",
            ),
        };
        Self::new(status, code, what, why, remedy)
    }
}

impl From<StoreError> for HttpProblem {
    fn from(error: StoreError) -> Self {
        let status = match &error {
            StoreError::Conflict { .. } | StoreError::BatchNotOpen { .. } => StatusCode::CONFLICT,
            StoreError::Unavailable { .. }
            | StoreError::Full { .. }
            | StoreError::ReadOnly { .. }
            | StoreError::Corrupt { .. } => {
                tracing::error!(error = &error as &dyn std::error::Error, "the record failed");
                StatusCode::SERVICE_UNAVAILABLE
            }
        };
        Self { status, problem: store_problem(&error) }
    }
}

impl From<PeopleError> for HttpProblem {
    fn from(error: PeopleError) -> Self {
        let (code, what, remedy) = match error {
            PeopleError::Store(error) => return error.into(),
            PeopleError::UnknownUser => {
                return Self::not_found("There is no such user.");
            }
            PeopleError::LoginTaken => ("login_taken", "The login name is taken.", "Choose another login name."),
            PeopleError::BadgeTaken => {
                ("badge_taken", "The badge belongs to somebody else.", "Take it from them first, or scan another one.")
            }
            PeopleError::LastAdmin => {
                ("last_admin", "Somebody must be able to say who may.", "Make somebody else an administrator first.")
            }
            PeopleError::NotFirst => ("set_up_already", "The station is set up.", "Log in, or ask an administrator."),
            PeopleError::Disabled => ("user_disabled", "The user is disabled.", "Enable the user first."),
            PeopleError::CredentialChanged => {
                ("credential_changed", "What you showed was changed meanwhile.", "Log in again.")
            }
            PeopleError::TokenNameTaken => {
                ("token_name_taken", "Another token has this name.", "Choose another name, or revoke the other token.")
            }
            PeopleError::TooMany(_) => ("too_many", "There are as many as there may be.", "Revoke what is not needed."),
        };
        let why = format!("The record says: {error}.");
        Self::new(StatusCode::CONFLICT, code, what, why, remedy)
    }
}

impl From<FloorError> for HttpProblem {
    fn from(error: FloorError) -> Self {
        match error {
            FloorError::NoSuchSlot(slot) => Self::not_found(format!("There is no slot {slot}.")),
            FloorError::Refused(problem) => Self { status: StatusCode::CONFLICT, problem },
            FloorError::Station(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "the floor failed");
                Self { status: StatusCode::SERVICE_UNAVAILABLE, problem: error.problem() }
            }
        }
    }
}

impl IntoResponse for HttpProblem {
    fn into_response(self) -> Response {
        let Problem { code, what, why, remedy } = &self.problem;
        let body = json!({
            "type": format!("/problems/{code}"), "title": what, "status": self.status.as_u16(), "detail": why,
            "code": code, "remedy": remedy,
        });
        let mut response = (self.status, Json(body)).into_response();
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().insert(RETRY_AFTER, RETRY_AFTER_S.into());
        }
        // For the layer that makes a page of it.
        response.extensions_mut().insert(self);
        response
    }
}

/// The answer to too many requests, or too many wrong logins: how long to wait.
pub(crate) fn too_often(wait: Duration) -> Response {
    let seconds = whole_seconds(wait);
    let mut problem = HttpProblem::of_status(StatusCode::TOO_MANY_REQUESTS);
    problem.problem.remedy = format!("Wait {seconds} s, then try again.");
    let mut response = problem.into_response();
    response.headers_mut().insert(RETRY_AFTER, seconds.into());
    response
}

/// Seconds after which a wait is certainly over.
pub(crate) fn whole_seconds(wait: Duration) -> u64 {
    wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
}
