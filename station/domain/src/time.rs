//! Points in time as the record keeps them.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Microseconds since 1970-01-01T00:00:00Z. Always a parameter: this crate never asks a clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(i64);

impl Timestamp {
    /// From microseconds since the epoch.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Microseconds since the epoch.
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// This time and `duration` more, stopping at the largest time.
    pub fn plus(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)))
    }

    /// The calendar date of this time, by UTC.
    pub const fn date(self) -> Date {
        Date::of_day(self.0.div_euclid(MICROS_PER_DAY))
    }

    /// The date of this time with the year that its week belongs to by ISO 8601; month and day are those of the week's
    /// Thursday.
    pub const fn week_date(self) -> Date {
        let day = self.0.div_euclid(MICROS_PER_DAY);
        // Day 0 was a Thursday. A week belongs to the year in which its Thursday lies.
        let since_monday = (day + 3).rem_euclid(7);
        Date::of_day(day - since_monday + 3)
    }

    /// Time from `earlier` to this one; zero when `earlier` is later.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

const MICROS_PER_DAY: i64 = 86_400_000_000;

/// A date of the Gregorian calendar, with the number of its week.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Date {
    /// The year.
    pub year: i64,
    /// The month, from 1.
    pub month: i64,
    /// The day of the month, from 1.
    pub day: i64,
    /// Days since the year began in weeks, from 1: the week by ISO 8601 when the date is a Thursday.
    pub week: i64,
}

impl Date {
    /// The date of a day counted from 1970-01-01. Counts in years that begin with March, so that the leap day is the
    /// last of its year, and in eras of 400 of them, after which the calendar repeats itself.
    const fn of_day(day: i64) -> Self {
        const DAYS_PER_ERA: i64 = 146_097;
        const FIRST_OF_MARCH_0000: i64 = -719_468;
        let day = day - FIRST_OF_MARCH_0000;
        let (era, in_era) = (day.div_euclid(DAYS_PER_ERA), day.rem_euclid(DAYS_PER_ERA));
        let year_in_era = (in_era - in_era / 1460 + in_era / 36_524 - in_era / 146_096) / 365;
        let in_year = in_era - (365 * year_in_era + year_in_era / 4 - year_in_era / 100);
        let from_march = (5 * in_year + 2) / 153;
        let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
        let year = year_in_era + 400 * era + if month <= 2 { 1 } else { 0 };
        let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        // 306 days lie between the first of March and New Year.
        let since_new_year = if month <= 2 { in_year - 306 } else { in_year + 59 + if is_leap { 1 } else { 0 } };
        Self { year, month, day: in_year - (153 * from_march + 2) / 5 + 1, week: since_new_year / 7 + 1 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at_day(day: i64) -> Timestamp {
        Timestamp::from_micros(day * MICROS_PER_DAY + 1)
    }

    #[test]
    fn days_follow_one_another_as_in_the_calendar() {
        let (mut year, mut month, mut day) = (1970, 1, 1);
        for number in 0..366 * 200 {
            let date = at_day(number).date();
            assert_eq!((date.year, date.month, date.day), (year, month, day));
            let is_leap = year % 4 == 0 && year % 100 != 0 || year % 400 == 0;
            let len = match month {
                2 => 28 + i64::from(is_leap),
                4 | 6 | 9 | 11 => 30,
                _ => 31,
            };
            (year, month, day) = match (month, day) {
                (12, 31) => (year + 1, 1, 1),
                _ if day == len => (year, month + 1, 1),
                _ => (year, month, day + 1),
            };
        }
    }

    #[test]
    fn weeks_have_seven_days_and_the_first_of_a_year_holds_the_fourth_of_january() {
        // 1969-12-29 was the Monday of week 1 of 1970.
        let mut before = (1970, 0);
        for monday in (-3..366 * 200).step_by(7) {
            let week = |day| (at_day(day).week_date().year, at_day(day).week_date().week);
            let this = week(monday);
            assert!((monday..monday + 7).all(|day| week(day) == this));
            let holds_fourth =
                (monday..monday + 7).any(|day| matches!(at_day(day).date(), Date { month: 1, day: 4, .. }));
            let expected = if holds_fourth && before.1 != 0 { (before.0 + 1, 1) } else { (before.0, before.1 + 1) };
            assert_eq!(this, expected);
            before = this;
        }
    }
}
