//! Ties a run to its unit and asks the rules of the recipe.

use firstpass_domain::{AuditKind, KnownUnit, Mac, Policy, RunId, Timestamp, evidence::Rule};
use serde_json::json;

use super::{LINE, holds, quota, runs};
use crate::{Admission, BatchId, HoldKind, StoreError, db::values, tx::Tx};

pub(crate) async fn identify(
    tx: &mut Tx,
    run: RunId,
    mac: Mac,
    policy: &Policy,
    now: Timestamp,
) -> Result<Admission, StoreError> {
    let open = runs::open(tx, run).await?;
    if open.mac.is_some() {
        return Err(tx.conflict(format!("run {run} is tied to a unit already")));
    }
    tx.execute(
        "INSERT INTO units (mac, attempts, first_seen_at) VALUES ($1, 0, $2) ON CONFLICT (mac) DO NOTHING",
        values![mac, now],
    )
    .await?;
    let attempt = match open.repair {
        true => 0,
        false => 1 + tx.count("SELECT attempts FROM units WHERE mac = $1", values![mac]).await?,
    };
    let refusal = refusal(tx, mac, open.batch, policy).await?;
    tie(tx, run, mac, attempt, refusal).await?;
    let body = json!({ "mac": mac, "attempt": attempt, "refused": refusal });
    tx.audit(now, LINE, AuditKind::RunIdentified, run, body).await?;
    Ok(match refusal {
        None => Admission::Admitted { attempt },
        Some(rule) => Admission::Refused { attempt, rule },
    })
}

/// The first rule that stands against the unit.
async fn refusal(tx: &mut Tx, mac: Mac, batch: BatchId, policy: &Policy) -> Result<Option<Rule>, StoreError> {
    if holds::in_work(tx, mac).await?.is_some() {
        return Ok(Some(Rule::InWorkElsewhere));
    }
    match holds::of_unit(tx, mac).await?.map(|hold| hold.kind) {
        Some(HoldKind::Scrapped) => return Ok(Some(Rule::Scrapped)),
        Some(HoldKind::Quarantined) => return Ok(Some(Rule::Quarantined)),
        None => {}
    }
    let passed = "SELECT id FROM runs WHERE mac = $1 AND state = 'passed' AND repair = 0 LIMIT 1";
    if policy.known_unit == KnownUnit::Refuse && tx.row(passed, values![mac]).await?.is_some() {
        return Ok(Some(Rule::PassedBefore));
    }
    if let Some(rule) = attempts_used_up(tx, mac, batch, policy).await? {
        return Ok(Some(rule));
    }
    Ok(quota::is_reached(tx, batch, mac).await?.then_some(Rule::QuotaReached))
}

/// Counted are runs that were admitted and came to an end of their own: a power cut says nothing of the unit, and a repair
/// is no try. Those before the last release by a person are forgiven, and those up to the last pass: a unit that comes
/// back begins with a clean count.
async fn attempts_used_up(tx: &mut Tx, mac: Mac, batch: BatchId, policy: &Policy) -> Result<Option<Rule>, StoreError> {
    let sql = "SELECT COUNT(*), COUNT(CASE WHEN r.batch = $2 THEN 1 END)
               FROM runs r JOIN units u ON u.mac = r.mac
               WHERE r.mac = $1 AND r.admitted = 1 AND r.repair = 0 AND r.attempt > u.forgiven
                 AND r.attempt > (SELECT COALESCE(MAX(p.attempt), 0) FROM runs p
                                  WHERE p.mac = $1 AND p.state = 'passed' AND p.repair = 0)
                 AND (r.code IS NULL OR r.code NOT IN ('interrupted', 'cancelled'))";
    let Some(mut row) = tx.row(sql, values![mac, batch]).await? else { return Ok(None) };
    let (in_all, in_batch): (u32, u32) = (row.next()?, row.next()?);
    let is_used_up = |max, before| max != 0 && before >= max;
    if is_used_up(policy.max_attempts, in_all) {
        return Ok(Some(Rule::AttemptsUsedUp));
    }
    Ok(is_used_up(policy.max_batch_attempts, in_batch).then_some(Rule::BatchAttemptsUsedUp))
}

/// Gives the attempt back that a run was counted as: it came to no end of its own.
pub(crate) async fn untie(tx: &mut Tx, mac: Mac) -> Result<(), StoreError> {
    tx.execute("UPDATE units SET attempts = attempts - 1 WHERE mac = $1", values![mac]).await?;
    Ok(())
}

/// A refused run still shows in its unit's history, except when another run has the unit: then it is that run's. A repair
/// is no attempt: 0.
async fn tie(tx: &mut Tx, run: RunId, mac: Mac, attempt: u32, refusal: Option<Rule>) -> Result<(), StoreError> {
    let (mac_on_run, attempt_on_run) = match refusal {
        Some(Rule::InWorkElsewhere) => (None, 0),
        None
        | Some(
            Rule::PassedBefore
            | Rule::AttemptsUsedUp
            | Rule::QuotaReached
            | Rule::BatchAttemptsUsedUp
            | Rule::Quarantined
            | Rule::Scrapped,
        ) => (Some(mac), attempt),
    };
    tx.execute(
        "UPDATE runs SET mac = $1, attempt = $2, admitted = $3 WHERE id = $4",
        values![mac_on_run, attempt_on_run, refusal.is_none(), run],
    )
    .await?;
    if refusal.is_none() && attempt > 0 {
        tx.execute("UPDATE units SET attempts = $1 WHERE mac = $2", values![attempt, mac]).await?;
    }
    Ok(())
}
