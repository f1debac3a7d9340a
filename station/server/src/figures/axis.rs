//! Round numbers for axes. Knows not what is drawn.

/// Most ticks on an axis.
const TICKS_MAX: f64 = 6.0;

/// Ticks from 0 to the first round number that is not below `most`.
pub(crate) fn ticks(most: f64) -> Vec<f64> {
    ticks_between(0.0, most)
}

/// Ticks from the last round number that is not above `least` to the first one that is not below `most`.
pub(crate) fn ticks_between(least: f64, most: f64) -> Vec<f64> {
    let (least, most) = match () {
        () if !least.is_finite() || !most.is_finite() || least > most => (0.0, 1.0),
        // A single value has one tick below and one above it.
        () if least == most => (least.min(0.0), if most > 0.0 { most } else { 1.0 }),
        () => (least, most),
    };
    let step = step((most - least) / TICKS_MAX);
    let first = (least / step + 1e-9).floor();
    let last = (most / step - 1e-9).ceil().max(first + 1.0);
    let mut ticks = Vec::new();
    let mut at = first;
    while at <= last {
        ticks.push(at * step);
        at += 1.0;
    }
    ticks
}

/// What lies between two ticks.
pub(crate) fn step_of(ticks: &[f64]) -> f64 {
    ticks.windows(2).next().map_or(1.0, |pair| pair[1] - pair[0])
}

/// The smallest of 1, 2 and 5 times a power of ten that is not below `least`.
fn step(least: f64) -> f64 {
    let power = 10_f64.powf(least.log10().floor());
    let factor = [1.0, 2.0, 5.0].into_iter().find(|factor| factor * power >= least * (1.0 - 1e-9)).unwrap_or(10.0);
    factor * power
}

/// A tick's label: as few digits as tell it from its neighbours.
pub(crate) fn label(tick: f64, step: f64) -> String {
    let digits = if step >= 1.0 {
        0
    } else if step >= 0.1 {
        1
    } else if step >= 0.01 {
        2
    } else {
        3
    };
    format!("{tick:.digits$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_few_and_reach_the_largest_value() {
        let cases: [(f64, &[f64]); 4] = [
            (5.0, &[0.0, 1.0, 2.0, 3.0, 4.0, 5.0]),
            (37.0, &[0.0, 10.0, 20.0, 30.0, 40.0]),
            (0.9, &[0.0, 0.2, 0.4, 0.6, 0.8, 1.0]),
            (0.0, &[0.0, 0.2, 0.4, 0.6, 0.8, 1.0]),
        ];
        for (most, expected) in cases {
            let found = ticks(most);
            assert_eq!(found.len(), expected.len(), "{most}: {found:?}");
            assert!(found.iter().zip(expected).all(|(found, expected)| (found - expected).abs() < 1e-9), "{found:?}");
        }
        for most in [1e-3, 0.33, 7.0, 99.0, 101.0, 123_456.0] {
            let found = ticks(most);
            assert!((2..=8).contains(&found.len()) && *found.last().unwrap() >= most - 1e-9, "{most}: {found:?}");
        }
        assert_eq!(ticks_between(17.8, 22.2), [17.0, 18.0, 19.0, 20.0, 21.0, 22.0, 23.0]);
        assert_eq!((ticks_between(5.0, 5.0), ticks_between(2.0, 1.0)), (ticks(5.0), ticks(1.0)));
        assert_eq!((ticks(f64::NAN), ticks(f64::INFINITY)), (ticks(1.0), ticks(1.0)));
    }

    #[test]
    fn labels_have_the_digits_of_the_step() {
        assert_eq!((label(0.4, 0.2), label(20.0, 10.0), label(0.05, 0.05)), ("0.4".into(), "20".into(), "0.05".into()));
    }
}
