//! Units that are set aside: quarantined until a person releases them, or scrapped for ever.

use firstpass_domain::{AuditKind, Diagnosis, Mac, NextAction, RunId, Timestamp};
use serde_json::json;

use super::{LINE, certificates, codes, sessions};
use crate::{Act, Hold, HoldKind, StoreError, UnitActError, db::values, tx::Tx};

pub(crate) async fn quarantine(tx: &mut Tx, mac: Mac, act: &Act, now: Timestamp) -> Result<Vec<String>, UnitActError> {
    check_act(act)?;
    match free_unit(tx, mac).await? {
        None => put(tx, mac, HoldKind::Quarantined, act, None, now).await?,
        Some(HoldKind::Quarantined) => return Err(UnitActError::Quarantined),
        Some(HoldKind::Scrapped) => return Err(UnitActError::Scrapped),
    }
    Ok(Vec::new())
}

/// What a person has released begins with a clean count: else the next run would be refused for the old ones.
pub(crate) async fn release(tx: &mut Tx, mac: Mac, act: &Act, now: Timestamp) -> Result<Vec<String>, UnitActError> {
    check_act(act)?;
    match free_unit(tx, mac).await? {
        Some(HoldKind::Quarantined) => {}
        Some(HoldKind::Scrapped) => return Err(UnitActError::Scrapped),
        None => return Err(UnitActError::NotQuarantined),
    }
    let sql = "UPDATE units SET hold = NULL, hold_reason = NULL, hold_actor = NULL, held_at = NULL,
               forgiven = attempts WHERE mac = $1";
    tx.execute(sql, values![mac]).await?;
    tx.audit(now, &act.actor, AuditKind::UnitReleased, mac, json!({ "reason": act.reason })).await?;
    Ok(Vec::new())
}

pub(crate) async fn scrap(tx: &mut Tx, mac: Mac, act: &Act, now: Timestamp) -> Result<Vec<String>, UnitActError> {
    check_act(act)?;
    match free_unit(tx, mac).await? {
        None | Some(HoldKind::Quarantined) => put(tx, mac, HoldKind::Scrapped, act, None, now).await?,
        Some(HoldKind::Scrapped) => return Err(UnitActError::Scrapped),
    }
    codes::void_of_unit(tx, mac, act, now).await?;
    certificates::revoke_of_unit(tx, mac, act, now).await?;
    Ok(sessions::revoke_of_unit(tx, mac, act, now).await?)
}

/// Sets a unit aside when its run failed in a way that a person must look at. What is on hold already stays so.
pub(crate) async fn after_failure(
    tx: &mut Tx,
    mac: Mac,
    run: RunId,
    diagnosis: &Diagnosis,
    now: Timestamp,
) -> Result<(), StoreError> {
    if diagnosis.code.next_action() != NextAction::Quarantine || of_unit(tx, mac).await?.is_some() {
        return Ok(());
    }
    // Another run has the unit, so this one was refused and has learnt nothing of it; the other must be able to end well.
    if in_work(tx, mac).await?.is_some() {
        return Ok(());
    }
    let act = Act { actor: LINE.to_owned(), reason: diagnosis.code.name().to_owned() };
    put(tx, mac, HoldKind::Quarantined, &act, Some(run), now).await
}

/// Why a unit is set aside, when it is.
pub(crate) async fn of_unit(tx: &mut Tx, mac: Mac) -> Result<Option<Hold>, StoreError> {
    let sql = "SELECT hold, hold_reason, hold_actor, held_at FROM units WHERE mac = $1 AND hold IS NOT NULL";
    let Some(mut row) = tx.row(sql, values![mac]).await? else { return Ok(None) };
    Ok(Some(Hold { kind: row.next()?, reason: row.next()?, actor: row.next()?, since: row.next()? }))
}

fn check_act(act: &Act) -> Result<(), UnitActError> {
    let says = |text: &str| !text.trim().is_empty();
    if says(&act.actor) && says(&act.reason) { Ok(()) } else { Err(UnitActError::Unexplained) }
}

/// Finds a unit on record that no run has in work, and how it is held.
async fn free_unit(tx: &mut Tx, mac: Mac) -> Result<Option<HoldKind>, UnitActError> {
    let Some(mut row) = tx.row("SELECT hold FROM units WHERE mac = $1", values![mac]).await? else {
        return Err(UnitActError::UnknownUnit);
    };
    match in_work(tx, mac).await? {
        Some(run) => Err(UnitActError::InWork { run }),
        None => Ok(row.next()?),
    }
}

/// The open run that has a unit.
pub(crate) async fn in_work(tx: &mut Tx, mac: Mac) -> Result<Option<RunId>, StoreError> {
    let sql = "SELECT id FROM runs WHERE mac = $1 AND state = 'open' AND admitted = 1";
    tx.row(sql, values![mac]).await?.map(|mut row| row.next()).transpose()
}

async fn put(
    tx: &mut Tx,
    mac: Mac,
    kind: HoldKind,
    act: &Act,
    run: Option<RunId>,
    now: Timestamp,
) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE units SET hold = $1, hold_reason = $2, hold_actor = $3, held_at = $4 WHERE mac = $5",
        values![kind, &act.reason, &act.actor, now, mac],
    )
    .await?;
    let audited = match kind {
        HoldKind::Quarantined => AuditKind::UnitQuarantined,
        HoldKind::Scrapped => AuditKind::UnitScrapped,
    };
    tx.audit(now, &act.actor, audited, mac, json!({ "reason": act.reason, "run": run })).await
}
