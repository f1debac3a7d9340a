//! Labels: a template filled with what is on record of a unit, drawn once, and written as ZPL, SVG or PNG.
//!
//! A label says that a unit passed only when the record says so; any other is marked. Decides nothing about a unit.

mod api;
mod code;
pub(crate) mod code128;
mod desk;
mod drawing;
mod error;
mod follow;
mod glyphs;
mod layout;
mod pages;
mod png;
mod printer;
mod raster;
mod shelf;
mod status;
mod svg;
mod template;
#[cfg(test)]
mod tests;
mod text;
mod values;
mod zpl;

pub(crate) use api::{Doc as ApiDoc, routes as api_routes};
pub(crate) use desk::{Entry, Following, Form, Labels, sample, templates, usable};
pub(crate) use follow::follow;
pub(crate) use pages::{inline, routes};
pub use printer::PrinterAddress;
