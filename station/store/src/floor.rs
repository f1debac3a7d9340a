//! The floor of a station: what its slots work on, which ports they have, and how its golden units come out.

use async_trait::async_trait;
use firstpass_domain::{Mac, RunId, SlotId, StationId, Timestamp};

use crate::{
    Act, BatchId, Record, StoreError,
    db::Database,
    record::{read_record, write_record},
    sql::{golden, plans},
};

/// What people have told a slot of this station.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlotPlan {
    /// The slot.
    pub slot: SlotId,
    /// Path of the port that it was mapped to; `None` is the configuration's.
    pub port: Option<String>,
    /// The batch that it works on.
    pub batch: Option<BatchId>,
    /// Whether it works on none because a person stopped it.
    pub stopped: bool,
}

/// A slot that gets another port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlotMove {
    /// The slot.
    pub slot: SlotId,
    /// Path of the port that it had.
    pub from: String,
    /// Path of the port that it gets.
    pub to: String,
}

/// A unit that is known to be good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GoldenUnit {
    /// The unit.
    pub mac: Mac,
    /// Name of the recipe that it is made by, whatever its version.
    pub recipe: String,
}

/// A golden unit on record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GoldenRecord {
    /// The unit.
    pub unit: GoldenUnit,
    /// Who named it.
    pub by: String,
    /// Why.
    pub reason: String,
    /// When.
    pub named: Timestamp,
}

/// How a golden unit came out on a slot of this station.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GoldenCheck {
    /// The slot.
    pub slot: SlotId,
    /// The unit.
    pub unit: GoldenUnit,
    /// The run, which has ended.
    pub run: RunId,
    /// Whether it passed.
    pub passed: bool,
}

/// A golden unit's check on record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GoldenCheckRecord {
    /// Where.
    pub station: StationId,
    /// The check.
    pub check: GoldenCheck,
    /// Who made it.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// How the golden units of a recipe stand on a slot of this station.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GoldenStanding {
    /// The slot.
    pub slot: SlotId,
    /// Name of the recipe.
    pub recipe: String,
    /// When the newest check was.
    pub checked: Timestamp,
    /// Whether that passed.
    pub passed: bool,
    /// When one passed last.
    pub last_passed: Option<Timestamp>,
}

/// How golden units came out on a slot of this station within some time, by one recipe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GoldenResult {
    /// The slot.
    pub slot: SlotId,
    /// Name of the recipe.
    pub recipe: String,
    /// How many checks there were.
    pub checks: u32,
    /// How many of them failed.
    pub failed: u32,
}

/// What is on record of the floor.
#[async_trait]
pub trait FloorPlan: Send + Sync {
    /// What people have told the slots of this station.
    async fn slot_plans(&self) -> Result<Vec<SlotPlan>, StoreError>;

    /// Notes that these slots of this station work on a batch from now on. One that is closed takes none:
    /// [`StoreError::BatchNotOpen`].
    async fn start_slots(&self, batch: BatchId, slots: &[SlotId], act: &Act, now: Timestamp) -> Result<(), StoreError>;

    /// Notes that a slot of this station works on no batch from now on.
    async fn stop_slot(&self, slot: &SlotId, at_once: bool, act: &Act, now: Timestamp) -> Result<(), StoreError>;

    /// Notes that a person lets the unit in a slot run again.
    async fn note_retry(&self, slot: &SlotId, mac: Option<Mac>, act: &Act, now: Timestamp) -> Result<(), StoreError>;

    /// Notes that a person asks who is in a slot.
    async fn note_question(&self, slot: &SlotId, act: &Act, now: Timestamp) -> Result<(), StoreError>;

    /// Gives slots of this station other ports, all or none.
    async fn map_slots(&self, moves: &[SlotMove], act: &Act, now: Timestamp) -> Result<(), StoreError>;

    /// Names a golden unit; `false` when it was one before.
    async fn name_golden(&self, unit: &GoldenUnit, act: &Act, now: Timestamp) -> Result<bool, StoreError>;

    /// Notes that a unit is golden no more; `false` when it was none.
    async fn unname_golden(&self, unit: &GoldenUnit, act: &Act, now: Timestamp) -> Result<bool, StoreError>;

