//! Lists in pages: an opaque cursor says where the next one begins. Knows no topic.

use std::{fmt::Display, str::FromStr};

use axum::http::Uri;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Serialize;
use utoipa::ToSchema;

use crate::problem::HttpProblem;

/// Most items of a page.
pub(crate) const LIMIT_MAX: u32 = 500;
/// Items of a page, unless asked otherwise.
pub(crate) const LIMIT_DEFAULT: u32 = 100;
/// First letters of every cursor, with the version of its layout.
const CURSOR_LABEL: &str = "1:";

/// A part of a list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Page<T> {
    /// The items.
    pub(crate) items: Vec<T>,
    /// Where the next page is, with the same filters; null after the last.
    #[schema(examples("/api/v1/units?limit=100&cursor=MTo2MDo1NTpmOTowMDowMDowMQ"))]
    pub(crate) next: Option<String>,
}

/// What was asked of a list.
#[derive(Debug)]
pub(crate) struct Asked<C> {
    /// At most so many items.
    pub(crate) limit: u32,
    /// After this one.
    pub(crate) after: Option<C>,
}

impl<C: FromStr + Display> Asked<C> {
    /// Reads limit and cursor.
    pub(crate) fn read(limit: Option<u32>, cursor: Option<&str>) -> Result<Self, HttpProblem> {
        let limit = limit.unwrap_or(LIMIT_DEFAULT);
        if !(1..=LIMIT_MAX).contains(&limit) {
            let why = format!("`limit` is {limit}; a page has 1 to {LIMIT_MAX} items.");
            return Err(HttpProblem::bad_request("limit_unfit", why, "Ask for fewer, and follow `next`."));
        }
        Ok(Self { limit, after: cursor.map(decode).transpose()? })
    }

    /// How many to read: one more than a page, which tells whether there is a next one.
    pub(crate) const fn one_more(&self) -> u32 {
        self.limit + 1
    }

    /// The page of what was read with [`Self::one_more`]; `name` is where the next one begins.
    pub(crate) fn page<R, T>(
        &self,
        uri: &Uri,
        mut rows: Vec<R>,
        name: impl Fn(&R) -> C,
        wire: impl Fn(R) -> T,
    ) -> Page<T> {
        let has_more = rows.len() > self.limit as usize;
        rows.truncate(self.limit as usize);
        let next = rows.last().filter(|_| has_more).map(|last| link(uri, &encode(&name(last))));
        Page { items: rows.into_iter().map(wire).collect(), next }
    }
}

fn encode(name: &impl Display) -> String {
    URL_SAFE_NO_PAD.encode(format!("{CURSOR_LABEL}{name}"))
}

fn decode<C: FromStr>(cursor: &str) -> Result<C, HttpProblem> {
    let bytes = URL_SAFE_NO_PAD.decode(cursor).ok();
    let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
    let name = text.as_deref().and_then(|text| text.strip_prefix(CURSOR_LABEL)?.parse().ok());
    name.ok_or_else(|| {
        let why = "`cursor` is none that this station has given.";
        HttpProblem::bad_request("cursor_unfit", why, "Follow `next` as it stands, or begin without `cursor`.")
    })
}

/// The same address with another cursor. What else is in the query stays as it came.
fn link(uri: &Uri, cursor: &str) -> String {
    let kept = uri.query().unwrap_or_default().split('&');
    let kept = kept.filter(|pair| !pair.is_empty() && !pair.starts_with("cursor="));
    let cursor = format!("cursor={cursor}");
    let query: Vec<&str> = kept.chain([cursor.as_str()]).collect();
    format!("{}?{}", uri.path(), query.join("&"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(uri: &str, limit: u32, cursor: Option<&str>) -> Page<i64> {
        let asked = Asked::<i64>::read(Some(limit), cursor).unwrap();
        let first = asked.after.map_or(1, |after| after + 1);
        let rows: Vec<i64> = (first..=5).take(asked.one_more() as usize).collect();
        asked.page(&uri.parse().unwrap(), rows, |row| *row, |row| row)
    }

    #[test]
    fn following_next_leads_through_the_whole_list_once() {
        let mut page = numbers("/numbers?odd=no&limit=2", 2, None);
        let mut seen = Vec::new();
        loop {
            seen.extend(page.items);
            let Some(next) = page.next else { break };
            assert!(next.starts_with("/numbers?odd=no&limit=2&cursor="), "{next}");
            page = numbers(&next, 2, next.rsplit('=').next());
        }
        assert_eq!(seen, [1, 2, 3, 4, 5]);
    }

    #[test]
    fn what_is_no_cursor_or_too_much_is_refused_with_a_remedy() {
        for (limit, cursor) in [(0, None), (501, None), (1, Some("!")), (1, Some("MTp4")), (1, Some(""))] {
            let problem = Asked::<i64>::read(Some(limit), cursor).unwrap_err().problem;
            assert!(!problem.remedy.is_empty(), "{problem:?}");
        }
    }
}
