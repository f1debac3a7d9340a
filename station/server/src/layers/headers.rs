//! Headers that hold browsers back: a page of ours loads nothing from elsewhere, is shown in nobody's frame and is kept in
//! no cache.

use axum::{
    extract::{Request, State},
    http::{
        HeaderName, HeaderValue,
        header::{
            CACHE_CONTROL, CONTENT_SECURITY_POLICY, HOST, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY,
            X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
        },
    },
    middleware::Next,
    response::Response,
};

use crate::AppState;

/// What a page may load, and from where.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
     font-src 'self'; media-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// Set on every answer.
const ALWAYS: [(HeaderName, &str); 8] = [
    (CONTENT_SECURITY_POLICY, POLICY),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (X_FRAME_OPTIONS, "DENY"),
    // With `no-referrer`, browsers say `Origin: null` of their own forms, and these are refused as foreign.
    (REFERRER_POLICY, "same-origin"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (
        HeaderName::from_static("permissions-policy"),
        "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), magnetometer=(), microphone=(), \
         midi=(), payment=(), usb=()",
    ),
    (HeaderName::from_static("x-permitted-cross-domain-policies"), "none"),
];

/// Seconds of a day.
const DAY_S: u64 = 86_400;

pub(crate) async fn harden(State(app): State<AppState>, request: Request, next: Next) -> Response {
    let strict = (app.settings.tls && is_name(&request)).then_some(app.settings.hsts_days).filter(|days| *days > 0);
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in ALWAYS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    // Who may see it is decided at each request; style sheets and scripts say themselves how long they keep.
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    if let Some(days) = strict {
        let value = format!("max-age={}", u64::from(days) * DAY_S);
        headers.insert(STRICT_TRANSPORT_SECURITY, HeaderValue::from_str(&value).expect("digits are plain ASCII"));
    }
    response
}

/// Whether the browser knows the station by a name of its own: for addresses the header means nothing, and `localhost` is
/// every program's.
fn is_name(request: &Request) -> bool {
    let host = request.headers().get(HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost");
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    name.parse::<std::net::Ipv4Addr>().is_err() && !name.starts_with('[') && name != "localhost"
}
