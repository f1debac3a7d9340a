//! Whether a change comes from a page of this station. A browser says so by itself, and no other site can make it lie.

use axum::http::{
    HeaderMap, Method,
    header::{HOST, ORIGIN},
};

/// Whether a request of this method may change something.
pub(crate) fn changes(method: &Method) -> bool {
    ![Method::GET, Method::HEAD, Method::OPTIONS].contains(method)
}

/// Whether a browser says that a page of another origin has sent the request. Programs say nothing, and are no browser
/// that somebody else could make use of.
pub(crate) fn is_foreign(headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    if text("sec-fetch-site").is_some_and(|site| site != "same-origin") {
        return true;
    }
    match text(ORIGIN.as_str()) {
        None => false,
        Some(origin) => origin.split_once("://").map(|(_, host)| host) != text(HOST.as_str()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_browser_says_comes_from_elsewhere_is_foreign() {
        for (pairs, foreign) in [
            (&[("host", "station:8080")][..], false),
            (&[("host", "station:8080"), ("origin", "https://station:8080")], false),
            (&[("host", "station:8080"), ("origin", "https://station:8080"), ("sec-fetch-site", "same-origin")], false),
            (&[("host", "station:8080"), ("origin", "https://station:9090")], true),
            (&[("host", "station:8080"), ("origin", "null")], true),
            (&[("host", "station:8080"), ("sec-fetch-site", "same-site")], true),
            (&[("host", "station:8080"), ("sec-fetch-site", "cross-site")], true),
            (&[("origin", "https://station:8080")], true),
        ] {
            let mut headers = HeaderMap::new();
            for (name, value) in pairs {
                headers.insert(*name, value.parse().unwrap());
            }
            assert_eq!(is_foreign(&headers), foreign, "{pairs:?}");
        }
    }
}
