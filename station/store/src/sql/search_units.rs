//! Finds units by any of their names. Units that the text names exactly come first; the others follow by their number,
//! newest first, so that the last unit of a page tells where the next one begins.

mod exact;
mod parts;
mod text;

use firstpass_domain::Mac;

use super::units;
use crate::{MatchedBy, StoreError, UnitHit, UnitSearch, db::values, tx::Tx};

use parts::Found;
use text::Text;

/// One more than the number of every unit.
const NUMBER_MAX: i64 = i64::MAX / NAMES_OF_UNIT - 1;
/// Ids of names of one unit; see `unit_names` in the migrations.
const NAMES_OF_UNIT: i64 = 65_536;

/// A name that fits.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Named {
    mac: Mac,
    by: MatchedBy,
    name: String,
}

pub(crate) async fn find(tx: &mut Tx, search: &UnitSearch) -> Result<Vec<UnitHit>, StoreError> {
    let Some(text) = Text::read(&search.text) else { return Ok(Vec::new()) };
    let exact = exact::find(tx, &text).await?;
    let limit = search.limit as usize;
    let mut named: Vec<_> = match search.after.and_then(|after| exact.iter().position(|named| named.mac == after)) {
        Some(place) => exact[place + 1..].to_vec(),
        None if search.after.is_some() => Vec::new(),
        None => exact.clone(),
    };
    if named.len() < limit {
        let below = below(tx, search.after, &exact).await?;
        let parts = parts(tx, &text, below, limit + exact.len()).await?;
        named.extend(parts.into_iter().filter(|part| exact.iter().all(|named| named.mac != part.mac)));
    }
    named.truncate(limit);
    hits(tx, named).await
}

/// The number of the unit before which the search goes on.
async fn below(tx: &mut Tx, after: Option<Mac>, exact: &[Named]) -> Result<i64, StoreError> {
    let Some(after) = after.filter(|after| exact.iter().all(|named| named.mac != *after)) else {
        return Ok(NUMBER_MAX);
    };
    let row = tx.row("SELECT MIN(id) FROM unit_names WHERE mac = $1", values![after]).await?;
    let first: Option<i64> = row.map(|mut row| row.next()).transpose()?.flatten();
    Ok(first.map_or(0, |id| id / NAMES_OF_UNIT))
}

/// The newest units below a number that have the text in a name, in either of its forms.
async fn parts(tx: &mut Tx, text: &Text, below: i64, limit: usize) -> Result<Vec<Named>, StoreError> {
    let mut found: Vec<Found> = Vec::new();
    for form in text.parts() {
        found.extend(parts::find(tx, form, below, limit).await?);
    }
    found.sort_by_key(|found| (-found.number, found.named.by));
    found.dedup_by_key(|found| found.number);
    found.truncate(limit);
    Ok(found.into_iter().map(|found| found.named).collect())
}

async fn hits(tx: &mut Tx, named: Vec<Named>) -> Result<Vec<UnitHit>, StoreError> {
    let mut hits = Vec::with_capacity(named.len());
    for Named { mac, by, name } in named {
        if let Some(summary) = units::summary(tx, mac).await? {
            let matched_text = if by == MatchedBy::Mac { mac.to_string() } else { name };
            hits.push(UnitHit { summary, matched: by, matched_text });
        }
    }
    Ok(hits)
}
