//! Control chart of single values in the order in which they came (XmR). Knows not what is measured.

/// 3 / d₂ for moving ranges of two: natural limits lie this many mean ranges from the mean.
const LIMITS_BY_RANGE: f64 = 2.659_574;
/// D₄ for moving ranges of two: the upper limit of the ranges, in mean ranges.
const RANGE_LIMIT: f64 = 3.267;
/// Nelson's second rule: so many in a row on one side of the mean are no chance.
const RUN_LEN: usize = 9;
/// Limits of fewer values say nothing.
pub(crate) const VALUES_MIN: usize = 10;

/// What stands out in a point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signal {
    /// Nothing.
    Steady,
    /// It lies above the upper limit.
    Above,
    /// It lies below the lower limit.
    Below,
    /// It is one of nine or more in a row on one side of the mean.
    Shifted,
}

impl Signal {
    /// The word beside the mark; `None` when nothing stands out.
    pub(crate) const fn word(self) -> Option<&'static str> {
        match self {
            Self::Steady => None,
            Self::Above => Some("above the limit"),
            Self::Below => Some("below the limit"),
            Self::Shifted => Some("shifted: nine in a row on one side"),
        }
    }
}

/// The chart.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Individuals {
    /// Mean of the values.
    pub(crate) mean: f64,
    /// Natural limits, lower and upper.
    pub(crate) limits: (f64, f64),
    /// Mean moving range.
    pub(crate) mean_range: f64,
    /// Upper limit of the moving ranges.
    pub(crate) range_limit: f64,
    /// What each value says.
    pub(crate) signals: Vec<Signal>,
    /// Moving ranges, one fewer than values.
    pub(crate) ranges: Vec<f64>,
}

impl Individuals {
    /// The chart of values that cannot be negative, in order; `None` when they are too few.
    pub(crate) fn of(values: &[f64]) -> Option<Self> {
        if values.len() < VALUES_MIN {
            return None;
        }
        let mean = mean(values);
        let ranges: Vec<f64> = values.windows(2).map(|pair| (pair[1] - pair[0]).abs()).collect();
        let mean_range = self::mean(&ranges);
        let reach = LIMITS_BY_RANGE * mean_range;
        let limits = ((mean - reach).max(0.0), mean + reach);
        let signals = signals(values, mean, limits);
        Some(Self { mean, limits, mean_range, range_limit: RANGE_LIMIT * mean_range, signals, ranges })
    }
}

fn mean(values: &[f64]) -> f64 {
    let count = u32::try_from(values.len()).unwrap_or(u32::MAX);
    values.iter().sum::<f64>() / f64::from(count.max(1))
}

fn signals(values: &[f64], mean: f64, (low, high): (f64, f64)) -> Vec<Signal> {
    let shifted = shifted(values, mean);
    let signal = |(value, shifted): (&f64, bool)| match () {
        () if *value > high => Signal::Above,
        () if *value < low => Signal::Below,
        () if shifted => Signal::Shifted,
        () => Signal::Steady,
    };
    values.iter().zip(shifted).map(signal).collect()
}

/// Which values are part of a run of nine or more on one side of the mean.
fn shifted(values: &[f64], mean: f64) -> Vec<bool> {
    let side = |value: &f64| value.partial_cmp(&mean);
    let runs = values.chunk_by(|one, next| side(one) == side(next) && side(one) != Some(std::cmp::Ordering::Equal));
    runs.flat_map(|run| std::iter::repeat_n(run.len() >= RUN_LEN, run.len())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Flow rates of the NIST/SEMATECH handbook, section 6.3.2.2.
    const FLOW: [f64; 10] = [49.6, 47.6, 49.9, 51.3, 47.8, 51.2, 52.6, 52.4, 53.6, 52.1];

    #[test]
    fn limits_are_those_of_the_handbook() {
        let chart = Individuals::of(&FLOW).unwrap();
        assert!((chart.mean - 50.81).abs() < 1e-9);
        assert!((chart.mean_range - 1.8778).abs() < 1e-4);
        assert!((chart.limits.0 - 45.8159).abs() < 1e-3 && (chart.limits.1 - 55.8041).abs() < 1e-3);
        assert!(chart.signals.iter().all(|signal| *signal == Signal::Steady));
        assert_eq!(chart.ranges.len(), 9);
    }

    #[test]
    fn a_value_out_of_the_limits_is_found() {
        let mut values = [10.0, 10.2, 9.9, 10.1, 10.0, 9.8, 10.1, 10.0, 9.9, 10.1, 10.0, 10.1].to_vec();
        values[6] = 14.0;
        let chart = Individuals::of(&values).unwrap();
        assert_eq!(chart.signals[6], Signal::Above);
        assert_eq!(chart.signals.iter().filter(|signal| **signal != Signal::Steady).count(), 1);
    }

    #[test]
    fn nine_in_a_row_on_one_side_are_a_shift_and_eight_are_none() {
        let series = |low: usize, high: usize| -> Vec<f64> {
            let wobble = |base: f64, at: usize| base + if at.is_multiple_of(2) { 0.4 } else { -0.4 };
            (0..low).map(|at| wobble(9.5, at)).chain((0..high).map(|at| wobble(10.5, at))).collect()
        };
        let shifted = |chart: &Individuals| chart.signals.iter().filter(|signal| **signal == Signal::Shifted).count();
        assert_eq!(shifted(&Individuals::of(&series(9, 9)).unwrap()), 18);
        assert_eq!(shifted(&Individuals::of(&series(8, 8)).unwrap()), 0);
    }

    #[test]
    fn few_values_have_no_limits_and_equal_ones_no_signal() {
        assert_eq!(Individuals::of(&FLOW[..9]), None);
        let chart = Individuals::of(&[5.0; 30]).unwrap();
        assert_eq!(chart.limits, (5.0, 5.0));
        assert!(chart.signals.iter().all(|signal| *signal == Signal::Steady));
    }
}
