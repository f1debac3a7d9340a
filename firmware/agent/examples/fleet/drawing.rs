//! Which losses are told of, and the drawing of some of them.

use crate::scenario::{Loss, Scenario};
use crate::{curve, simulation, svg};

/// Units of the fleet.
pub(crate) const UNITS: u32 = 10_000;

const SECOND_MS: u64 = 1000;
pub(crate) const MINUTE_MS: u64 = 60 * SECOND_MS;
const DAY_MS: u64 = 24 * 60 * MINUTE_MS;

/// About how many intervals a curve has, and how wide one is at least.
const INTERVALS: u64 = 200;
const INTERVAL_MIN_MS: u64 = 500;

/// Name, loss, and whether it is drawn.
pub(crate) const LOSSES: [(&str, Loss, bool); 12] = [
    ("broker away for 1 s", Loss::Broker { away_ms: SECOND_MS }, true),
    ("broker away for 5 s", Loss::Broker { away_ms: 5 * SECOND_MS }, true),
    ("broker away for 1 min", Loss::Broker { away_ms: MINUTE_MS }, false),
    ("broker away for 10 min", Loss::Broker { away_ms: 10 * MINUTE_MS }, true),
    ("broker away for 1 day", Loss::Broker { away_ms: DAY_MS }, false),
    ("network away for 1 min, back for all at once", Loss::Network { away_ms: MINUTE_MS }, true),
    ("provisioning away for 5 s", Loss::Provisioning { away_ms: 5 * SECOND_MS }, false),
    ("provisioning away for 10 min", Loss::Provisioning { away_ms: 10 * MINUTE_MS }, true),
    ("provisioning away for 1 day", Loss::Provisioning { away_ms: DAY_MS }, false),
    ("provisioning answers 429 for 10 s", Loss::Throttled { away_ms: 10 * SECOND_MS }, true),
    ("provisioning answers 429 for 5 min", Loss::Throttled { away_ms: 5 * MINUTE_MS }, true),
    ("provisioning admits 100/s and answers 429 beyond", Loss::Overloaded { admits_per_s: 100 }, true),
];

/// The curves of connects per second, as SVG.
pub(crate) fn draw() -> String {
    let panels: Vec<_> = LOSSES
        .iter()
        .filter(|(_, _, drawn)| *drawn)
        .map(|(name, loss, _)| panel(name, *loss, &simulation::run(&Scenario::new(UNITS, *loss)).connects_ms))
        .collect();
    svg::draw(&panels)
}

fn panel(name: &str, loss: Loss, connects_ms: &[u64]) -> svg::Panel {
    let last_ms = connects_ms.last().copied().unwrap_or(0);
    let width_ms = (last_ms / INTERVALS).next_multiple_of(INTERVAL_MIN_MS).max(INTERVAL_MIN_MS);
    let away_ms = (0..=last_ms).step_by(500).find(|since_ms| loss.is_over(*since_ms)).unwrap_or(0);
    svg::Panel {
        title: format!("{UNITS} units: {name}"),
        away_s: away_ms as f64 / 1000.0,
        width_s: width_ms as f64 / 1000.0,
        rates: curve::rates_per_s(connects_ms, width_ms),
    }
}
