//! What several topics of the API say in the same way. Wire names are promises: they are only ever added.

use firstpass_domain::{Diagnosis, Problem, Run, RunState, Timestamp};
use serde::Serialize;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};
use utoipa::ToSchema;

/// A point in time, RFC 3339 in UTC.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = String, format = DateTime, examples("2026-11-21T15:22:01.123456Z"))]
pub(crate) struct Time(String);

impl From<Timestamp> for Time {
    fn from(at: Timestamp) -> Self {
        let nanos = i128::from(at.as_micros()) * 1000;
        let at = OffsetDateTime::from_unix_timestamp_nanos(nanos).unwrap_or(OffsetDateTime::UNIX_EPOCH);
        // The years that a timestamp of this station can have all have four digits.
        Self(at.format(&Rfc3339).unwrap_or_default())
    }
}

/// Reads RFC 3339.
pub(crate) fn timestamp(text: &str) -> Option<Timestamp> {
    let at = OffsetDateTime::parse(text, &Rfc3339).ok()?;
    i64::try_from(at.unix_timestamp_nanos() / 1000).ok().map(Timestamp::from_micros)
}

/// What is wrong, why, and what to do.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Told {
    /// Stable code.
    pub(crate) code: String,
    /// What happened.
    pub(crate) what: String,
    /// Why, with what was seen.
    pub(crate) why: String,
    /// What to do next.
    pub(crate) remedy: String,
}

impl From<Problem> for Told {
    fn from(Problem { code, what, why, remedy }: Problem) -> Self {
        Self { code, what, why, remedy }
    }
}

/// Why a run failed.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct WireDiagnosis {
    /// Stable code, as in the catalogue of failures.
    #[schema(examples("boot_silent"))]
    pub(crate) code: &'static str,
    /// The step in which it showed.
    #[schema(examples("boot"))]
    pub(crate) step: &'static str,
    /// What was seen.
    pub(crate) seen: String,
    /// What happened, one sentence.
    pub(crate) what: String,
    /// Why, with what was seen.
    pub(crate) why: String,
    /// What to do next.
    pub(crate) remedy: String,
}

impl From<&Diagnosis> for WireDiagnosis {
    fn from(diagnosis: &Diagnosis) -> Self {
        let Problem { what, why, remedy, .. } = diagnosis.problem();
        let (code, step) = (diagnosis.code.name(), diagnosis.step.name());
        Self { code, step, seen: diagnosis.seen.clone(), what, why, remedy }
    }
}

/// How a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum WireRunState {
    /// In work.
    Open,
    /// Passed, and that is on record.
    Passed,
    /// Failed.
    Failed,
}

impl From<RunState> for WireRunState {
    fn from(state: RunState) -> Self {
        match state {
            RunState::Open => Self::Open,
            RunState::Passed => Self::Passed,
            RunState::Failed { .. } => Self::Failed,
        }
    }
}

/// One attempt on one unit.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(title = "Run")]
pub(crate) struct WireRun {
    /// Its id; ids sort by time.
    #[schema(format = "uuid")]
    pub(crate) id: String,
    /// The station.
    pub(crate) station: String,
    /// The slot.
    pub(crate) slot: String,
    /// The unit, once it is identified.
    #[schema(examples("60:55:f9:00:00:01"))]
    pub(crate) mac: Option<String>,
    /// Which attempt on this unit, from 1; 0 until it is identified, and of a repair.
    pub(crate) attempt: u32,
    /// Hash of the recipe.
    pub(crate) recipe: String,
    /// How it stands.
    pub(crate) state: WireRunState,
    /// Code of the failure.
    pub(crate) code: Option<&'static str>,
    /// Whether it only repaired the unit's credentials.
    pub(crate) repair: bool,
    /// When it began.
    pub(crate) began: Time,
    /// When it ended.
    pub(crate) ended: Option<Time>,
}

impl From<&Run> for WireRun {
    fn from(run: &Run) -> Self {
        Self {
            id: run.id.to_string(),
            station: run.station.to_string(),
            slot: run.slot.to_string(),
            mac: run.mac.map(|mac| mac.to_string()),
            attempt: run.attempt,
            recipe: run.recipe.to_string(),
            state: run.state.into(),
            code: code(run.state),
            repair: run.repair,
            began: run.began.into(),
            ended: run.ended.map(Into::into),
        }
    }
}

/// Code of the failure, when it is one.
pub(crate) const fn code(state: RunState) -> Option<&'static str> {
    match state {
        RunState::Failed { code } => Some(code.name()),
        RunState::Open | RunState::Passed => None,
    }
}

/// A person says why.
#[derive(Debug, Default, serde::Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Reason {
    /// Why; goes on record with the person's name.
    #[schema(max_length = 500, examples("lost module"))]
    pub(crate) reason: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_reads_as_it_is_written() {
        for (micros, text) in [(0, "1970-01-01T00:00:00Z"), (1_700_000_000_123_456, "2023-11-14T22:13:20.123456Z")] {
            let at = Timestamp::from_micros(micros);
            assert_eq!((Time::from(at).0.as_str(), timestamp(text)), (text, Some(at)));
        }
        assert_eq!(timestamp("2023-11-14T23:13:20.123456+01:00"), timestamp("2023-11-14T22:13:20.123456Z"));
        assert_eq!(timestamp("yesterday"), None);
    }
}
