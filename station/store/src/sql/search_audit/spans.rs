//! Where in the chain a station's entries of some time stand. A station's clock goes on, mostly: then it is one stretch.
//! Where it was set back there are several, and what lies in them is compared with the time, entry by entry.

use firstpass_domain::{StationId, Timestamp};

use crate::{AuditSearch, StoreError, db::values, tx::Tx};

/// Positions that stand in one row of `audit_spans`.
const SPAN: i64 = 4096;
/// Stretches that are told apart; what is older is one.
const STRETCHES_MAX: u32 = 64;

/// Positions from the first to the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stretch {
    pub(super) first: i64,
    pub(super) last: i64,
}

/// Newest first, and before the position that is asked for. Every entry of the station and the time stands in one.
pub(super) async fn of_station(
    tx: &mut Tx,
    search: &AuditSearch,
    station: &StationId,
) -> Result<Vec<Stretch>, StoreError> {
    let last = search.before.map_or(i64::MAX, |before| before - 1);
    if search.from.is_none() && search.to.is_none() {
        return Ok(vec![Stretch { first: 0, last }]);
    }
    let stretches = up_to(&in_time(tx, search, station).await?, last);
    let Some(newest) = stretches.first() else { return Ok(stretches) };
    let last = newest_in_time(tx, search, station, *newest).await?;
    Ok(up_to(&stretches, last))
}

/// The newest entry of the time, or where the newest stretch has none any more: every group would look for its own among
/// those behind it otherwise.
async fn newest_in_time(
    tx: &mut Tx,
    search: &AuditSearch,
    station: &StationId,
    newest: Stretch,
) -> Result<i64, StoreError> {
    let (from, to) = micros(search);
    let first = newest.first.max(newest.last / SPAN * SPAN);
    let sql = "SELECT MAX(seq) FROM audit WHERE seq >= $1 AND seq <= $2 AND station = $3 AND at >= $4 AND at < $5";
    let row = tx.row(sql, values![first, newest.last, station.clone(), from, to]).await?;
    let found: Option<i64> = row.map(|mut row| row.next()).transpose()?.flatten();
    Ok(found.unwrap_or(first - 1))
}

/// From and to, whatever is asked.
fn micros(search: &AuditSearch) -> (i64, i64) {
    (search.from.map_or(i64::MIN, Timestamp::as_micros), search.to.map_or(i64::MAX, Timestamp::as_micros))
}

/// What of the stretches is not behind a position.
pub(super) fn up_to(stretches: &[Stretch], last: i64) -> Vec<Stretch> {
    let cut = |stretch: &Stretch| Stretch { first: stretch.first, last: stretch.last.min(last) };
    stretches.iter().map(cut).filter(|stretch| stretch.first <= stretch.last).collect()
}

async fn in_time(tx: &mut Tx, search: &AuditSearch, station: &StationId) -> Result<Vec<Stretch>, StoreError> {
    let (from, to) = micros(search);
    let sql = "SELECT MIN(span), MAX(span), COUNT(*) FROM audit_spans
               WHERE station = $1 AND last_at >= $2 AND first_at < $3";
    let Some(mut row) = tx.row(sql, values![station.clone(), from, to]).await? else { return Ok(Vec::new()) };
    let (first, last, count): (Option<i64>, Option<i64>, i64) = (row.next()?, row.next()?, row.next()?);
    let Some((first, last)) = first.zip(last) else { return Ok(Vec::new()) };
    let all = "SELECT COUNT(*) FROM audit_spans WHERE station = $1 AND span >= $2 AND span <= $3";
    let all = tx.count(all, values![station.clone(), first, last]).await?;
    if i64::from(all) == count {
        return Ok(vec![stretch(first, last)]);
    }
    let mut stretches = apart(tx, station, from, to).await?;
    if let (true, Some(oldest)) = (stretches.len() == STRETCHES_MAX as usize, stretches.last_mut()) {
        oldest.first = first * SPAN;
    }
    Ok(stretches)
}

/// The newest stretches, each with nothing but spans in the time.
async fn apart(tx: &mut Tx, station: &StationId, from: i64, to: i64) -> Result<Vec<Stretch>, StoreError> {
    let sql = "SELECT MIN(span), MAX(span) FROM (
                   SELECT span, fits, SUM(1 - fits) OVER (ORDER BY span) AS stretch FROM (
                       SELECT span, CAST(CASE WHEN last_at >= $2 AND first_at < $3 THEN 1 ELSE 0 END AS BIGINT) AS fits
                       FROM audit_spans WHERE station = $1
                   ) AS compared
               ) AS numbered
               WHERE fits = 1 GROUP BY stretch ORDER BY 2 DESC LIMIT $4";
    let rows = tx.rows(sql, values![station.clone(), from, to, STRETCHES_MAX]).await?;
    rows.into_iter().map(|mut row| Ok(stretch(row.next()?, row.next()?))).collect()
}

const fn stretch(first: i64, last: i64) -> Stretch {
    Stretch { first: first * SPAN, last: last * SPAN + SPAN - 1 }
}
