//! Serves offered firmware, whole or in single ranges, out of memory.

use std::{
    convert::Infallible,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use axum::{
    Extension,
    body::Body,
    extract::{Path, State},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use firstpass_domain::Evidence;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use hyper::body::{Frame, SizeHint};

use super::{
    GatewayEvent, Refusal,
    offer::Offered,
    range::Wanted,
    routes::{App, Peer},
};

/// Bytes that a connection is given at once.
const CHUNK: usize = 16 * 1024;

/// `GET` and `HEAD {base}/firmware/{token}`.
pub(super) async fn firmware(
    State(app): State<Arc<App>>,
    Extension(Peer(peer)): Extension<Peer>,
    Path(token): Path<String>,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let now = (app.provisioner.clock)();
    let Some(offered) = app.provisioner.offers.find(&token) else {
        // Whoever guesses is held to the rate of strangers; a download in small ranges is not.
        app.ask_of_peer(peer.ip(), now)?;
        return Err(Refusal::NoSuchFirmware);
    };
    app.downloads.ask(offered.key, now).map_err(|too_often| Refusal::TooOften(too_often.retry_after))?;
    let len = offered.image.len() as u64;
    let (status, range) = match wanted(&headers, &offered) {
        Wanted::Whole => (StatusCode::OK, 0..len),
        Wanted::Part(range) => (StatusCode::PARTIAL_CONTENT, range),
        Wanted::Unsatisfiable => return Err(Refusal::RangeNotSatisfiable(len)),
    };
    if method == Method::GET {
        offered.asked(now);
    }
    let part = (status == StatusCode::PARTIAL_CONTENT)
        .then(|| format!("bytes {}-{}/{len}", range.start, range.end.saturating_sub(1)));
    let etag = etag(&offered);
    let mut response = (status, Body::new(Chunks { app, offered, at: range.start, end: range.end })).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::ETAG, etag);
    if let Some(part) = part {
        headers.insert(header::CONTENT_RANGE, HeaderValue::try_from(part).expect("digits are a header value"));
    }
    Ok(response)
}

/// A range counts only for the image that it is about, when the request says which (`If-Range`).
fn wanted(headers: &HeaderMap, offered: &Offered) -> Wanted {
    let mut ranges = headers.get_all(header::RANGE).iter();
    let other_image = headers.get(header::IF_RANGE).is_some_and(|tag| *tag != etag(offered));
    match (ranges.next().and_then(|range| range.to_str().ok()), ranges.next()) {
        (Some(range), None) if !other_image => Wanted::parse(range, offered.image.len() as u64),
        (Some(_) | None, Some(_) | None) => Wanted::Whole,
    }
}

fn etag(offered: &Offered) -> HeaderValue {
    HeaderValue::try_from(format!("\"{}\"", offered.told.sha256)).expect("a digest is a header value")
}

/// A part of an image on its way. What it was asked for counts as sent; what a broken connection left counts not.
struct Chunks {
    app: Arc<App>,
    offered: Arc<Offered>,
    at: u64,
    end: u64,
}

impl Chunks {
    fn next(&mut self) -> Option<Bytes> {
        let chunk = self.at..self.end.min(self.at + CHUNK as u64);
        if chunk.is_empty() {
            return None;
        }
        self.at = chunk.end;
        let index = |at| usize::try_from(at).expect("it lies within the image");
        let bytes = self.offered.image.slice(index(chunk.start)..index(chunk.end));
        let now = (self.app.provisioner.clock)();
        if let Some(fact) = self.offered.sent(chunk, now) {
            self.tell(Evidence { at: now, fact });
        }
        Some(bytes)
    }

    fn tell(&self, evidence: Evidence) {
        let (run, provisioner) = (self.offered.run, Arc::clone(&self.app.provisioner));
        tracing::info!(%run, "firmware served");
        let event = GatewayEvent::FirmwareServed { run, evidence };
        self.app.acts.spawn(async move { provisioner.tell(event).await });
    }
}

impl hyper::body::Body for Chunks {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.next().map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.at >= self.end
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.end.saturating_sub(self.at))
    }
}
