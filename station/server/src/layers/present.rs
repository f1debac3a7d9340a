//! Shows a problem to people: a page when a browser has asked for one, a fragment when htmx has, and JSON to programs. An
//! answer that nobody has put into words gets those of its status.

use std::{any::Any, sync::Arc};

use axum::{
    extract::Request,
    http::{
        HeaderMap, HeaderName, HeaderValue, StatusCode,
        header::{ACCEPT, CONTENT_LENGTH, CONTENT_TYPE, LOCATION, VARY, WWW_AUTHENTICATE},
    },
    middleware::Next,
    response::{Html, IntoResponse, Response},
};
use firstpass_domain::Problem;
use maud::{Markup, html};

use crate::{
    access::Principal,
    pages::layout::{Nav, Page},
    problem::HttpProblem,
};

/// Header of htmx's requests.
const HTMX: HeaderName = HeaderName::from_static("hx-request");
/// Tells htmx to load another page.
const HTMX_REDIRECT: HeaderName = HeaderName::from_static("hx-redirect");
/// Headers of the answer that say what its body was.
const OF_BODY: [HeaderName; 2] = [CONTENT_TYPE, CONTENT_LENGTH];

/// Who reads the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reader {
    Program,
    Person,
    Htmx,
}

/// What of a request decides how its problem is shown.
struct Asked {
    reader: Reader,
    /// Where to go on after a login: what was asked for, when that was a page.
    back: String,
}

impl Asked {
    fn of(request: &Request) -> Self {
        let headers = request.headers();
        let accepts = headers.get(ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let reader = match request.uri().path() {
            path if path.starts_with("/api/") => Reader::Program,
            _ if headers.contains_key(HTMX) => Reader::Htmx,
            _ if accepts.contains("text/html") => Reader::Person,
            _ => Reader::Program,
        };
        let back = request.uri().path_and_query().map_or("/", |path| path.as_str());
        let back = if request.method().is_safe() { back } else { "/" };
        let query = form_urlencoded::Serializer::new(String::new()).append_pair("next", back).finish();
        Self { reader, back: format!("/login?{query}") }
    }
}

pub(crate) async fn present(request: Request, next: Next) -> Response {
    let asked = Asked::of(&request);
    let mut response = worded(next.run(request).await);
    let Some(HttpProblem { status, problem }) = response.extensions_mut().remove::<HttpProblem>() else {
        return response;
    };
    if status == StatusCode::UNAUTHORIZED {
        response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"station\""));
    }
    let person = response.extensions().get::<Arc<Principal>>().cloned();
    let headers = kept(response.headers());
    match (asked.reader, status) {
        (Reader::Program, _) => response,
        (Reader::Person, StatusCode::UNAUTHORIZED) => (StatusCode::SEE_OTHER, [(LOCATION, asked.back)]).into_response(),
        (Reader::Htmx, StatusCode::UNAUTHORIZED) => {
            (status, headers, [(HTMX_REDIRECT, "/login".to_owned())], html_of(shown(&problem))).into_response()
        }
        (Reader::Htmx, _) => (status, headers, html_of(shown(&problem))).into_response(),
        (Reader::Person, _) => (status, headers, html_of(page(&problem, person.as_deref()))).into_response(),
    }
}

/// The headers of an answer that stay when its body is another.
fn kept(headers: &HeaderMap) -> HeaderMap {
    let mut headers = headers.clone();
    for name in OF_BODY {
        headers.remove(name);
    }
    headers.append(VARY, HeaderValue::from_static("accept, hx-request"));
    headers
}

/// Gives an answer that only has a status the words of that.
fn worded(response: Response) -> Response {
    let status = response.status();
    let failed = status.is_client_error() || status.is_server_error();
    let said = response.headers().get(CONTENT_TYPE).map(|value| value.as_bytes());
    // Axum's own refusals are plain text or empty; everything of ours says what it is.
    let is_ours = response.extensions().get::<HttpProblem>().is_some()
        || said.is_some_and(|said| !said.starts_with(b"text/plain"));
    if !failed || is_ours || status == StatusCode::SERVICE_UNAVAILABLE {
        return response;
    }
    let (parts, _) = response.into_parts();
    let mut response = HttpProblem::of_status(status).into_response();
    let kept = kept(&parts.headers);
    response.headers_mut().extend(kept);
    let problem = response.extensions_mut().remove::<HttpProblem>();
    *response.extensions_mut() = parts.extensions;
    problem.map(|problem| response.extensions_mut().insert(problem));
    response
}

fn html_of(markup: Markup) -> Html<String> {
    Html(markup.into_string())
}

/// A problem as it stands in a page.
pub(crate) fn shown(problem: &Problem) -> Markup {
    html! {
        .problem role="alert" data-code=(problem.code) {
            p.what { strong { (problem.what) } }
            p.why { (problem.why) }
            p.remedy { (problem.remedy) }
        }
    }
}

fn page(problem: &Problem, person: Option<&Principal>) -> Markup {
    let body = html! {
        h1 { "That did not work" }
        (shown(problem))
        p { a href="/" { "To the start" } }
    };
    Page { title: &problem.what, nav: Nav::Elsewhere, person, scripts: &[], body }.render()
}

/// The answer when a handler panicked. Its words go to the log only: nobody knows what is in them.
pub(crate) fn panicked(cause: Box<dyn Any + Send>) -> Response {
    let words = cause.downcast_ref::<String>().map(String::as_str).or_else(|| cause.downcast_ref::<&str>().copied());
    tracing::error!(words = words.unwrap_or("?"), "a request ended in a panic");
    HttpProblem::of_status(StatusCode::INTERNAL_SERVER_ERROR).into_response()
}

#[cfg(test)]
mod tests {
    use axum::{Router, body::Body, middleware::from_fn, routing::get};
    use http_body_util::BodyExt as _;
    use tower::ServiceExt as _;
    use tower_http::catch_panic::CatchPanicLayer;

    use super::*;

    async fn panics() -> &'static str {
        panic!("the secret is 42")
    }

    #[tokio::test]
    async fn a_panic_is_a_problem_that_says_nothing_of_it() {
        let routes =
            Router::new().route("/", get(panics)).layer(CatchPanicLayer::custom(panicked)).layer(from_fn(present));
        for accept in ["application/json", "text/html"] {
            let request = Request::builder().uri("/").header(ACCEPT, accept).body(Body::empty()).unwrap();
            let response = routes.clone().oneshot(request).await.unwrap();
            assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
            let body = response.into_body().collect().await.unwrap().to_bytes();
            let text = String::from_utf8(body.to_vec()).unwrap();
            assert!(text.contains("The station failed in this.") && !text.contains("secret"), "{text}");
        }
    }
}
