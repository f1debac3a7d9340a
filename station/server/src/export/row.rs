//! What a row of an export is: named columns, the same names in every format. Knows no format.

use std::borrow::Cow;

use firstpass_domain::{AuditEntry, DiagnosisCode, RunState, SerialNumber, Timestamp};
use firstpass_store::{Standing, UnitSummary};
use serde::Serialize;

use super::source::RunOfBatch;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Holds {
    /// Whole numbers.
    Int,
    /// Microseconds since 1970-01-01T00:00:00Z.
    Time,
    /// Text.
    Text,
    /// Yes or no.
    Bool,
}

impl Holds {
    /// For the manifest.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Int => "integer",
            Self::Time => "microseconds since 1970-01-01T00:00:00Z",
            Self::Text => "text",
            Self::Bool => "true or false",
        }
    }
}

/// A column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Column {
    /// Its name in every format.
    pub(super) name: &'static str,
    /// What it holds.
    pub(super) holds: Holds,
    /// Whether every row has a value.
    pub(super) required: bool,
}

const fn column(name: &'static str, holds: Holds, required: bool) -> Column {
    Column { name, holds, required }
}

/// A value in a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Cell<'a> {
    /// A whole number.
    Int(i64),
    /// A point in time.
    Time(Timestamp),
    /// A text.
    Text(Cow<'a, str>),
    /// Yes or no.
    Bool(bool),
    /// No value.
    Null,
}

impl<'a> Cell<'a> {
    fn text(text: &'a str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }

    fn owned(text: impl ToString) -> Self {
        Self::Text(Cow::Owned(text.to_string()))
    }

    fn time(at: Option<Timestamp>) -> Self {
        at.map_or(Self::Null, Self::Time)
    }

    fn optional(text: Option<&'a str>) -> Self {
        text.map_or(Self::Null, Self::text)
    }
}

/// A row; its JSON form has the columns as fields.
pub(super) trait Row: Serialize + Send + 'static {
    /// Its columns, in order.
    const COLUMNS: &'static [Column];

    /// Its values, in the order of the columns.
    fn cells(&self) -> Vec<Cell<'_>>;
}

impl Row for AuditEntry {
    const COLUMNS: &'static [Column] = &[
        column("seq", Holds::Int, true),
        column("at", Holds::Time, true),
        column("station", Holds::Text, true),
        column("actor", Holds::Text, true),
        column("kind", Holds::Text, true),
        column("subject", Holds::Text, true),
        column("body", Holds::Text, true),
        column("prev", Holds::Text, true),
        column("hash", Holds::Text, true),
    ];

    fn cells(&self) -> Vec<Cell<'_>> {
        vec![
            Cell::Int(self.seq),
            Cell::Time(self.at),
            Cell::text(self.station.as_str()),
            Cell::text(&self.actor),
            Cell::text(self.kind.name()),
            Cell::text(&self.subject),
            Cell::text(&self.body),
            Cell::owned(self.prev),
            Cell::owned(self.hash),
        ]
    }
}

/// A unit.
#[derive(Debug, Serialize)]
pub(super) struct UnitRow {
    mac: String,
    serial: Option<SerialNumber>,
    standing: Option<&'static str>,
    attempts: u32,
    last_run: Option<String>,
    last_station: Option<String>,
    last_slot: Option<String>,
    last_began: Option<Timestamp>,
    last_ended: Option<Timestamp>,
}

impl From<UnitSummary> for UnitRow {
    fn from(unit: UnitSummary) -> Self {
        let UnitSummary { mac, serial, attempts, standing, last_run, .. } = unit;
        let last = last_run.as_ref();
        Self {
            mac: mac.to_string(),
            serial,
            standing: standing.map(Standing::name),
            attempts,
            last_run: last.map(|run| run.id.to_string()),
            last_station: last.map(|run| run.station.to_string()),
            last_slot: last.map(|run| run.slot.to_string()),
            last_began: last.map(|run| run.began),
            last_ended: last.and_then(|run| run.ended),
        }
    }
}

