//! The figures of a batch: what its pages and charts are drawn from.

use firstpass_domain::{DiagnosisCode, Mac, RunId, RunState, SlotId, StationId, Step, Timestamp};

use super::BatchYield;

/// Newest runs that come with a batch's figures.
pub const RECENT_RUNS_MAX: u32 = 500;

/// What a batch's page shows. Repairs are left out everywhere but in `recent` and in the yield's diagnoses.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BatchFigures {
    /// How the batch comes out.
    pub yield_: BatchYield,
    /// Each step that was ever done, in the order of the line.
    pub per_step: Vec<StepFigures>,
    /// Each slot that ever had a run, by station and slot.
    pub per_slot: Vec<SlotFigures>,
    /// Each hour in which an attempt ended, oldest first.
    pub throughput: Vec<HourFigures>,
    /// The newest runs, newest first, at most [`RECENT_RUNS_MAX`].
    pub recent: Vec<RunPoint>,
}

/// How long a step takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepFigures {
    /// Which step.
    pub step: Step,
    /// How often it was done.
    pub count: u32,
    /// How often an attempt failed in it, or a run whose unit was not known yet.
    pub failed: u32,
    /// How long it took when it was done.
    pub times: Histogram,
}

/// How a slot does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlotFigures {
    /// Its station.
    pub station: StationId,
    /// The slot.
    pub slot: SlotId,
    /// Attempts: the sum of `passed` and `failed`.
    pub runs: u32,
    /// Attempts that passed.
    pub passed: u32,
    /// Attempts that failed.
    pub failed: u32,
    /// How long the attempts took that passed, from the beginning of the run to its end.
    pub cycle: Histogram,
    /// How often each diagnosis ended an attempt, most frequent first.
    pub diagnoses: Vec<(DiagnosisCode, u32)>,
    /// How often each diagnosis ended a run whose unit was never identified, most frequent first: no attempt of any unit,
    /// and what tells most of a slot's cable (`no_answer`, `port_gone`).
    pub unidentified: Vec<(DiagnosisCode, u32)>,
}

/// What an hour brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HourFigures {
    /// When the hour began.
    pub began: Timestamp,
    /// Attempts that passed in it.
    pub passed: u32,
    /// Attempts that failed in it.
    pub failed: u32,
}

/// A run as a point in a chart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunPoint {
    /// The run.
    pub run: RunId,
    /// Its unit, once it is identified.
    pub mac: Option<Mac>,
    /// Its station.
    pub station: StationId,
    /// Its slot.
    pub slot: SlotId,
    /// When it began.
    pub began: Timestamp,
    /// When it ended.
    pub ended: Option<Timestamp>,
    /// How it stands.
    pub state: RunState,
    /// Whether the rules let its unit go on.
    pub admitted: bool,
    /// Whether it only repaired the unit's credentials.
    pub repair: bool,
}

impl RunPoint {
    /// Why it failed, when it did.
    pub const fn code(&self) -> Option<DiagnosisCode> {
        match self.state {
            RunState::Failed { code } => Some(code),
            RunState::Open | RunState::Passed => None,
        }
    }
}

/// Durations, counted by how long they were. Each bucket is at most a sixteenth wider than what it begins with, so that
/// everything reckoned from it is right to 6 %; below 32 ms it is exact.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Histogram {
    /// Buckets that are not empty, shortest first.
    pub buckets: Vec<Bucket>,
}

/// Durations of about the same length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bucket {
    /// Shortest duration in it, in milliseconds.
    pub from_ms: u64,
    /// Shortest duration that is too long for it, in milliseconds.
    pub to_ms: u64,
    /// How many there were.
    pub count: u32,
}

impl Bucket {
    /// The bucket that begins with `from_ms`.
    pub const fn beginning(from_ms: u64, count: u32) -> Self {
        Self { from_ms, to_ms: from_ms + width(from_ms), count }
    }
}

/// Width of the bucket that a duration falls into: a power of two, 16 of them to each doubling.
const fn width(ms: u64) -> u64 {
    match ms.checked_ilog2() {
        Some(doublings) if doublings > 4 => 1 << (doublings - 4),
        Some(_) | None => 1,
    }
}

impl Histogram {
    /// How many durations there are.
    pub fn count(&self) -> u32 {
        self.buckets.iter().map(|bucket| bucket.count).sum()
    }

    /// The duration that `percent` of all do not exceed, in milliseconds: the middle of its bucket. `None` when there is
    /// no duration.
    pub fn percentile_ms(&self, percent: u8) -> Option<u64> {
        let all = u64::from(self.count());
        let rank = (all * u64::from(percent.min(100))).div_ceil(100).max(1);
        let mut seen = 0;
        let bucket = self.buckets.iter().find(|bucket| {
            seen += u64::from(bucket.count);
            seen >= rank
        })?;
        Some(bucket.from_ms.midpoint(bucket.to_ms - 1))
    }

    /// What both count.
    pub fn and(&self, other: &Self) -> Self {
        let mut counts = std::collections::BTreeMap::new();
        for bucket in self.buckets.iter().chain(&other.buckets) {
            *counts.entry(bucket.from_ms).or_insert(0) += bucket.count;
        }
        Self { buckets: counts.into_iter().map(|(from_ms, count)| Bucket::beginning(from_ms, count)).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_is_at_most_a_sixteenth_wider_than_what_it_begins_with() {
        for from_ms in [32, 34, 62, 64, 1000 / 32 * 32, 1 << 20] {
            let bucket = Bucket::beginning(from_ms, 1);
            assert!((bucket.to_ms - from_ms) * 16 <= from_ms, "{bucket:?}");
        }
        assert_eq!([0, 1, 16, 31].map(width), [1, 1, 1, 1]);
        assert_eq!([32, 63, 64, 127, 128].map(width), [2, 2, 4, 4, 8]);
    }

    #[test]
    fn a_percentile_is_the_duration_that_so_many_do_not_exceed() {
        let durations =
            Histogram { buckets: vec![Bucket::beginning(10, 5), Bucket::beginning(20, 4), Bucket::beginning(1024, 1)] };
        let found = [0, 50, 51, 90, 91, 100].map(|percent| durations.percentile_ms(percent));
        assert_eq!(found, [10, 10, 20, 20, 1055, 1055].map(Some));
        assert_eq!(Histogram::default().percentile_ms(50), None);
    }

    #[test]
    fn two_histograms_add_up() {
        let one = Histogram { buckets: vec![Bucket::beginning(10, 1), Bucket::beginning(40, 2)] };
        let other = Histogram { buckets: vec![Bucket::beginning(12, 3), Bucket::beginning(40, 4)] };
        let both = [Bucket::beginning(10, 1), Bucket::beginning(12, 3), Bucket::beginning(40, 6)];
        assert_eq!(one.and(&other).buckets, both);
    }
}
