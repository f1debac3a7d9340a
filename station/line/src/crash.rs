//! Deliberate death at a step boundary, so that recovery can be tested at every one of them.

use std::str::FromStr;

use firstpass_domain::{IdError, Step};

/// Which side of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edge {
    /// The step stands on record as begun; nothing of it is done.
    Begun,
    /// All its evidence is on record; its end is not.
    Done,
    /// Its end is on record.
    Ended,
}

/// A place in a run at which the station kills itself. Only tests set one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CrashPoint {
    /// At a step.
    Step(Step, Edge),
    /// The verdict is a pass and is not on record yet.
    BeforePass,
    /// The pass is on record and nobody was told.
    AfterPass,
}

impl CrashPoint {
    /// Every point, in the order of a run.
    pub fn all() -> Vec<Self> {
        let edges = [Edge::Begun, Edge::Done, Edge::Ended];
        let steps = Step::ALL.into_iter().flat_map(|step| edges.map(|edge| Self::Step(step, edge)));
        steps.chain([Self::BeforePass, Self::AfterPass]).collect()
    }
}

impl std::fmt::Display for CrashPoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Step(step, Edge::Begun) => write!(f, "{step}:begun"),
            Self::Step(step, Edge::Done) => write!(f, "{step}:done"),
            Self::Step(step, Edge::Ended) => write!(f, "{step}:ended"),
            Self::BeforePass => f.write_str("pass:before"),
            Self::AfterPass => f.write_str("pass:after"),
        }
    }
}

impl FromStr for CrashPoint {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let known = Self::all().into_iter().find(|point| point.to_string() == text);
        known.ok_or_else(|| {
            IdError::new(text, "a crash point such as flash:begun, flash:done, flash:ended or pass:before")
        })
    }
}

/// Kills this process as `kill -9` does when `wanted` is this place.
pub(crate) fn reach(wanted: Option<CrashPoint>, place: CrashPoint) {
    if wanted == Some(place) {
        // SIGKILL runs no destructor and flushes nothing, as a power cut would not.
        let _ = nix::sys::signal::raise(nix::sys::signal::Signal::SIGKILL);
    }
}
