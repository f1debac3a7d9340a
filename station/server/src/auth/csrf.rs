//! Lets a change from a browser's session through only when it comes from a page of ours: same origin, and with the
//! session's token in a header or in a field of the form.

use axum::{
    body::{Body, Bytes},
    extract::{FromRequest, Request},
    http::{StatusCode, header::CONTENT_TYPE},
    middleware::Next,
    response::{IntoResponse, Response},
};

use super::{
    origin::{changes, is_foreign},
    secret::same,
};
use crate::{
    access::{Principal, Via},
    extract::in_time,
    problem::HttpProblem,
};

/// Header that htmx and scripts send.
const HEADER: &str = "x-csrf-token";
/// Field of plain forms.
const FIELD: &str = "csrf";
/// Media type of plain forms.
const FORM: &str = "application/x-www-form-urlencoded";

/// Changes of who is logged in: the pages that they come from are shown to nobody in particular, so that they carry no
/// token. That they come from here is asked all the same.
const OF_NOBODY: [&str; 4] = ["/login", "/login/badge", "/logout", "/setup"];

pub(crate) async fn check(request: Request, next: Next) -> Response {
    match checked(request).await {
        Ok(request) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}

async fn checked(request: Request) -> Result<Request, HttpProblem> {
    let expected = match request.extensions().get::<std::sync::Arc<Principal>>().map(|person| &person.via) {
        _ if !changes(request.method()) => return Ok(request),
        // Nobody's browser holds an API token, so no other site can make it send one.
        Some(Via::Token { .. }) => return Ok(request),
        Some(Via::Session { csrf, .. }) => Some(csrf.clone()),
        None => None,
    };
    if is_foreign(request.headers()) {
        return Err(foreign());
    }
    match expected {
        None => Ok(request),
        Some(_) if OF_NOBODY.contains(&request.uri().path()) => Ok(request),
        Some(expected) => with_token(request, &expected).await,
    }
}

async fn with_token(request: Request, expected: &str) -> Result<Request, HttpProblem> {
    if let Some(sent) = request.headers().get(HEADER) {
        let fits = sent.to_str().is_ok_and(|sent| same(sent, expected));
        return if fits { Ok(request) } else { Err(foreign()) };
    }
    let media_type = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !media_type.starts_with(FORM) {
        return Err(foreign());
    }
    // A form is small: it is read once here, and once more by its handler.
    let (parts, body) = request.into_parts();
    let body = Bytes::from_request(Request::from_parts(parts.clone(), body), &());
    let body = in_time(body).await?.map_err(|error| HttpProblem::of_status(error.status()))?;
    let sent = form_urlencoded::parse(&body).find(|(name, _)| name == FIELD);
    if !sent.is_some_and(|(_, sent)| same(&sent, expected)) {
        return Err(foreign());
    }
    Ok(Request::from_parts(parts, Body::from(body)))
}

fn foreign() -> HttpProblem {
    HttpProblem::new(
        StatusCode::FORBIDDEN,
        "foreign_request",
        "The change is refused.",
        "It does not come from a page of this station that you have open, or that page is from an earlier login.",
        "Load the page anew, then try again.",
    )
}
