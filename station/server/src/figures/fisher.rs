//! Fisher's exact test: whether one group fails more often than another, for groups of any size. Knows not what fails.

use super::{binomial::Share, logs::ln_choose};

/// How likely at least so many failures of `one` are, when both fail equally often and there are as many failures in all
/// as were seen. One-sided; exact for small groups, where approximations are not.
pub(crate) fn at_least(one: Share, other: Share) -> f64 {
    let (whole, failures) = (one.whole.saturating_add(other.whole), one.part.saturating_add(other.part));
    let table = Table { whole, failures, drawn: one.whole };
    if one.part <= table.least() {
        return 1.0;
    }
    // Summed from the side on which the terms fall.
    if f64::from(one.part) > table.expected() {
        table.sum_up(one.part)
    } else {
        (1.0 - table.sum_down(one.part - 1)).clamp(0.0, 1.0)
    }
}

/// `drawn` of `whole`, of which `failures` are failures: the hypergeometric distribution.
#[derive(Debug, Clone, Copy)]
struct Table {
    whole: u32,
    failures: u32,
    drawn: u32,
}

impl Table {
    fn least(self) -> u32 {
        (self.failures + self.drawn).saturating_sub(self.whole)
    }

    fn most(self) -> u32 {
        self.failures.min(self.drawn)
    }

    fn expected(self) -> f64 {
        f64::from(self.failures) * f64::from(self.drawn) / f64::from(self.whole)
    }

    fn term(self, k: u32) -> f64 {
        let Self { whole, failures, drawn } = self;
        (ln_choose(failures, k) + ln_choose(whole - failures, drawn - k) - ln_choose(whole, drawn)).exp()
    }

    /// The term of `k + 1` over that of `k`.
    fn rise(self, k: u32) -> f64 {
        let (failures, drawn, k) = (f64::from(self.failures), f64::from(self.drawn), f64::from(k));
        (failures - k) * (drawn - k) / ((k + 1.0) * (f64::from(self.whole) - failures - drawn + k + 1.0))
    }

    fn sum_up(self, from: u32) -> f64 {
        let (mut term, mut sum) = (self.term(from), 0.0);
        for k in from..=self.most() {
            sum += term;
            term *= self.rise(k);
            if term < sum * f64::EPSILON {
                break;
            }
        }
        sum.min(1.0)
    }

    fn sum_down(self, from: u32) -> f64 {
        let (mut term, mut sum) = (self.term(from), 0.0);
        for k in (self.least()..=from).rev() {
            sum += term;
            if k > 0 {
                term /= self.rise(k - 1);
            }
            if term < sum * f64::EPSILON {
                break;
            }
        }
        sum.min(1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn p(a: u32, b: u32, c: u32, d: u32) -> f64 {
        at_least(Share { part: a, whole: b }, Share { part: c, whole: d })
    }

    #[test]
    fn the_test_agrees_with_published_values() {
        // Fisher's lady tasting tea: 3 of 4 right, 17 of 70 ways.
        assert!((p(3, 4, 1, 4) - 17.0 / 70.0).abs() < 1e-12);
        assert!((p(4, 4, 0, 4) - 1.0 / 70.0).abs() < 1e-12);
        // Dieters of two groups: 11 of 14 and 1 of 10. The term is 0.001346076, the one beyond it 0.000033652.
        assert!((p(11, 14, 1, 10) - 0.001_379_728).abs() < 1e-9);
    }

    #[test]
    fn both_tails_of_the_test_make_one() {
        for a in 1..=12 {
            let table = Table { whole: 50, failures: 12, drawn: 20 };
            assert!((table.sum_up(a) + table.sum_down(a - 1) - 1.0).abs() < 1e-12, "{a}");
        }
    }

    #[test]
    fn nothing_seen_proves_nothing() {
        assert_eq!((p(0, 0, 0, 0), p(0, 10, 5, 10), p(3, 10, 0, 0)), (1.0, 1.0, 1.0));
    }

    #[test]
    fn large_groups_are_counted_too() {
        // 3 % against 1 % of very many is no chance; the same share is.
        assert!(p(375, 12_500, 875, 87_500) < 1e-50);
        let same = p(125, 12_500, 875, 87_500);
        assert!((0.4..0.6).contains(&same), "{same}");
    }
}
