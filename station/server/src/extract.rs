//! What handlers take out of a request. As axum's own, except that what does not fit is answered with a problem, and that
//! a body must come in time.

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
    type Rejection = HttpProblem;

    async fn from_request(request: Request, state: &S) -> Result<Self, HttpProblem> {
        let body = in_time(axum::Json::from_request(request, state)).await?;
        body.map(|axum::Json(body)| Self(body)).map_err(|error| unfit(error.status(), "body", &error.body_text()))
    }
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        axum::Json(self.0).into_response()
    }
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Form<T> {
    type Rejection = HttpProblem;

    async fn from_request(request: Request, state: &S) -> Result<Self, HttpProblem> {
        let body = in_time(axum::Form::from_request(request, state)).await?;
        body.map(|axum::Form(body)| Self(body)).map_err(|error| unfit(error.status(), "form", &error.body_text()))
    }
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = HttpProblem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, HttpProblem> {
        let query = axum::extract::Query::from_request_parts(parts, state).await;
        query
            .map(|axum::extract::Query(query)| Self(query))
            .map_err(|error| unfit(error.status(), "query", &error.body_text()))
    }
}

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = HttpProblem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, HttpProblem> {
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
fn unfit(status: StatusCode, part: &str, said: &str) -> HttpProblem {
    match status {
        StatusCode::BAD_REQUEST | StatusCode::UNPROCESSABLE_ENTITY => {
            let why = said.split_once(": ").map_or(said, |(_, why)| why);
            let code = format!("{part}_invalid");
            let remedy = "Compare with the description of the API: /api/v1/openapi.json.";
            HttpProblem { status, ..HttpProblem::bad_request(&code, format!("In the {part}: {why}."), remedy) }
        }
        other => HttpProblem::of_status(other),
    }
}
