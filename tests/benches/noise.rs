//! Whether one port that is flooded with noise at 2 Mbaud disturbs the seven units beside it: the mean of their runs with
//! the noise, as a ratio to the same without it. The noise begins when its unit has been flashed, which takes no time
//! beside theirs, and goes on for longer than they need; both are checked.
//!
//! `cargo bench -p tests --bench noise`; the last line is a JSON object.

use anyhow::{Context, ensure};
use serde_json::{Value, json};
use tests::{Injection, Outcome, Product, Station, VirtualUnit};

const UNITS: u8 = 7;
/// What the noise may cost the others.
const LIMIT: f64 = 1.10;
/// Batches of each kind; the medians are compared.
const BATCHES: usize = 5;
/// As long as the noise goes on at least; the unit that makes it is given up then.
const PROVISION: (&str, &str) = ("provision_s = 30", "provision_s = 15");

fn main() -> anyhow::Result<()> {
    let (mut quiet, mut noisy) = (Vec::new(), Vec::new());
    for _ in 0..BATCHES {
        quiet.push(run(false)?);
        noisy.push(run(true)?);
    }
    let (quiet, noisy) = (median(quiet), median(noisy));
    let ratio = noisy / quiet;
    println!(
        "{UNITS} units, mean run: {quiet:.2} s alone, {noisy:.2} s beside the noise = {ratio:.3} x (limit {LIMIT})"
    );
    println!("{}", json!({"quiet_s": quiet, "noisy_s": noisy, "ratio": ratio, "limit": LIMIT}));
    ensure!(ratio <= LIMIT, "the noise cost the others {ratio:.3} times their time");
    Ok(())
}

/// Mean duration of the runs of the healthy units, in seconds.
fn run(with_noise: bool) -> anyhow::Result<f64> {
    let (station, product) = (Station::new(), Product::new());
    let recipe = product.recipe(Injection::Nvs, &[PROVISION]);
    let mut units: Vec<VirtualUnit> = (1..=UNITS)
        .map(|n| VirtualUnit::start_paced(product.folder(), &format!("A{n}"), &format!("62:55:f9:00:e0:{n:02x}"), &[]))
        .collect();
    if with_noise {
        let noisy = VirtualUnit::start(product.folder(), "noisy", "62:55:f9:00:e0:ff", &[]);
        noisy.order(r#"{"op":"fault","set":{"fault":"flood","baud":2000000}}"#);
        units.push(noisy);
    }
    let units: Vec<&VirtualUnit> = units.iter().collect();
    let outcome = station.flash(&recipe, &units, &[]);
    let passed = outcome.events("passed");
    ensure!(passed.len() == usize::from(UNITS), "{} of {UNITS} units passed: {}", passed.len(), outcome.stdout);
    ensure!(outcome.events("failed").len() == usize::from(with_noise), "the flood is told: {}", outcome.stdout);
    if with_noise {
        check_noise(&outcome)?;
    }
    let duration = |event: &Value| event["duration_ms"].as_f64().context("a pass tells its duration");
    let sum: f64 = passed.iter().map(duration).sum::<anyhow::Result<f64>>()?;
    Ok(sum / f64::from(UNITS) / 1000.0)
}

/// The noise covered all that the others did after the first of their flashing.
fn check_noise(outcome: &Outcome) -> anyhow::Result<()> {
    let at = |event: &Value| event["at"].as_u64().context("an event tells its time");
    let noisy = |event: &&Value| event["slot"] == "noisy";
    let booted = outcome.events("step_began").into_iter().find(|event| noisy(&event) && event["step"] == "provision");
    let booted = at(&booted.context("the noisy unit was let run")?)?;
    let given_up = at(&outcome.events("failed")[0])?;
    for passed in outcome.events("passed") {
        ensure!(at(&passed)? < given_up, "the noise ended before {}", passed["slot"]);
    }
    for ended in outcome.events("step_ended").iter().filter(|event| event["step"] == "flash" && !noisy(event)) {
        ensure!(booted < at(ended)?, "slot {} was flashed before the noise", ended["slot"]);
    }
    Ok(())
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
