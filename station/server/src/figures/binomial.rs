//! Shares of a whole: how large, how sure, and how likely so many would be by chance. Knows not what is counted.

use super::logs::ln_choose;

/// Quantile of the normal distribution for an interval that holds the truth 95 times of 100.
const Z_95: f64 = 1.959_963_984_540_054;

/// So many of so many.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Share {
    /// The part; never more than the whole.
    pub(crate) part: u32,
    /// The whole.
    pub(crate) whole: u32,
}

impl Share {
    /// A part of a whole; a part that is larger makes the whole larger.
    pub(crate) fn of(part: u32, whole: u32) -> Self {
        Self { part, whole: whole.max(part) }
    }

    /// From 0 to 1; `None` of nothing.
    pub(crate) fn ratio(self) -> Option<f64> {
        (self.whole > 0).then(|| f64::from(self.part) / f64::from(self.whole))
    }

    /// Wilson's score interval: where the true share lies, with 95 % confidence. Holds for few as for many.
    pub(crate) fn interval(self) -> Option<(f64, f64)> {
        let (n, p, z2) = (f64::from(self.whole), self.ratio()?, Z_95 * Z_95);
        let centre = (p + z2 / (2.0 * n)) / (1.0 + z2 / n);
        let half = Z_95 / (1.0 + z2 / n) * (p * (1.0 - p) / n + z2 / (4.0 * n * n)).sqrt();
        // At the ends the exact bound is the end itself.
        let low = if self.part == 0 { 0.0 } else { (centre - half).max(0.0) };
        let high = if self.part == self.whole { 1.0 } else { (centre + half).min(1.0) };
        Some((low, high))
    }
}

/// How likely `k` or more of `n` are, when each one is with probability `p`.
pub(crate) fn tail_at_least(k: u32, n: u32, p: f64) -> f64 {
    match (k, n) {
        (0, _) => 1.0,
        (k, n) if k > n || p <= 0.0 => 0.0,
        _ if p >= 1.0 => 1.0,
        // Summed from the side that is smaller, so that nothing is lost to rounding.
        (k, n) if f64::from(k) > f64::from(n) * p => sum_up(k, n, p),
        (k, n) => 1.0 - sum_up(n - k + 1, n, 1.0 - p),
    }
}

/// How likely `k` or fewer of `n` are, when each one is with probability `p`.
pub(crate) fn tail_at_most(k: u32, n: u32, p: f64) -> f64 {
    if k >= n { 1.0 } else { tail_at_least(n - k, n, 1.0 - p) }
}

/// Adds the terms from `k` up, which fall from there on.
fn sum_up(k: u32, n: u32, p: f64) -> f64 {
    let (odds, upper) = (p / (1.0 - p), f64::from(n));
    let mut term = (ln_choose(n, k) + f64::from(k) * p.ln() + f64::from(n - k) * (1.0 - p).ln()).exp();
    let mut sum = 0.0;
    for at in k..=n {
        sum += term;
        let at = f64::from(at);
        term *= (upper - at) / (at + 1.0) * odds;
        if term < sum * f64::EPSILON {
            break;
        }
    }
    sum.min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(found: f64, expected: f64) -> bool {
        (found - expected).abs() < 1e-6 * expected.abs().max(1e-6)
    }

    #[test]
    fn intervals_are_wilsons() {
        // Computed apart from this code, from the formula of 1927.
        for (part, whole, low, high) in [
            (5, 10, 0.236_593_1, 0.763_406_9),
            (0, 10, 0.0, 0.277_532_8),
            (1, 1, 0.206_549_3, 1.0),
            (81, 263, 0.255_288_5, 0.366_209_6),
        ] {
            let (found_low, found_high) = Share::of(part, whole).interval().unwrap();
            assert!(
                (found_low - low).abs() < 5e-7 && (found_high - high).abs() < 5e-7,
                "{part}/{whole}: {found_low} {found_high}"
            );
        }
        assert_eq!(Share::of(0, 0).interval(), None);
    }

    #[test]
    fn a_share_is_never_more_than_everything() {
        assert_eq!(Share::of(3, 2).ratio(), Some(1.0));
        assert_eq!(Share::of(0, 0).ratio(), None);
    }

    #[test]
    fn tails_agree_with_exact_sums() {
        assert!(close(tail_at_least(5, 10, 0.5), 638.0 / 1024.0));
        assert!(close(tail_at_least(10, 10, 0.5), 1.0 / 1024.0));
        assert!(close(tail_at_most(2, 10, 0.5), 56.0 / 1024.0));
        assert!(close(tail_at_least(1, 3, 0.1), 0.271));
        for k in 1..=40 {
            let whole = tail_at_least(k, 40, 0.07) + tail_at_most(k - 1, 40, 0.07);
            assert!((whole - 1.0).abs() < 1e-12, "{k}: {whole}");
        }
    }

    #[test]
    fn tails_hold_at_the_ends_and_for_very_many() {
        assert_eq!((tail_at_least(0, 5, 0.3), tail_at_least(6, 5, 0.3)), (1.0, 0.0));
        assert_eq!((tail_at_least(1, 5, 0.0), tail_at_least(5, 5, 1.0)), (0.0, 1.0));
        // By the normal approximation about one half.
        assert!((tail_at_least(50_000, 100_000, 0.5) - 0.5).abs() < 0.002);
        assert_eq!(tail_at_least(90_000, 100_000, 0.01), 0.0);
    }
}
