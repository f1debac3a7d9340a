//! The files of `web/static` that the program carries. A new script or sound is a line here; the style sheet of an area is
//! a part of the one style sheet.

/// A file that is made of one or more files of `web/static`.
pub(super) struct File {
    /// Its name below `/static/`.
    pub(super) name: &'static str,
    /// Its media type.
    pub(super) media_type: &'static str,
    /// What it is put together from, in this order.
    pub(super) parts: &'static [&'static [u8]],
}

/// Lists files by name, media type, and what they are made of when that is not just themselves.
macro_rules! files {
    ($($name:literal $media_type:ident $(= [$($part:literal)*])?;)*) => {
        &[$(File { name: $name, media_type: $media_type, parts: files!(@parts $name $(= [$($part)*])?) }),*]
    };
    (@parts $name:literal) => { &[files!(@bytes $name)] };
    (@parts $name:literal = [$($part:literal)*]) => { &[$(files!(@bytes $part)),*] };
    (@bytes $name:literal) => { include_bytes!(concat!("../../../../web/static/", $name)) };
}

const CSS: &str = "text/css; charset=utf-8";
const JS: &str = "text/javascript; charset=utf-8";
const SVG: &str = "image/svg+xml";

pub(super) const FILES: &[File] = files! {
    "css/firstpass.css" CSS = [
        "css/tokens.css" "css/base.css" "css/layout.css" "css/components.css" "css/overlay.css"
        "css/line.css" "css/batch.css" "css/record.css" "css/engineering.css" "css/people.css" "css/api.css"
        "css/print.css"
    ];
    "icons/firstpass.svg" SVG;
    "js/api.js" JS;
    "js/batches.js" JS;
    "js/common.js" JS;
    "js/engineering.js" JS;
    "js/line.js" JS;
    "js/login.js" JS;
    "js/record.js" JS;
    "vendor/htmx-4.0.1.min.js" JS;
    "vendor/hx-sse-4.0.1.min.js" JS;
};
