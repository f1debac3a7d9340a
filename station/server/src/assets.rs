//! Style sheets, scripts and sounds, out of the program itself: nothing is fetched from anywhere else.

use axum::{
    extract::Path,
    http::header::{CACHE_CONTROL, CONTENT_TYPE},
    response::IntoResponse,
};

use crate::{
    access::Access,
    problem::{Answer, HttpProblem},
    routes::Routes,
};

/// A file of `web/static`.
struct Asset {
    name: &'static str,
    media_type: &'static str,
    bytes: &'static [u8],
}

/// Lists files of `web/static` with their media types.
macro_rules! assets {
    ($($name:literal $media_type:literal;)*) => {
        &[$(Asset {
            name: $name,
            media_type: $media_type,
            bytes: include_bytes!(concat!("../../../web/static/", $name)),
        }),*]
    };
}

const ASSETS: &[Asset] = assets! {
    "css/firstpass.css" "text/css; charset=utf-8";
};

pub(crate) fn routes() -> Routes {
    Routes::default().get("/static/{*name}", Access::Public, asset)
}

async fn asset(Path(name): Path<String>) -> Answer {
    let asset = ASSETS.iter().find(|asset| asset.name == name);
    let asset = asset.ok_or_else(|| HttpProblem::not_found(format!("There is no file {name}.")))?;
    Ok(([(CONTENT_TYPE, asset.media_type), (CACHE_CONTROL, "no-cache")], asset.bytes).into_response())
}
