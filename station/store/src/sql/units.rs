//! Units: listed, and shown with all that belongs to them.

use firstpass_domain::Mac;

use super::{
    certificates, holds,
    runs::{self, run_columns},
    sessions,
};
use crate::{
    HoldKind, Standing, StoreError, UnitDetail, UnitFilter, UnitSummary,
    db::{Row, values},
    tx::Tx,
};

/// Units by the name `u`, each with its newest run by the name `r`.
macro_rules! select_units {
    ($condition:literal) => {
        concat!(
            "SELECT u.mac, u.serial, u.attempts, u.hold, u.standing, CAST(CASE WHEN r.id IS NULL THEN 0 ELSE 1 END AS BIGINT), ",
            run_columns!(),
            " FROM units u LEFT JOIN runs r
              ON r.id = (SELECT n.id FROM runs n WHERE n.mac = u.mac ORDER BY n.id DESC LIMIT 1) WHERE ",
            $condition
        )
    };
}

pub(crate) async fn list(tx: &mut Tx, filter: &UnitFilter) -> Result<Vec<UnitSummary>, StoreError> {
    // An empty string of bytes sorts before every MAC.
    let after = filter.after.map_or_else(Vec::new, |mac| mac.octets().to_vec());
    let rows = match filter.standing {
        None => tx.rows(select_units!("u.mac > $1 ORDER BY u.mac LIMIT $2"), values![after, filter.limit]).await?,
        Some(standing) => {
            let sql = match standing {
                Standing::Passed | Standing::Failed => {
                    select_units!("u.standing = $1 AND u.hold IS NULL AND u.mac > $2 ORDER BY u.mac LIMIT $3")
                }
                Standing::Quarantined | Standing::Scrapped => {
                    select_units!("u.hold = $1 AND u.mac > $2 ORDER BY u.mac LIMIT $3")
                }
            };
            tx.rows(sql, values![standing.name(), after, filter.limit]).await?
        }
    };
    rows.into_iter().map(|mut row| read(&mut row)).collect()
}

/// What a list shows of one unit.
pub(crate) async fn summary(tx: &mut Tx, mac: Mac) -> Result<Option<UnitSummary>, StoreError> {
    tx.row(select_units!("u.mac = $1"), values![mac]).await?.map(|mut row| read(&mut row)).transpose()
}

pub(crate) async fn detail(tx: &mut Tx, mac: Mac) -> Result<Option<UnitDetail>, StoreError> {
    let Some(summary) = summary(tx, mac).await? else { return Ok(None) };
    let runs = runs::of_unit(tx, mac).await?;
    let refused = runs::refused_of_unit(tx, mac).await?;
    let sessions = sessions::of_unit(tx, mac).await?;
    let certificates = certificates::of_unit(tx, mac).await?;
    let hold = holds::of_unit(tx, mac).await?;
    Ok(Some(UnitDetail { summary, hold, runs, refused, sessions, certificates }))
}

fn read(row: &mut Row) -> Result<UnitSummary, StoreError> {
    let (mac, serial, attempts) = (row.next()?, row.next()?, row.next()?);
    let standing = standing(row)?;
    let last_run = if row.next()? { Some(runs::read(row)?.0) } else { None };
    Ok(UnitSummary { mac, serial, attempts, standing, last_run })
}

/// Reads the columns `hold` and `standing`: who is on hold is that, whatever its runs say.
pub(crate) fn standing(row: &mut Row) -> Result<Option<Standing>, StoreError> {
    let (hold, standing): (Option<HoldKind>, Option<String>) = (row.next()?, row.next()?);
    match (hold, standing.as_deref()) {
        (Some(HoldKind::Quarantined), _) => Ok(Some(Standing::Quarantined)),
        (Some(HoldKind::Scrapped), _) => Ok(Some(Standing::Scrapped)),
        (None, Some("passed")) => Ok(Some(Standing::Passed)),
        (None, Some("failed")) => Ok(Some(Standing::Failed)),
        (None, None) => Ok(None),
        (None, Some(_)) => Err(row.damaged("a unit has an unknown standing")),
    }
}
