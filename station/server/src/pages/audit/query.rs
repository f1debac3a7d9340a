//! What is asked of the audit log, as it stands in an address.

use firstpass_domain::{AuditKind, StationId, Timestamp};
use firstpass_store::{AuditSearch, BatchId, Store};
use serde::{Deserialize, Serialize};
use serde_json::json;
use time::{OffsetDateTime, PrimitiveDateTime, format_description::well_known::Rfc3339, macros::format_description};

use crate::{
    export::Format,
    problem::{Answer, HttpProblem},
};

/// Longest value of a field.
const TEXT_MAX: usize = 256;
/// Entries of a page.
pub(crate) const PAGE_ENTRIES: u32 = 50;

/// The fields of the search, as people fill them in: an empty one asks for nothing.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct AuditQuery {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) from: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) to: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) actor: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) station: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) batch: String,
    /// A kind by its name, or all whose names begin so: `unit.` or `unit.scrapped`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) kind: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) subject: String,
    /// Only entries before this position.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) before: String,
    /// Form of an export.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) format: String,
}

impl AuditQuery {
    const fn fields(&self) -> [(&'static str, &String); 7] {
        let Self { from, to, actor, station, batch, kind, subject, before: _, format: _ } = self;
        [
            ("from", from),
            ("to", to),
            ("actor", actor),
            ("station", station),
            ("batch", batch),
            ("kind", kind),
            ("subject", subject),
        ]
    }

    /// Whether it asks for every entry.
    pub(crate) fn filters_nothing(&self) -> bool {
        self.fields().iter().all(|(_, value)| value.trim().is_empty())
    }

    /// Refuses a place to go on from, where there are no pages.
    pub(crate) fn whole(&self) -> Answer<()> {
        crate::pages::units::query::not_applied("before", &self.before)
    }

    /// What is filtered by, for a manifest.
    pub(crate) fn filter(&self) -> serde_json::Value {
        let asked = self.fields().into_iter().filter(|(_, value)| !value.trim().is_empty());
        asked.map(|(name, value)| (name.to_owned(), json!(value.trim()))).collect::<serde_json::Map<_, _>>().into()
    }

    /// The same search from another place on.
    pub(crate) fn before(&self, seq: i64) -> Self {
        Self { before: seq.to_string(), format: String::new(), ..self.clone() }
    }

    /// As the part of an address behind the question mark.
    pub(crate) fn address(&self) -> String {
        let mut pairs: Vec<String> = Vec::new();
        for (name, value) in self.fields().into_iter().chain([("before", &self.before), ("format", &self.format)]) {
            if !value.is_empty() {
                pairs.push(format!("{name}={}", super::super::units::query::escaped(value)));
            }
        }
        pairs.join("&")
    }

    /// The form of an export.
    pub(crate) fn format(&self) -> Answer<Format> {
        crate::pages::units::query::format(&self.format)
    }

    /// The search that it is.
    pub(crate) async fn search(&self, store: &dyn Store) -> Answer<AuditSearch> {
        if let Some((name, _)) = self.fields().into_iter().find(|(_, value)| value.len() > TEXT_MAX) {
            return Err(wrong(name, format!("It has more than {TEXT_MAX} characters."), "Search for less."));
        }
        Ok(AuditSearch {
            from: moment("from", &self.from)?,
            to: moment("to", &self.to)?,
            actor: text(&self.actor),
            station: station(&self.station)?,
            batch: batch(&self.batch, store).await?,
            kinds: kinds(&self.kind)?,
            subject: text(&self.subject),
            before: before(&self.before)?,
            limit: PAGE_ENTRIES + 1,
        })
    }
}

fn text(value: &str) -> Option<String> {
    let value = value.trim();
    (!value.is_empty()).then(|| value.to_owned())
}

fn station(value: &str) -> Answer<Option<StationId>> {
    let remedy = "Give the station's name as it is configured.";
    let parse = |name: String| StationId::new(name).map_err(|error| wrong("station", format!("{error}."), remedy));
    text(value).map(parse).transpose()
}

fn before(value: &str) -> Answer<Option<i64>> {
    let parse = |text: String| text.parse().map_err(|_| wrong("before", "It is no position.", "Leave it out."));
    text(value).map(parse).transpose()
}

/// By its id, or the newest of its name.
async fn batch(value: &str, store: &dyn Store) -> Answer<Option<BatchId>> {
    let Some(name) = text(value) else { return Ok(None) };
    if let Ok(id) = name.parse() {
        return Ok(Some(BatchId(id)));
    }
    match store.batch_by_name(&name).await? {
        Some(batch) => Ok(Some(batch.id)),
        None => Err(wrong("batch", format!("No work order is called {name}."), "Look its name up under Batches.")),
    }
}

fn kinds(value: &str) -> Answer<Vec<AuditKind>> {
    let Some(name) = text(value) else { return Ok(Vec::new()) };
    let fits = |kind: &AuditKind| kind.name() == name || (name.ends_with('.') && kind.name().starts_with(&name));
    let kinds: Vec<AuditKind> = AuditKind::ALL.iter().copied().filter(fits).collect();
    if kinds.is_empty() {
        return Err(wrong("kind", format!("There is no kind of entry {name}."), "Choose one of the list."));
    }
    Ok(kinds)
}

/// A time with its zone, or else by UTC: to the minute or the second, as forms send it.
fn moment(name: &str, value: &str) -> Answer<Option<Timestamp>> {
    let Some(text) = text(value) else { return Ok(None) };
    let minute = format_description!("[year]-[month]-[day]T[hour]:[minute]");
    let second = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]");
    let day = format_description!("[year]-[month]-[day]");
    let parsed = OffsetDateTime::parse(&text, &Rfc3339).ok().or_else(|| {
        let plain = PrimitiveDateTime::parse(&text, &minute).or_else(|_| PrimitiveDateTime::parse(&text, &second));
        let plain = plain.ok().or_else(|| time::Date::parse(&text, &day).ok().map(time::Date::midnight));
        plain.map(PrimitiveDateTime::assume_utc)
    });
    let micros = parsed.and_then(|at| i64::try_from(at.unix_timestamp_nanos() / 1000).ok());
    match micros {
        Some(micros) => Ok(Some(Timestamp::from_micros(micros))),
        None => Err(wrong(name, format!("{text} is no time."), "Write it like 2026-03-01T06:00 (UTC).")),
    }
}

