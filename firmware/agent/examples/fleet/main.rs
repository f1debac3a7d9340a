//! Lets a fleet of agents lose its service at one instant, prints how it comes back, and draws the curve:
//! `cargo run -p firstpass-agent --example fleet -- --out docs/fleet-recovery.svg`

mod curve;
mod scenario;
mod simulation;
mod svg;

use firstpass_agent::Quirks;
use scenario::{Loss, Scenario};

const UNITS: u32 = 10_000;
const SECOND_MS: u64 = 1000;
const MINUTE_MS: u64 = 60 * SECOND_MS;
const HOUR_MS: u64 = 60 * MINUTE_MS;

/// Intervals of one curve.
const INTERVALS: u64 = 200;

/// Name, loss, and whether it is drawn.
const SCENARIOS: [(&str, Loss, bool); 12] = [
    ("broker away for 1 s", Loss::Broker { away_ms: SECOND_MS }, true),
    ("broker away for 5 s", Loss::Broker { away_ms: 5 * SECOND_MS }, true),
    ("broker away for 1 min", Loss::Broker { away_ms: MINUTE_MS }, false),
    ("broker away for 10 min", Loss::Broker { away_ms: 10 * MINUTE_MS }, true),
    ("broker away for 1 day", Loss::Broker { away_ms: 24 * HOUR_MS }, false),
    ("network away for 1 min, back for all at once", Loss::Network { away_ms: MINUTE_MS }, true),
    ("provisioning away for 5 s", Loss::Provisioning { away_ms: 5 * SECOND_MS }, false),
    ("provisioning away for 10 min", Loss::Provisioning { away_ms: 10 * MINUTE_MS }, true),
    ("provisioning away for 1 day", Loss::Provisioning { away_ms: 24 * HOUR_MS }, false),
    ("provisioning answers 429 for 10 s", Loss::Throttled { away_ms: 10 * SECOND_MS }, true),
    ("provisioning answers 429 for 5 min", Loss::Throttled { away_ms: 5 * MINUTE_MS }, true),
    ("provisioning admits 100/s and answers 429 beyond", Loss::Overloaded { admits_per_s: 100 }, true),
];

fn main() -> std::io::Result<()> {
    let mut panels = Vec::new();
    println!(
        "| {UNITS} units, {:<48} | attempts | highest attempts/s | highest connects/s | 50 % back | all back |",
        ""
    );
    println!("|---|---|---|---|---|---|");
    for (name, loss, drawn) in SCENARIOS {
        let comeback = report(name, &Scenario::new(UNITS, loss));
        if drawn {
            panels.push(panel(name, loss, &comeback.connects_ms));
        }
    }
    let lock_step = Quirks { hammers_ms: Some(5000), ..Quirks::default() };
    let away = Loss::Broker { away_ms: MINUTE_MS };
    report(
        "for comparison: 5 s without chance, broker away for 1 min",
        &Scenario { quirks: lock_step, ..Scenario::new(UNITS, away) },
    );
    let mut arguments = std::env::args().skip(1);
    match (arguments.next().as_deref(), arguments.next()) {
        (Some("--out"), Some(path)) => std::fs::write(path, svg::draw(&panels)),
        _ => Ok(()),
    }
}

fn report(name: &str, scenario: &Scenario) -> simulation::Comeback {
    let comeback = simulation::run(scenario);
    println!(
        "| {name} | {} | {} | {} | {:.1} s | {:.1} s |",
        comeback.attempts_ms.len(),
        curve::peak_per_s(&comeback.attempts_ms),
        curve::peak_per_s(&comeback.connects_ms),
        curve::quantile_ms(&comeback.connects_ms, 0.5) as f64 / 1000.0,
        curve::quantile_ms(&comeback.connects_ms, 1.0) as f64 / 1000.0,
    );
    comeback
}

fn panel(name: &str, loss: Loss, connects_ms: &[u64]) -> svg::Panel {
    let last_ms = connects_ms.last().copied().unwrap_or(0);
    let width_ms = (last_ms / INTERVALS / 500 * 500).max(500);
    let away_ms = (0..=last_ms).step_by(500).find(|since_ms| loss.is_over(*since_ms)).unwrap_or(0);
    svg::Panel {
        title: format!("{UNITS} units: {name}"),
        away_s: away_ms as f64 / 1000.0,
        width_s: width_ms as f64 / 1000.0,
        rates: curve::rates_per_s(connects_ms, width_ms),
    }
}
