//! HTTP answers.

use std::fmt;

use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use http::{HeaderName, HeaderValue, StatusCode, header};
use serde::Serialize;

use super::Refusal;

/// Media type of a refusal. Source: RFC 9457.
const PROBLEM_JSON: HeaderValue = HeaderValue::from_static("application/problem+json");

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// Body of a refusal: the members of RFC 9457, and ours.
#[derive(Serialize)]
struct ProblemBody {
    title: String,
    status: u16,
    code: String,
    what: String,
    why: String,
    remedy: String,
}

/// The JSON of a granted request. It holds secrets, so it is not printed.
#[derive(Clone)]
pub(super) struct AnswerBody(pub(super) Bytes);

impl fmt::Debug for AnswerBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AnswerBody({} bytes)", self.0.len())
    }
}

/// A granted request. Nothing on the way may keep a copy of it: it may hold secrets.
pub(super) fn granted(body: &impl Serialize) -> Response {
    respond(StatusCode::OK, JSON, body)
}

/// A granted request whose JSON is made already.
pub(super) fn passed_on(body: AnswerBody) -> Response {
    respond_with(StatusCode::OK, JSON, body.0)
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let problem = self.problem();
        let body = ProblemBody {
            title: problem.what.clone(),
            status: self.status().as_u16(),
            code: problem.code,
            what: problem.what,
            why: problem.why,
            remedy: problem.remedy,
        };
        let mut response = respond(self.status(), PROBLEM_JSON, &body);
        if let Some(time) = self.retry_after() {
            // Rounded up: whoever comes a moment early is refused again.
            let seconds = time.as_secs() + u64::from(time.subsec_nanos() > 0);
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds.max(1)));
        }
        if let Self::RangeNotSatisfiable(len) = self {
            let value = HeaderValue::try_from(format!("bytes */{len}")).expect("digits are a header value");
            response.headers_mut().insert(header::CONTENT_RANGE, value);
        }
        if let Some(scheme) = self.scheme() {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(scheme));
        }
        response
    }
}

impl Refusal {
    /// How to authenticate, for the answers that must say it (RFC 9110, section 15.5.2).
    fn scheme(&self) -> Option<&'static str> {
        if self.status() != StatusCode::UNAUTHORIZED {
            return None;
        }
        Some(if *self == Self::UnknownToken { "Bearer" } else { "iotmer-auth-code, Bearer" })
    }
}

fn respond(status: StatusCode, media_type: HeaderValue, body: &impl Serialize) -> Response {
    respond_with(status, media_type, serde_json::to_vec(body).expect("our bodies are plain JSON"))
}

fn respond_with(status: StatusCode, media_type: HeaderValue, body: impl Into<Body>) -> Response {
    let headers: [(HeaderName, HeaderValue); 2] =
        [(header::CONTENT_TYPE, media_type), (header::CACHE_CONTROL, HeaderValue::from_static("no-store"))];
    (status, headers, body.into()).into_response()
}
