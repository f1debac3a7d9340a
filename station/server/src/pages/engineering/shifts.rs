//! Shifts by their ends. Pure.

use firstpass_domain::Timestamp;

use crate::ShiftEnd;

const DAY_MICROS: i64 = 86_400_000_000;
/// When shifts end while nobody has said so (UTC).
const USUAL: [&str; 3] = ["06:00", "14:00", "22:00"];

/// A shift: from its beginning to just before its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shift {
    pub(super) from: Timestamp,
    pub(super) to: Timestamp,
}

/// The shift that is under way, and those before it; the newest first.
pub(super) fn newest(ends: &[ShiftEnd], now: Timestamp, count: usize) -> Vec<Shift> {
    let usual: Vec<ShiftEnd> = USUAL.iter().filter_map(|end| end.parse().ok()).collect();
    let ends = if ends.is_empty() { usual.as_slice() } else { ends };
    let last = ends.iter().map(|end| end.next(now)).min().unwrap_or(now);
    let before = |end: &Timestamp| Some(begin(ends, *end));
    let edges: Vec<Timestamp> = std::iter::successors(Some(last), before).take(count + 1).collect();
    edges.windows(2).map(|edge| Shift { from: edge[1], to: edge[0] }).collect()
}

/// When the shift that ends at `end` began: at the end of the one before.
fn begin(ends: &[ShiftEnd], end: Timestamp) -> Timestamp {
    let day_before = Timestamp::from_micros(end.as_micros() - DAY_MICROS);
    ends.iter().map(|one| one.next(day_before)).filter(|one| *one < end).max().unwrap_or(day_before)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3_600_000_000;

    fn at(hours: i64) -> Timestamp {
        Timestamp::from_micros(DAY_MICROS * 10 + hours * HOUR)
    }

    #[test]
    fn shifts_follow_one_another_without_a_gap_and_the_first_holds_now() {
        let ends: Vec<ShiftEnd> = ["14:00", "22:00"].map(|end| end.parse().unwrap()).to_vec();
        let shifts = newest(&ends, at(15), 3);
        let edges: Vec<_> = shifts.iter().map(|shift| (shift.from, shift.to)).collect();
        assert_eq!(edges, [(at(14), at(22)), (at(-2), at(14)), (at(-10), at(-2))]);
    }

    #[test]
    fn one_shift_a_day_lasts_a_day_and_without_ends_there_are_three() {
        let ends: Vec<ShiftEnd> = vec!["06:00".parse().unwrap()];
        assert_eq!(newest(&ends, at(6), 1), [Shift { from: at(6), to: at(30) }]);
        assert_eq!(newest(&[], at(7), 2), [Shift { from: at(6), to: at(14) }, Shift { from: at(-2), to: at(6) }]);
    }
}