fn wrong(field: &str, why: impl std::fmt::Display, remedy: &str) -> HttpProblem {
    HttpProblem::bad_request("search_wrong", format!("Field {field}: {why}"), remedy)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_with_their_zone_and_else_by_utc() {
        let at = |text: &str| moment("from", text).ok().flatten().map(Timestamp::as_micros);
        let noon = Some(1_767_268_800_000_000);
        for text in ["2026-01-01T12:00", "2026-01-01T12:00:00", "2026-01-01T13:00:00+01:00", "2026-01-01T12:00:00Z"] {
            assert_eq!(at(text), noon, "{text}");
        }
        assert_eq!(at("2026-01-01"), noon.map(|noon| noon - 12 * 3_600_000_000));
        assert_eq!(moment("from", "").unwrap(), None);
        assert!(moment("from", "yesterday").is_err());
    }

    #[test]
    fn a_kind_is_one_or_a_family() {
        assert_eq!(kinds("unit.scrapped").unwrap(), [AuditKind::UnitScrapped]);
        assert!(kinds("unit.").unwrap().len() > 2);
        assert!(kinds("unit").is_err() && kinds("").unwrap().is_empty());
    }

    #[test]
    fn an_address_gives_the_same_search_again() {
        let query = AuditQuery { actor: "Ann & Bo=1+ü".into(), kind: "unit.".into(), ..AuditQuery::default() };
        assert_eq!(query.address(), "actor=Ann%20%26%20Bo%3D1%2B%C3%BC&kind=unit.");
    }
}
