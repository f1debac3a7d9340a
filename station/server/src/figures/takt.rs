//! Units per hour held against what the order asks for. Knows no clock: hours and the time come in.

use std::time::Duration;

use firstpass_domain::Timestamp;

/// An hour in microseconds.
pub(crate) const HOUR_MICROS: i64 = 3_600_000_000;

/// Time for one unit, so that the order is done in time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Takt(Duration);

impl Takt {
    /// So much time for each unit; `None` when that is nothing.
    pub(crate) fn of(each: Duration) -> Option<Self> {
        (!each.is_zero()).then_some(Self(each))
    }

    /// The takt that makes `quantity` units in `hours`.
    pub(crate) fn planned(quantity: u32, hours: f64) -> Option<Self> {
        let each = Duration::try_from_secs_f64(hours * 3600.0 / f64::from(quantity)).ok()?;
        Self::of(each)
    }

    /// Time for one unit, in seconds.
    pub(crate) fn seconds(self) -> f64 {
        self.0.as_secs_f64()
    }

    /// Units that it makes in an hour.
    pub(crate) fn per_hour(self) -> f64 {
        3600.0 / self.seconds()
    }
}

/// What ended in one clock hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Hour {
    /// When it began.
    pub(crate) began: Timestamp,
    /// Runs that passed.
    pub(crate) passed: u32,
    /// Runs that failed.
    pub(crate) failed: u32,
}

/// The newest `most` clock hours up to the last one in which anything ended, empty ones too, oldest first. `counted` may
/// come in any order.
pub(crate) fn newest(counted: &[Hour], most: u32) -> Vec<Hour> {
    let index = |at: Timestamp| at.as_micros().div_euclid(HOUR_MICROS);
    let Some(last) = counted.iter().map(|hour| index(hour.began)).max() else { return Vec::new() };
    let first = counted.iter().map(|hour| index(hour.began)).min().unwrap_or(last);
    let first = first.max(last - i64::from(most) + 1);
    let hour = |at: i64| {
        let same = counted.iter().filter(|hour| index(hour.began) == at);
        let empty = Hour { began: Timestamp::from_micros(at * HOUR_MICROS), passed: 0, failed: 0 };
        same.fold(empty, |sum, hour| Hour {
            passed: sum.passed.saturating_add(hour.passed),
            failed: sum.failed.saturating_add(hour.failed),
            ..sum
        })
    };
    (first..=last).map(hour).collect()
}

/// How fast it goes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Pace {
    /// Units that passed per hour, over the hours that are over and in which anything passed.
    pub(crate) per_hour: f64,
    /// How many hours those are.
    pub(crate) hours: u32,
}

/// The pace at `now`; `None` while no hour is over.
pub(crate) fn pace(hours: &[Hour], now: Timestamp) -> Option<Pace> {
    let over = |hour: &&Hour| hour.passed > 0 && hour.began.as_micros() + HOUR_MICROS <= now.as_micros();
    let (count, passed) = hours
        .iter()
        .filter(over)
        .fold((0_u32, 0_u32), |(count, passed), hour| (count + 1, passed.saturating_add(hour.passed)));
    (count > 0).then(|| Pace { per_hour: f64::from(passed) / f64::from(count), hours: count })
}

/// Hours of work that are left for `units` at this pace.
pub(crate) fn hours_left(units: u32, pace: Pace) -> f64 {
    f64::from(units) / pace.per_hour
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hour(at: i64, passed: u32) -> Hour {
        Hour { began: Timestamp::from_micros(at * HOUR_MICROS), passed, failed: 1 }
    }

    #[test]
    fn the_takt_of_an_order_is_its_time_over_its_units() {
        let takt = Takt::planned(480, 8.0).unwrap();
        assert_eq!((takt.seconds(), takt.per_hour()), (60.0, 60.0));
        assert_eq!(Takt::planned(0, 8.0), None);
        assert_eq!(Takt::planned(10, -1.0), None);
        assert_eq!(Takt::planned(10, f64::NAN), None);
        assert_eq!(Takt::of(Duration::ZERO), None);
    }

    #[test]
    fn hours_without_a_unit_are_shown_as_such() {
        let hours = newest(&[hour(13, 2), hour(10, 5)], 48);
        assert_eq!(hours.iter().map(|hour| hour.passed).collect::<Vec<_>>(), [5, 0, 0, 2]);
        assert_eq!(newest(&[hour(13, 2), hour(10, 5)], 2).len(), 2);
        assert_eq!(newest(&[], 48), []);
    }

    #[test]
    fn the_hour_that_is_not_over_does_not_slow_the_pace() {
        let hours = [hour(10, 50), hour(11, 0), hour(12, 70), hour(13, 3)];
        let now = Timestamp::from_micros(13 * HOUR_MICROS + 1);
        let pace = pace(&hours, now).unwrap();
        assert_eq!((pace.per_hour, pace.hours), (60.0, 2));
        assert_eq!(hours_left(120, pace), 2.0);
        assert_eq!(super::pace(&hours[3..], now), None);
    }
}
