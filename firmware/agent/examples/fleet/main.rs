//! Lets a fleet of agents lose its service at one instant, prints how it comes back, and draws the curve:
//! `cargo run -p firstpass-agent --example fleet -- --out docs/fleet-recovery.svg`

mod curve;
mod drawing;
mod scenario;
mod simulation;
mod svg;

use drawing::{LOSSES, MINUTE_MS, UNITS};
use firstpass_agent::Quirks;
use scenario::{Loss, Scenario};

fn main() -> std::io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    match (arguments.next().as_deref(), arguments.next()) {
        (Some("--out"), Some(path)) => return std::fs::write(path, drawing::draw()),
        (None, _) => {}
        (Some(_), _) => return Err(std::io::Error::other("usage: fleet [--out FILE.svg]")),
    }
    println!("| {UNITS} units | attempts | highest attempts/s | highest connects/s | half are back | all are back |");
    println!("|---|---|---|---|---|---|");
    for (name, loss, _) in LOSSES {
        report(name, &Scenario::new(UNITS, loss));
    }
    let quirks = Quirks { hammers_ms: Some(5000), ..Quirks::default() };
    let away = Loss::Broker { away_ms: MINUTE_MS };
    report("for comparison: always 5 s, broker away for 1 min", &Scenario { quirks, ..Scenario::new(UNITS, away) });
    Ok(())
}

fn report(name: &str, scenario: &Scenario) {
    let comeback = simulation::run(scenario);
    println!(
        "| {name} | {} | {} | {} | {:.1} s | {:.1} s |",
        comeback.attempts_ms.len(),
        curve::peak_per_s(&comeback.attempts_ms),
        curve::peak_per_s(&comeback.connects_ms),
        curve::quantile_ms(&comeback.connects_ms, 0.5) as f64 / 1000.0,
        curve::quantile_ms(&comeback.connects_ms, 1.0) as f64 / 1000.0,
    );
}
