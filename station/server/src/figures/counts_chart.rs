//! Control chart of the share that fails, group by group (p-chart). Knows not what the groups are.

use super::binomial::{Share, tail_at_least, tail_at_most};

/// Limits lie this many standard deviations from the mean share.
const SIGMAS: f64 = 3.0;
/// What lies beyond three standard deviations on one side of a normal distribution.
const BEYOND: f64 = 0.001_349_9;

/// What stands out in a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signal {
    /// Nothing.
    Steady,
    /// More fail than chance makes.
    Above,
    /// Fewer fail than chance makes.
    Below,
    /// It lies beyond a limit, and so few were tried that chance makes that, too.
    TooFew,
}

impl Signal {
    /// The word beside the mark; `None` when nothing stands out.
    pub(crate) const fn word(self) -> Option<&'static str> {
        match self {
            Self::Steady => None,
            Self::Above => Some("above the limit"),
            Self::Below => Some("below the limit"),
            Self::TooFew => Some("too few to say"),
        }
    }
}

/// One group.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Group {
    /// How many of it failed.
    pub(crate) failed: Share,
    /// Limits for a group of this size, lower and upper.
    pub(crate) limits: (f64, f64),
    /// What it says.
    pub(crate) signal: Signal,
}

/// The chart.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct CountsChart {
    /// Share of all that failed.
    pub(crate) mean: f64,
    /// The groups that hold anything, in order.
    pub(crate) groups: Vec<Group>,
}

impl CountsChart {
    /// The chart of groups; empty ones are left out by the caller. `None` of nothing.
    pub(crate) fn of(groups: &[Share]) -> Option<Self> {
        let sum = |of: fn(&Share) -> u32| groups.iter().map(of).fold(0_u32, u32::saturating_add);
        let mean = Share::of(sum(|group| group.part), sum(|group| group.whole)).ratio()?;
        Some(Self { mean, groups: groups.iter().map(|failed| Group::of(*failed, mean)).collect() })
    }
}

impl Group {
    fn of(failed: Share, mean: f64) -> Self {
        let reach = SIGMAS * (mean * (1.0 - mean) / f64::from(failed.whole.max(1))).sqrt();
        let limits = ((mean - reach).max(0.0), (mean + reach).min(1.0));
        Self { failed, limits, signal: signal(failed, mean, limits) }
    }
}

/// A group beyond its limits counts only when the binomial distribution itself says that chance does not make it: in
/// small groups the limits promise too much.
fn signal(failed: Share, mean: f64, (low, high): (f64, f64)) -> Signal {
    let Share { part, whole } = failed;
    match failed.ratio() {
        Some(ratio) if ratio > high && tail_at_least(part, whole, mean) < BEYOND => Signal::Above,
        Some(ratio) if ratio < low && tail_at_most(part, whole, mean) < BEYOND => Signal::Below,
        Some(ratio) if ratio > high || ratio < low => Signal::TooFew,
        Some(_) | None => Signal::Steady,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Defective chips of 50 on each of thirty wafers: the NIST/SEMATECH handbook, section 6.3.3.2.
    const WAFERS: [u32; 30] =
        [12, 15, 8, 10, 4, 7, 16, 9, 14, 10, 5, 6, 17, 12, 22, 8, 10, 5, 13, 11, 20, 18, 24, 15, 9, 12, 7, 13, 9, 6];

    #[test]
    fn limits_and_signals_are_those_of_the_handbook() {
        let chart = CountsChart::of(&WAFERS.map(|part| Share { part, whole: 50 })).unwrap();
        assert!((chart.mean - 0.2313).abs() < 5e-5);
        let (low, high) = chart.groups[0].limits;
        assert!((low - 0.0524).abs() < 1e-4 && (high - 0.4102).abs() < 1e-4, "{low} {high}");
        let out: Vec<usize> = (0..30).filter(|at| chart.groups[*at].signal == Signal::Above).collect();
        assert_eq!(out, [14, 22]);
    }

    #[test]
    fn one_failure_of_one_unit_is_too_little_to_call_an_alarm() {
        let mut groups = vec![Share { part: 5, whole: 100 }; 10];
        groups.push(Share { part: 1, whole: 1 });
        let chart = CountsChart::of(&groups).unwrap();
        assert_eq!(chart.groups[10].signal, Signal::TooFew);
    }

    #[test]
    fn an_hour_that_is_much_better_is_told_too() {
        let mut groups = vec![Share { part: 30, whole: 100 }; 10];
        groups.push(Share { part: 2, whole: 100 });
        assert_eq!(CountsChart::of(&groups).unwrap().groups[10].signal, Signal::Below);
    }

    #[test]
    fn all_or_nothing_has_no_signal() {
        for part in [0, 20] {
            let chart = CountsChart::of(&[Share { part, whole: 20 }; 5]).unwrap();
            assert!(chart.groups.iter().all(|group| group.signal == Signal::Steady), "{chart:?}");
        }
        assert_eq!(CountsChart::of(&[]), None);
    }
}
