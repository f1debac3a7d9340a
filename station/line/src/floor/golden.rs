//! Golden units: units that are known to be good show whether a slot is.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use firstpass_domain::{DiagnosisCode, SlotId, Timestamp};
use firstpass_store::{Act, BatchId, GoldenCheck, GoldenStanding, GoldenUnit};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{
    FloorError, GoldenDue, GoldenOutcome,
    line_floor::Inner,
    posts::{Busy, PostState},
    refusal,
};
use crate::{BatchReport, RunReport, Slot, StationError, WorkOrder, event::LineEventKind, recipe::Recipe};

/// Most golden units that are looked at.
const GOLDEN_UNITS_MAX: u32 = 1000;
/// What a slot is busy with.
const CHECK: &str = "a golden unit's check";

/// A slot that is kept from other work; it is free again when this is dropped.
struct Kept<'a> {
    floor: &'a Inner,
    slot: Slot,
    busy: Busy,
}

impl Inner {
    pub(super) async fn check_golden(
        self: &Arc<Self>,
        batch: BatchId,
        slot: &SlotId,
        act: &Act,
    ) -> Result<GoldenOutcome, FloorError> {
        let record = self.batch(batch).await?;
        let recipe = self.recipe_of(&record).await?;
        let kept = self.keep(slot).await?;
        self.close_left_open(slot).await?;
        let store = &self.line.store;
        store.begin_golden_check(slot, &recipe.name, act, (self.line.clock)()).await.map_err(StationError::from)?;
        let unit = GoldenUnit { mac: self.ask_who(slot).await?.mac, recipe: recipe.name.clone() };
        if !self.is_golden(&unit).await? {
            return Err(refusal::not_golden(unit.mac, &unit.recipe));
        }
        let run = self.run_golden(&recipe, &unit, &kept).await?;
        self.note(&unit, slot, &run, act).await?;
        Ok(GoldenOutcome { run: run.run, mac: run.mac, problem: run.problem })
    }

    async fn keep(&self, slot: &SlotId) -> Result<Kept<'_>, FloorError> {
        let _desk = self.desk.lock().await;
        let found = self.posts.idle(slot)?;
        let busy = Busy { what: CHECK, token: self.token.child_token(), ended: CancellationToken::new() };
        self.posts.with(slot, |post| post.state = PostState::Busy(busy.clone()))?;
        Ok(Kept { floor: self, slot: found, busy })
    }

    async fn is_golden(&self, unit: &GoldenUnit) -> Result<bool, StationError> {
        Ok(self.line.store.golden_units(GOLDEN_UNITS_MAX).await?.iter().any(|golden| golden.unit == *unit))
    }

    /// One run of this unit and no other, in a batch of its own that is closed afterwards. A run that was cut is no check,
    /// nor is one that never came to test the slot, because the unit was changed or the rules refused it.
    async fn run_golden(&self, recipe: &Recipe, unit: &GoldenUnit, kept: &Kept<'_>) -> Result<RunReport, FloorError> {
        let name = format!("golden check {}", Uuid::now_v7());
        let order = WorkOrder::Named { name, product: recipe.name.clone(), quantity: None, quota: None };
        let (slot, golden) = (kept.slot.clone(), recipe.golden());
        let (token, over) = (&kept.busy.token, "the golden unit's check is over");
        let report = self.line.once(golden, &order, slot, Some(unit.mac), token, over).await?;
        let BatchReport { runs, stopped, .. } = report;
        match (runs.into_iter().next_back(), stopped.into_iter().next()) {
            (Some(run), _) if !was_cut(&run) => tested(unit, run),
            (_, Some(StationError::NeedsPerson { problem })) => Err(FloorError::Refused(problem)),
            (_, Some(error)) => Err(error.into()),
            (Some(_) | None, None) => Err(refusal::check_cut(&kept.slot.id)),
        }
    }

    async fn note(&self, unit: &GoldenUnit, slot: &SlotId, run: &RunReport, act: &Act) -> Result<(), FloorError> {
        let check = GoldenCheck { slot: slot.clone(), unit: unit.clone(), run: run.run, passed: run.passed };
        let noted = self.line.store.note_golden_check(&check, act, (self.line.clock)()).await;
        Ok(noted.map_err(StationError::from)?)
    }

    pub(super) async fn golden_due(&self) -> Result<Vec<GoldenDue>, FloorError> {
        let Some(shift) = self.shift else { return Ok(Vec::new()) };
        let (store, now) = (&self.line.store, (self.line.clock)());
        let units = store.golden_units(GOLDEN_UNITS_MAX).await.map_err(StationError::from)?;
        let recipes: BTreeSet<String> = units.into_iter().map(|golden| golden.unit.recipe).collect();
        let standings = store.golden_standings().await.map_err(StationError::from)?;
        let slots: Vec<SlotId> = self.posts.lock().iter().map(|post| post.slot.id.clone()).collect();
        let pairs = slots.iter().flat_map(|slot| recipes.iter().map(move |recipe| (slot, recipe)));
        let due = pairs.map(|(slot, recipe)| {
            let standing = standings.iter().find(|found| found.slot == *slot && found.recipe == *recipe);
            let passed = standing.and_then(|found| found.last_passed);
            GoldenDue { slot: slot.clone(), recipe: recipe.clone(), passed, due: is_due(standing, shift, now) }
        });
        Ok(due.collect())
    }
}

impl Drop for Kept<'_> {
    fn drop(&mut self) {
        // Slots do not go.
        let _ = self.floor.posts.with(&self.slot.id, |post| post.state = PostState::Idle);
        self.floor.line.publish(&self.slot.id, LineEventKind::SlotEnded { by: None, at_once: false });
        self.busy.ended.cancel();
    }
}

/// The run, when it says something of the slot.
fn tested(unit: &GoldenUnit, run: RunReport) -> Result<RunReport, FloorError> {
    match (&run.diagnosis, &run.problem) {
        (Some(found), _) if found.code == DiagnosisCode::OtherUnit => Err(refusal::other_unit(unit.mac, &found.seen)),
        (Some(found), Some(problem)) if found.code.is_refusal() => Err(FloorError::Refused(problem.clone())),
        (_, _) => Ok(run),
    }
}

fn was_cut(run: &RunReport) -> bool {
    matches!(run.code(), Some(DiagnosisCode::Cancelled | DiagnosisCode::Interrupted))
}

/// The newest check counts for a shift when it passed, and not at all when it failed.
fn is_due(standing: Option<&GoldenStanding>, shift: Duration, now: Timestamp) -> bool {
    !standing.is_some_and(|standing| standing.passed && now < standing.checked.plus(shift))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_check_is_due_without_one_after_a_shift_and_after_a_failure() {
        let (shift, noon) = (Duration::from_secs(8 * 3600), Timestamp::from_micros(1_700_000_000_000_000));
        let standing = |passed| GoldenStanding {
            slot: SlotId::new("A1").unwrap(),
            recipe: "lamp".to_owned(),
            checked: noon,
            passed,
            last_passed: Some(noon),
        };
        assert!(is_due(None, shift, noon));
        assert!(!is_due(Some(&standing(true)), shift, noon.plus(shift - Duration::from_secs(1))));
        assert!(is_due(Some(&standing(true)), shift, noon.plus(shift)));
        assert!(is_due(Some(&standing(false)), shift, noon));
    }
}