impl Row for UnitRow {
    const COLUMNS: &'static [Column] = &[
        column("mac", Holds::Text, true),
        column("serial", Holds::Text, false),
        column("standing", Holds::Text, false),
        column("attempts", Holds::Int, true),
        column("last_run", Holds::Text, false),
        column("last_station", Holds::Text, false),
        column("last_slot", Holds::Text, false),
        column("last_began", Holds::Time, false),
        column("last_ended", Holds::Time, false),
    ];

    fn cells(&self) -> Vec<Cell<'_>> {
        vec![
            Cell::text(&self.mac),
            Cell::optional(self.serial.as_ref().map(SerialNumber::as_str)),
            Cell::optional(self.standing),
            Cell::Int(self.attempts.into()),
            Cell::optional(self.last_run.as_deref()),
            Cell::optional(self.last_station.as_deref()),
            Cell::optional(self.last_slot.as_deref()),
            Cell::time(self.last_began),
            Cell::time(self.last_ended),
        ]
    }
}

/// A run with the batch that it counts for.
#[derive(Debug, Serialize)]
pub(super) struct RunRow {
    run: String,
    mac: Option<String>,
    batch: String,
    batch_id: String,
    station: String,
    slot: String,
    recipe: String,
    attempt: u32,
    repair: bool,
    state: &'static str,
    diagnosis: Option<&'static str>,
    began: Timestamp,
    ended: Option<Timestamp>,
    duration_ms: Option<u64>,
}

impl From<RunOfBatch<'_>> for RunRow {
    fn from(RunOfBatch { run, batch, name }: RunOfBatch<'_>) -> Self {
        let (state, diagnosis) = match run.state {
            RunState::Open => ("open", None),
            RunState::Passed => ("passed", None),
            RunState::Failed { code } => ("failed", Some(DiagnosisCode::name(code))),
        };
        let millis = |ended: Timestamp| u64::try_from(ended.since(run.began).as_millis()).unwrap_or(u64::MAX);
        Self {
            run: run.id.to_string(),
            mac: run.mac.map(|mac| mac.to_string()),
            batch: name.to_owned(),
            batch_id: batch.0.to_string(),
            station: run.station.to_string(),
            slot: run.slot.to_string(),
            recipe: run.recipe.to_string(),
            attempt: run.attempt,
            repair: run.repair,
            state,
            diagnosis,
            began: run.began,
            ended: run.ended,
            duration_ms: run.ended.map(millis),
        }
    }
}

impl Row for RunRow {
    const COLUMNS: &'static [Column] = &[
        column("run", Holds::Text, true),
        column("mac", Holds::Text, false),
        column("batch", Holds::Text, true),
        column("batch_id", Holds::Text, true),
        column("station", Holds::Text, true),
        column("slot", Holds::Text, true),
        column("recipe", Holds::Text, true),
        column("attempt", Holds::Int, true),
        column("repair", Holds::Bool, true),
        column("state", Holds::Text, true),
        column("diagnosis", Holds::Text, false),
        column("began", Holds::Time, true),
        column("ended", Holds::Time, false),
        column("duration_ms", Holds::Int, false),
    ];

    fn cells(&self) -> Vec<Cell<'_>> {
        vec![
            Cell::text(&self.run),
            Cell::optional(self.mac.as_deref()),
            Cell::text(&self.batch),
            Cell::text(&self.batch_id),
            Cell::text(&self.station),
            Cell::text(&self.slot),
            Cell::text(&self.recipe),
            Cell::Int(self.attempt.into()),
            Cell::Bool(self.repair),
            Cell::text(self.state),
            Cell::optional(self.diagnosis),
            Cell::Time(self.began),
            Cell::time(self.ended),
            self.duration_ms.map_or(Cell::Null, |ms| Cell::Int(i64::try_from(ms).unwrap_or(i64::MAX))),
        ]
    }
}
