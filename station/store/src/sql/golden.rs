//! Golden units: named by people, and put through their check on a slot.

use firstpass_domain::{AuditKind, RunState, SlotId, Timestamp};
use serde_json::json;

use super::{
    plans::started,
    runs::{self, run_columns},
};
use crate::{
    Act, GoldenCheck, GoldenCheckRecord, GoldenRecord, GoldenResult, GoldenStanding, GoldenUnit, StoreError,
    db::{Row, values},
    tx::Tx,
};

pub(crate) async fn name(tx: &mut Tx, unit: &GoldenUnit, act: &Act, now: Timestamp) -> Result<bool, StoreError> {
    let added = tx
        .execute(
            "INSERT INTO golden_units (mac, recipe, actor, reason, named_at) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (mac, recipe) DO NOTHING",
            values![unit.mac, &unit.recipe, &act.actor, &act.reason, now],
        )
        .await?;
    note(tx, unit, added > 0, true, act, now).await
}

pub(crate) async fn unname(tx: &mut Tx, unit: &GoldenUnit, act: &Act, now: Timestamp) -> Result<bool, StoreError> {
    let sql = "DELETE FROM golden_units WHERE mac = $1 AND recipe = $2";
    let removed = tx.execute(sql, values![unit.mac, &unit.recipe]).await?;
    if removed > 0 {
        tx.execute("DELETE FROM golden_standings WHERE recipe = $1", values![&unit.recipe]).await?;
    }
    note(tx, unit, removed > 0, false, act, now).await
}

/// What golden units have shown of a slot was shown of the port that it had.
pub(super) async fn void_of_slot(tx: &mut Tx, slot: &SlotId) -> Result<(), StoreError> {
    let values = values![tx.station().clone(), slot.clone()];
    tx.execute("DELETE FROM golden_standings WHERE station = $1 AND slot = $2", values).await?;
    Ok(())
}

async fn note(
    tx: &mut Tx,
    unit: &GoldenUnit,
    changed: bool,
    golden: bool,
    act: &Act,
    now: Timestamp,
) -> Result<bool, StoreError> {
    if changed {
        let body = json!({ "recipe": unit.recipe, "golden": golden, "reason": act.reason });
        tx.audit(now, &act.actor, AuditKind::GoldenNamed, unit.mac, body).await?;
    }
    Ok(changed)
}

pub(crate) async fn units(tx: &mut Tx, limit: u32) -> Result<Vec<GoldenRecord>, StoreError> {
    let sql = "SELECT mac, recipe, actor, reason, named_at FROM golden_units ORDER BY recipe, mac LIMIT $1";
    let read = |row: &mut Row| {
        let unit = GoldenUnit { mac: row.next()?, recipe: row.next()? };
        Ok(GoldenRecord { unit, by: row.next()?, reason: row.next()?, named: row.next()? })
    };
    tx.rows(sql, values![limit]).await?.iter_mut().map(read).collect()
}

pub(crate) async fn begin_check(
    tx: &mut Tx,
    slot: &SlotId,
    recipe: &str,
    act: &Act,
    now: Timestamp,
) -> Result<(), StoreError> {
    let body = json!({ "recipe": recipe, "reason": act.reason });
    tx.audit(now, &act.actor, AuditKind::GoldenBegan, slot, body).await
}

pub(crate) async fn note_check(tx: &mut Tx, check: &GoldenCheck, act: &Act, now: Timestamp) -> Result<(), StoreError> {
    check_run(tx, check).await?;
    let (station, GoldenCheck { slot, unit, run, passed }) = (started(tx).await?, check);
    tx.execute(
        "INSERT INTO golden_checks (run, station, slot, mac, recipe, passed, actor, checked_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        values![*run, station.clone(), slot.clone(), unit.mac, &unit.recipe, *passed, &act.actor, now],
    )
    .await?;
    tx.execute(
        "INSERT INTO golden_standings (station, slot, recipe, passed, checked_at, passed_at)
         VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (station, slot, recipe)
         DO UPDATE SET passed = $4, checked_at = $5, passed_at = COALESCE($6, golden_standings.passed_at)",
        values![station, slot.clone(), &unit.recipe, *passed, now, passed.then_some(now)],
    )
    .await?;
    let body = json!({ "slot": slot, "recipe": unit.recipe, "run": run, "passed": passed, "reason": act.reason });
    tx.audit(now, &act.actor, AuditKind::GoldenChecked, unit.mac, body).await
}

