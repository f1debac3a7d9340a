//! Style sheets, scripts and sounds, out of the program itself: nothing is fetched from anywhere else. Knows no page.

mod files;

use std::{collections::BTreeMap, io::Write, sync::LazyLock};

use axum::{
    extract::{Path, RawQuery},
    http::{
        HeaderMap, HeaderName, StatusCode,
        header::{ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, IF_NONE_MATCH, VARY},
    },
    response::IntoResponse,
};
use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use sha2::{Digest, Sha256};

use crate::{
    access::Access,
    problem::{Answer, HttpProblem},
    routes::Routes,
};

/// A file under its own name may have changed with the program; ask each time.
const ASK_AGAIN: &str = "no-cache";
/// An address that carries the hash of what it names never names anything else.
const KEEP: &str = "public, max-age=31536000, immutable";
/// How much of the hash an address carries, in hexadecimal digits.
const VERSION_DIGITS: usize = 16;

/// A file as it is sent.
struct Asset {
    media_type: &'static str,
    /// What its address carries.
    version: String,
    plain: Bytes,
    /// The same, packed; `None` where that saves nothing.
    packed: Option<Bytes>,
}

/// Every file by its name below `/static/`.
static ASSETS: LazyLock<BTreeMap<&'static str, Asset>> =
    LazyLock::new(|| files::FILES.iter().map(|file| (file.name, Asset::new(file))).collect());

pub(crate) fn routes() -> Routes {
    Routes::default().get("/static/{*name}", Access::Public, send).get("/favicon.ico", Access::Public, icon)
}

/// The address of a file by its name below `/static/`, which changes with what is in it.
pub(crate) fn asset(name: &str) -> String {
    match ASSETS.get(name) {
        Some(asset) => format!("/static/{name}?v={}", asset.version),
        None => format!("/static/{name}"),
    }
}

async fn send(Path(name): Path<String>, RawQuery(query): RawQuery, headers: HeaderMap) -> Answer {
    let asset = ASSETS.get(name.as_str());
    let asset = asset.ok_or_else(|| HttpProblem::not_found(format!("There is no file {name}.")))?;
    Ok(asset.answer(query.as_deref(), &headers))
}

async fn icon(headers: HeaderMap) -> Answer {
    send(Path("icons/firstpass.svg".to_owned()), RawQuery(None), headers).await
}

impl Asset {
    fn new(file: &files::File) -> Self {
        let plain = file.parts.concat();
        let mut version = hex::encode(Sha256::digest(&plain));
        version.truncate(VERSION_DIGITS);
        let packed = pack(&plain).filter(|packed| packed.len() < plain.len() * 9 / 10);
        Self { media_type: file.media_type, version, plain: plain.into(), packed: packed.map(Bytes::from) }
    }

    fn answer(&self, query: Option<&str>, asked: &HeaderMap) -> axum::response::Response {
        let named = query.and_then(|query| query.strip_prefix("v=")) == Some(self.version.as_str());
        let packed = self.packed.as_ref().filter(|_| mentions(asked, &ACCEPT_ENCODING, "gzip"));
        let etag = format!("\"{}{}\"", self.version, if packed.is_some() { "-gz" } else { "" });
        let known = mentions(asked, &IF_NONE_MATCH, &etag);
        let caching = if named { KEEP } else { ASK_AGAIN };
        let common = [(CACHE_CONTROL, caching), (ETAG, etag.as_str()), (VARY, "accept-encoding")];
        match packed {
            _ if known => (StatusCode::NOT_MODIFIED, common).into_response(),
            Some(packed) => {
                let packing = [(CONTENT_TYPE, self.media_type), (CONTENT_ENCODING, "gzip")];
                (common, packing, packed.clone()).into_response()
            }
            None => (common, [(CONTENT_TYPE, self.media_type)], self.plain.clone()).into_response(),
        }
    }
}

/// Whether one of a header's comma-separated words is this one, without regard to a weight behind it.
fn mentions(headers: &HeaderMap, name: &HeaderName, word: &str) -> bool {
    let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    let mut words = values.flat_map(|value| value.split(',')).map(|word| word.split(';').next().unwrap_or_default());
    words.any(|said| said.trim().trim_start_matches("W/") == word)
}

fn pack(plain: &[u8]) -> Option<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(plain).ok()?;
    encoder.finish().ok()
}

#[cfg(test)]
mod tests;
