//! Whether one port that is flooded with noise at 2 Mbaud disturbs the seven units beside it: the longest of their runs
//! with the noise, as a ratio to the same without it.
//!
//! `cargo bench -p tests --bench noise`; the last line is a JSON object.

use anyhow::{Context, ensure};
use serde_json::{Value, json};
use tests::{Injection, Product, Station, VirtualUnit};

const UNITS: u8 = 7;
/// What the noise may cost the others.
const LIMIT: f64 = 1.10;
/// Batches of each kind; the medians are compared.
const BATCHES: usize = 3;

fn main() -> anyhow::Result<()> {
    let (mut quiet, mut noisy) = (Vec::new(), Vec::new());
    for _ in 0..BATCHES {
        quiet.push(run(false)?);
        noisy.push(run(true)?);
    }
    let (quiet, noisy) = (median(quiet), median(noisy));
    let ratio = noisy / quiet;
    println!("{UNITS} units, mean run: {quiet:.2} s alone, {noisy:.2} s beside the noise = {ratio:.3} x (limit {LIMIT})");
    println!("{}", json!({"quiet_s": quiet, "noisy_s": noisy, "ratio": ratio, "limit": LIMIT}));
    ensure!(ratio <= LIMIT, "the noise cost the others {ratio:.3} times their time");
    Ok(())
}

/// Mean duration of the runs of the healthy units, in seconds.
fn run(with_noise: bool) -> anyhow::Result<f64> {
    let (station, product) = (Station::new(), Product::new());
    let recipe = product.recipe(Injection::Nvs, &[]);
    let mut units: Vec<VirtualUnit> = (1..=UNITS)
        .map(|n| VirtualUnit::start_paced(product.folder(), &format!("A{n}"), &format!("62:55:f9:00:e0:{n:02x}"), &[]))
        .collect();
    if with_noise {
        let noisy = VirtualUnit::start(product.folder(), "noisy", "62:55:f9:00:e0:ff", &[]);
        noisy.order(r#"{"op":"fault","set":{"fault":"flood"}}"#);
        units.push(noisy);
    }
    let units: Vec<&VirtualUnit> = units.iter().collect();
    let outcome = station.flash(&recipe, &units, &[]);
    let passed = outcome.events("passed");
    ensure!(passed.len() == usize::from(UNITS), "{} of {UNITS} units passed: {}", passed.len(), outcome.stdout);
    ensure!(outcome.events("failed").len() == usize::from(with_noise), "the flood is told: {}", outcome.stdout);
    let duration = |event: &Value| event["duration_ms"].as_f64().context("a pass tells its duration");
    let sum: f64 = passed.iter().map(duration).sum::<anyhow::Result<f64>>()?;
    Ok(sum / f64::from(UNITS) / 1000.0)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
