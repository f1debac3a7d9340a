//! What the TLS port says to who speaks plain HTTP: where to go. Nothing else is ever said in the clear.

use axum::{
    Router,
    extract::Request,
    http::{
        HeaderMap, HeaderValue, StatusCode, Uri,
        header::{CONNECTION, HOST, LOCATION},
    },
    response::{IntoResponse, Response},
};

use crate::{auth::origin::changes, problem::HttpProblem};

/// Longest host name with port.
const HOST_MAX: usize = 260;

/// The one answer to every request.
pub(crate) fn plain() -> Router {
    Router::new().fallback(async |request: Request| {
        let mut response = answer(&request);
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        response
    })
}

/// A change is not sent on: its body has come in the clear already, and its sender must know.
fn answer(request: &Request) -> Response {
    match location(request.headers(), request.uri()).filter(|_| !changes(request.method())) {
        Some(location) => (StatusCode::PERMANENT_REDIRECT, [(LOCATION, location)]).into_response(),
        None => HttpProblem::new(
            StatusCode::BAD_REQUEST,
            "tls_needed",
            "This port speaks TLS.",
            "The request came in the clear, where others can read and change it.",
            "Use https:// in the address. If a secret was sent, change it.",
        )
        .into_response(),
    }
}

fn location(headers: &HeaderMap, uri: &Uri) -> Option<HeaderValue> {
    let host = headers.get(HOST)?.to_str().ok().filter(|host| is_host(host))?;
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    HeaderValue::try_from(format!("https://{host}{path}")).ok()
}

/// A host name or address with or without port, and nothing that would make another address of it.
fn is_host(host: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-_:[]".contains(&byte);
    !host.is_empty() && host.len() <= HOST_MAX && host.bytes().all(plain)
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    fn asked(method: &str, host: &str) -> Response {
        let request = Request::builder().method(method).uri("/line?slot=A1").header(HOST, host);
        answer(&request.body(Body::empty()).unwrap())
    }

    #[test]
    fn who_reads_in_the_clear_is_sent_to_the_same_place_under_tls() {
        let response = asked("GET", "station:8080");
        assert_eq!(response.status(), StatusCode::PERMANENT_REDIRECT);
        assert_eq!(response.headers()[LOCATION], "https://station:8080/line?slot=A1");
    }

    #[test]
    fn who_changes_in_the_clear_or_under_a_strange_name_is_told_so() {
        for (method, host) in [("POST", "station:8080"), ("GET", "evil@station"), ("GET", "a/b"), ("GET", "")] {
            assert_eq!(asked(method, host).status(), StatusCode::BAD_REQUEST, "{method} {host}");
        }
    }
}