/// What is noted of a check is what its run on record says.
async fn check_run(tx: &mut Tx, check: &GoldenCheck) -> Result<(), StoreError> {
    let run = check.run;
    let noted = "SELECT run FROM golden_checks WHERE run = $1";
    if tx.row(noted, values![run]).await?.is_some() {
        return Err(tx.conflict(format!("run {run} is on record as a check already")));
    }
    let sql = concat!("SELECT ", run_columns!(), " FROM runs r WHERE r.id = $1");
    let Some(mut row) = tx.row(sql, values![run]).await? else {
        return Err(tx.conflict(format!("run {run} is not on record")));
    };
    let (found, _) = runs::read(&mut row)?;
    let passed = match found.state {
        RunState::Open => return Err(tx.conflict(format!("run {run} has not ended"))),
        RunState::Passed => true,
        RunState::Failed { code } if code.is_refusal() => {
            return Err(tx.conflict(format!("run {run} tested nothing: {}", code.name())));
        }
        RunState::Failed { .. } => false,
    };
    // A failure may lie so early that nobody learnt which unit it was; a pass may not.
    let same_unit = found.mac.map_or(!passed, |mac| mac == check.unit.mac);
    if passed != check.passed || found.slot != check.slot || found.station != *tx.station() || !same_unit {
        return Err(tx.conflict(format!("run {run} on record says otherwise")));
    }
    Ok(())
}

pub(crate) async fn checks(tx: &mut Tx, limit: u32) -> Result<Vec<GoldenCheckRecord>, StoreError> {
    let sql = "SELECT station, slot, mac, recipe, run, passed, actor, checked_at FROM golden_checks
               ORDER BY checked_at DESC, run DESC LIMIT $1";
    let read = |row: &mut Row| {
        let (station, slot) = (row.next()?, row.next()?);
        let unit = GoldenUnit { mac: row.next()?, recipe: row.next()? };
        let check = GoldenCheck { slot, unit, run: row.next()?, passed: row.next()? };
        Ok(GoldenCheckRecord { station, check, by: row.next()?, at: row.next()? })
    };
    tx.rows(sql, values![limit]).await?.iter_mut().map(read).collect()
}

pub(crate) async fn standings(tx: &mut Tx) -> Result<Vec<GoldenStanding>, StoreError> {
    let sql = "SELECT slot, recipe, checked_at, passed, passed_at FROM golden_standings WHERE station = $1
               ORDER BY slot, recipe";
    let values = values![tx.station().clone()];
    let read = |row: &mut Row| {
        let (slot, recipe, checked) = (row.next()?, row.next()?, row.next()?);
        Ok(GoldenStanding { slot, recipe, checked, passed: row.next()?, last_passed: row.next()? })
    };
    tx.rows(sql, values).await?.iter_mut().map(read).collect()
}

pub(crate) async fn results(tx: &mut Tx, from: Timestamp, to: Timestamp) -> Result<Vec<GoldenResult>, StoreError> {
    let sql = "SELECT slot, recipe, COUNT(*), COUNT(CASE WHEN passed = 0 THEN 1 END) FROM golden_checks
               WHERE station = $1 AND checked_at >= $2 AND checked_at < $3 GROUP BY slot, recipe ORDER BY slot, recipe";
    let values = values![tx.station().clone(), from, to];
    let read = |row: &mut Row| {
        Ok(GoldenResult { slot: row.next()?, recipe: row.next()?, checks: row.next()?, failed: row.next()? })
    };
    tx.rows(sql, values).await?.iter_mut().map(read).collect()
}
