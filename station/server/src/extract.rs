//! What handlers take out of a request. As axum's own, except that what does not fit is answered with a problem that quotes
//! nothing of a body, and that a body must come in time.

use std::time::Duration;

use axum::{
    extract::{FromRequest, FromRequestParts, Request},
    http::{StatusCode, request::Parts},
    response::{IntoResponse, Response},
};
use serde::{Serialize, de::DeserializeOwned};

use crate::problem::HttpProblem;

/// How long a body may take to come.
const BODY_TIMEOUT: Duration = Duration::from_secs(15);

/// Marks an answer to a request that its handler never saw, because a part of it does not fit: nothing was done, and nothing
/// of it is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unread;

/// What is answered to a request of which a part does not fit. The answer is marked [`Unread`].
#[derive(Debug)]
pub(crate) struct Unfit(HttpProblem);

impl From<Unfit> for HttpProblem {
    fn from(unfit: Unfit) -> Self {
        unfit.0
    }
}

impl IntoResponse for Unfit {
    fn into_response(self) -> Response {
        let mut response = self.0.into_response();
        response.extensions_mut().insert(Unread);
        response
    }
}

/// A JSON body, of a request or of an answer.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Json<T>(pub(crate) T);

/// The fields of a form.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Form<T>(pub(crate) T);

/// The query of the address.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Query<T>(pub(crate) T);

/// The variable parts of the path.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Path<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = Unfit;

    async fn from_request(request: Request, state: &S) -> Result<Self, Unfit> {
        let body = in_time(axum::Json::from_request(request, state)).await.map_err(Unfit)?;
        body.map(|axum::Json(body)| Self(body)).map_err(|error| unfit(error.status(), "body", &error.body_text()))
    }
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        axum::Json(self.0).into_response()
    }
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Form<T> {
    type Rejection = Unfit;

    async fn from_request(request: Request, state: &S) -> Result<Self, Unfit> {
        let body = in_time(axum::Form::from_request(request, state)).await.map_err(Unfit)?;
        body.map(|axum::Form(body)| Self(body)).map_err(|error| unfit(error.status(), "form", &error.body_text()))
    }
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Unfit;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Unfit> {
        let query = axum::extract::Query::from_request_parts(parts, state).await;
        query
            .map(|axum::extract::Query(query)| Self(query))
            .map_err(|error| unfit(error.status(), "query", &error.body_text()))
    }
}

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = Unfit;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Unfit> {
        let path = axum::extract::Path::from_request_parts(parts, state).await;
        path.map(|axum::extract::Path(path)| Self(path))
            .map_err(|error| unfit(error.status(), "path", &error.body_text()))
    }
}

/// Waits for a body; one that does not come in time is a problem.
pub(crate) async fn in_time<T>(body: impl Future<Output = T>) -> Result<T, HttpProblem> {
    tokio::time::timeout(BODY_TIMEOUT, body).await.map_err(|_| HttpProblem::of_status(StatusCode::REQUEST_TIMEOUT))
}

/// A part of a request that is not what the route takes. Axum's words after its first colon are those of the parser.
fn unfit(status: StatusCode, part: &str, said: &str) -> Unfit {
    Unfit(match status {
        StatusCode::BAD_REQUEST | StatusCode::UNPROCESSABLE_ENTITY => {
            let said = said.split_once(": ").map_or(said, |(_, said)| said);
            let code = format!("{part}_invalid");
            let remedy = "Compare with the description of the API: /api/v1/openapi.json.";
            let why = format!("In the {part}: {}.", unquoted(said));
            HttpProblem { status, ..HttpProblem::bad_request(&code, why, remedy) }
        }
        other => HttpProblem::of_status(other),
    })
}

/// How a parser's words begin that quote what was sent, and then say what was expected.
const QUOTING: [&str; 4] = ["invalid type: ", "invalid value: ", "invalid length ", "unknown variant "];
/// How a parser's words begin that name a field only.
const NAMING: [&str; 3] = ["missing field `", "unknown field `", "duplicate field `"];
/// What parsers of numbers and of JSON's grammar say: nothing of it is what was sent.
const PLAIN: [&str; 20] = [
    "invalid digit found in string",
    "cannot parse integer from empty string",
    "number too large to fit in target type",
    "number too small to fit in target type",
    "invalid float literal",
    "provided string was not `true` or `false`",
    "EOF while parsing",
    "expected `",
    "expected ident",
    "expected value",
    "expected object key",
    "key must be a string",
    "trailing comma",
    "trailing characters",
    "invalid escape",
    "invalid number",
    "number out of range",
    "invalid unicode code point",
    "control character",
    "recursion limit exceeded",
];
/// Longest name of a field that is told, in characters.
const NAME_MAX: usize = 64;

/// What a parser said, without what was sent: that may be a password in the wrong place. What it says in words that are not
/// known here is not told.
fn unquoted(said: &str) -> String {
    let place = said.rfind(" at line ").map_or("", |at| &said[at..]);
    if let Some((at, expected)) =
        first(said, &QUOTING).zip(said.rsplit_once(", expected ")).map(|(at, (_, to))| (at, to))
    {
        return format!("{}expected {expected}", &said[..at]);
    }
    if let Some(at) = first(said, &NAMING) {
        return named(said, at, place);
    }
    match first(said, &PLAIN) {
        Some(_) => said.to_owned(),
        None => format!("a value is not of the kind that is expected there{place}"),
    }
}

/// Where the first of these words stands: at the beginning, or after the path of a field.
fn first(said: &str, words: &[&str]) -> Option<usize> {
    words.iter().filter_map(|word| said.find(word)).filter(|at| *at == 0 || said[..*at].ends_with(": ")).min()
}

/// Words that name a field; a name that is longer than any of ours is not repeated.
fn named(said: &str, at: usize, place: &str) -> String {
    let name = said[at..].split('`').nth(1).unwrap_or_default();
    if name.chars().count() <= NAME_MAX { said.to_owned() } else { format!("a field is not known{place}") }
}

#[cfg(test)]
mod tests;
