//! Finds units by any of their names.

use firstpass_domain::Mac;

use super::units;
use crate::{MatchedBy, StoreError, UnitHit, UnitSearch, db::values, tx::Tx};

pub(crate) async fn find(tx: &mut Tx, search: &UnitSearch) -> Result<Vec<UnitHit>, StoreError> {
    let text = search.text.trim();
    let mut found = Vec::new();
    if let Ok(mac) = text.parse::<Mac>()
        && let Some(detail) = units::detail(tx, mac).await?
    {
        found.push(UnitHit { summary: detail.summary, matched: MatchedBy::Mac, matched_text: mac.to_string() });
    }
    if let Some(mut row) = tx.row("SELECT mac FROM serials WHERE serial = $1", values![text]).await?
        && let Some(detail) = units::detail(tx, row.next()?).await?
    {
        found.push(UnitHit { summary: detail.summary, matched: MatchedBy::Serial, matched_text: text.to_owned() });
    }
    Ok(found)
}
