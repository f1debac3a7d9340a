//! What is asked of units, as it stands in an address. Parsed once, here.

use std::fmt::Write as _;

use firstpass_domain::Mac;
use firstpass_store::Standing;
use serde::Deserialize;

use crate::{
    export::Format,
    problem::{Answer, HttpProblem},
};

/// Longest text that is searched for.
const TEXT_MAX: usize = 512;

/// The fields, as people fill them in: an empty one asks for nothing.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct UnitQuery {
    /// MAC, serial number, device id, certificate serial or fingerprint, or a part of it.
    pub(crate) q: String,
    pub(crate) standing: String,
    /// Only units after this MAC.
    pub(crate) after: String,
    /// Form of an export.
    pub(crate) format: String,
}

impl UnitQuery {
    /// What is searched for, without what stands around it.
    pub(crate) fn text(&self) -> Answer<&str> {
        let text = self.q.trim();
        if text.len() > TEXT_MAX {
            let why = format!("The text has more than {TEXT_MAX} characters.");
            return Err(HttpProblem::bad_request("search_wrong", why, "Search for a shorter part."));
        }
        Ok(text)
    }

    pub(crate) fn standing(&self) -> Answer<Option<Standing>> {
        let name = self.standing.trim();
        if name.is_empty() {
            return Ok(None);
        }
        let known = Standing::ALL.into_iter().find(|standing| standing.name() == name);
        let remedy = "Choose passed, failed, quarantined or scrapped.";
        let wrong = || HttpProblem::bad_request("search_wrong", format!("No unit can stand as {name}."), remedy);
        known.map(Some).ok_or_else(wrong)
    }

    pub(crate) fn after(&self) -> Answer<Option<Mac>> {
        let text = self.after.trim();
        if text.is_empty() {
            return Ok(None);
        }
        mac(text).map(Some)
    }

    pub(crate) fn format(&self) -> Answer<Format> {
        format(&self.format)
    }

    /// Refuses a place to go on from, where there are no pages.
    pub(crate) fn whole(&self) -> Answer<()> {
        not_applied("after", &self.after)
    }

    /// Refuses everything that units are chosen by, where there are none to choose.
    pub(crate) fn everything(&self) -> Answer<()> {
        self.whole()?;
        not_applied("q", &self.q)?;
        not_applied("standing", &self.standing)
    }
}

/// Refuses a field that would not be looked at: nobody shall take everything for what was asked for.
pub(crate) fn not_applied(field: &str, value: &str) -> Answer<()> {
    if value.trim().is_empty() {
        return Ok(());
    }
    let why = format!("Nothing is chosen by {field} here.");
    Err(HttpProblem::bad_request("filter_not_applied", why, "Leave it out, and choose from what you get."))
}

/// A MAC in an address.
pub(crate) fn mac(text: &str) -> Answer<Mac> {
    let wrong = |error| HttpProblem::bad_request("mac_wrong", format!("{error}."), "Write it like 60:55:f9:00:00:0a.");
    text.parse().map_err(wrong)
}

/// A format by its name.
pub(crate) fn format(name: &str) -> Answer<Format> {
    let known = Format::ALL.into_iter().find(|(format, _)| format.name() == name);
    let wrong =
        || HttpProblem::bad_request("format_unknown", "There is no such format.", "Ask for csv, jsonl or parquet.");
    known.map(|(format, _)| format).ok_or_else(wrong)
}

/// A text as a value in an address.
pub(crate) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => escaped.push(byte.into()),
            _ => write!(escaped, "%{byte:02X}").expect("writing to a string does not fail"),
        }
    }
    escaped
}
