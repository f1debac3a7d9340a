//! Where the middle and the edges of a distribution lie. Knows not what is spread.

/// Five numbers of a distribution, in seconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Spread {
    /// How many values it has.
    pub(crate) count: u32,
    /// Eight of ten values lie between these.
    pub(crate) whiskers: (f64, f64),
    /// Half of the values lie between these.
    pub(crate) quartiles: (f64, f64),
    /// Half of the values lie below it.
    pub(crate) median: f64,
}

impl Spread {
    /// Of so many values, with the value in milliseconds that so many per cent do not exceed; `None` of no values.
    pub(crate) fn of(count: u32, percentile_ms: impl Fn(u8) -> Option<u64>) -> Option<Self> {
        // Durations that a double cannot hold exactly are no durations of a step.
        let at = |percent| percentile_ms(percent).map(|ms| ms as f64 / 1000.0);
        Some(Self { count, whiskers: (at(10)?, at(90)?), quartiles: (at(25)?, at(75)?), median: at(50)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_numbers_come_from_their_percentiles() {
        let spread = Spread::of(9, |percent| Some(u64::from(percent) * 100)).unwrap();
        assert_eq!((spread.whiskers, spread.quartiles, spread.median), ((1.0, 9.0), (2.5, 7.5), 5.0));
        assert_eq!(Spread::of(0, |_| None), None);
    }
}