    /// The golden units, by recipe, at most `limit`.
    async fn golden_units(&self, limit: u32) -> Result<Vec<GoldenRecord>, StoreError>;

    /// Notes that a person begins a golden unit's check on a slot, by the recipe of this name.
    async fn begin_golden_check(
        &self,
        slot: &SlotId,
        recipe: &str,
        act: &Act,
        now: Timestamp,
    ) -> Result<(), StoreError>;

    /// Notes how a golden unit came out. The run on record must say the same, and must have tested it:
    /// [`StoreError::Conflict`].
    async fn note_golden_check(&self, check: &GoldenCheck, act: &Act, now: Timestamp) -> Result<(), StoreError>;

    /// Checks of all stations, newest first, at most `limit`.
    async fn golden_checks(&self, limit: u32) -> Result<Vec<GoldenCheckRecord>, StoreError>;

    /// How the golden units stand on the slots of this station. A slot that was given another port has no standing, nor has
    /// a recipe one of whose units is golden no more, until the next check.
    async fn golden_standings(&self) -> Result<Vec<GoldenStanding>, StoreError>;

    /// How the checks on the slots of this station came out from one moment to just before another.
    async fn golden_results(&self, from: Timestamp, to: Timestamp) -> Result<Vec<GoldenResult>, StoreError>;
}

#[async_trait]
impl<D: Database> FloorPlan for Record<D> {
    async fn slot_plans(&self) -> Result<Vec<SlotPlan>, StoreError> {
        read_record!(self, "read what the slots were told", plans::all())
    }

    async fn start_slots(&self, batch: BatchId, slots: &[SlotId], act: &Act, now: Timestamp) -> Result<(), StoreError> {
        write_record!(self, "start the slots", plans::start(batch, slots, act, now))
    }

    async fn stop_slot(&self, slot: &SlotId, at_once: bool, act: &Act, now: Timestamp) -> Result<(), StoreError> {
        write_record!(self, "stop the slot", plans::stop(slot, at_once, act, now))
    }

    async fn note_retry(&self, slot: &SlotId, mac: Option<Mac>, act: &Act, now: Timestamp) -> Result<(), StoreError> {
        write_record!(self, "note the retry", plans::note_retry(slot, mac, act, now))
    }

    async fn note_question(&self, slot: &SlotId, act: &Act, now: Timestamp) -> Result<(), StoreError> {
        write_record!(self, "note who asked the slot", plans::note_question(slot, act, now))
    }

    async fn map_slots(&self, moves: &[SlotMove], act: &Act, now: Timestamp) -> Result<(), StoreError> {
        write_record!(self, "map the slots", plans::map(moves, act, now))
    }

    async fn name_golden(&self, unit: &GoldenUnit, act: &Act, now: Timestamp) -> Result<bool, StoreError> {
        write_record!(self, "name the golden unit", golden::name(unit, act, now))
    }

    async fn unname_golden(&self, unit: &GoldenUnit, act: &Act, now: Timestamp) -> Result<bool, StoreError> {
        write_record!(self, "take the golden unit back", golden::unname(unit, act, now))
    }

    async fn golden_units(&self, limit: u32) -> Result<Vec<GoldenRecord>, StoreError> {
        read_record!(self, "list the golden units", golden::units(limit))
    }

    async fn begin_golden_check(
        &self,
        slot: &SlotId,
        recipe: &str,
        act: &Act,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        write_record!(self, "begin the golden unit's check", golden::begin_check(slot, recipe, act, now))
    }

    async fn note_golden_check(&self, check: &GoldenCheck, act: &Act, now: Timestamp) -> Result<(), StoreError> {
        write_record!(self, "note the golden unit's check", golden::note_check(check, act, now))
    }

    async fn golden_checks(&self, limit: u32) -> Result<Vec<GoldenCheckRecord>, StoreError> {
        read_record!(self, "list the golden units' checks", golden::checks(limit))
    }

    async fn golden_standings(&self) -> Result<Vec<GoldenStanding>, StoreError> {
        read_record!(self, "read how the golden units stand", golden::standings())
    }

    async fn golden_results(&self, from: Timestamp, to: Timestamp) -> Result<Vec<GoldenResult>, StoreError> {
        read_record!(self, "read how the golden units came out", golden::results(from, to))
    }
}
