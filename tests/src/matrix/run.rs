//! Runs cases on the whole line: real station, virtual units, faulty networks between them.

use std::{
    net::SocketAddr,
    path::PathBuf,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::{Case, How, Recipe};
use crate::{
    Gateway, Injection, Process, Product, Station, VirtualUnit,
    network::{FaultyNetwork, NetworkFault, Service},
};

/// Slots of the line. Most faults are seen by waiting, so there are far more than cores.
const SLOTS: usize = 24;
/// Time limits: enough for a healthy unit on a busy machine, and not much more.
const LIMITS: [(&str, &str); 2] = [("provision_s = 30", "provision_s = 15"), ("connect_s = 30", "connect_s = 15")];

/// Number of the unit that sets the line up; no case has it.
const SET_UP: usize = 50_000;

/// What became of a case.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The case.
    pub case: Case,
    /// Code of the diagnosis; `None` when the unit passed.
    pub code: Option<String>,
    /// What was seen, in words.
    pub why: String,
}

impl Outcome {
    /// As an object with `case`, `expected` and `code`.
    pub fn to_json(&self) -> Value {
        json!({"case": self.case.name(), "expected": self.case.codes(), "code": self.code, "why": self.why})
    }
}

/// Runs every case once; the outcomes stand in the order in which they were run, and the time that it took.
pub fn run(cases: Vec<Case>) -> Result<(Vec<Outcome>, Duration)> {
    let began = Instant::now();
    let bench = Bench::set_up()?;
    let (plain, others): (Vec<Case>, Vec<Case>) = cases.into_iter().partition(|case| case.recipe == Recipe::Plain);
    let mut outcomes = Vec::new();
    for cases in [plain, others] {
        for chunk in cases.chunks(SLOTS) {
            outcomes.extend(bench.run(chunk, outcomes.len())?);
        }
    }
    Ok((outcomes, began.elapsed()))
}

/// A station and a product that all cases share, so that the record grows as a line's does.
struct Bench {
    station: Station,
    product: Product,
}

impl Bench {
    fn set_up() -> Result<Self> {
        let (station, product) = (Station::new(), Product::new());
        // The networks show certificates of the station's own CA, which its first run makes.
        let bench = Self { station, product };
        bench.run(&super::good_units(1), SET_UP)?;
        Ok(bench)
    }

    fn recipe(&self, recipe: Recipe) -> PathBuf {
        match recipe {
            Recipe::Plain => self.product.recipe(Injection::Nvs, &LIMITS),
            Recipe::TwoStage => self.product.recipe(Injection::TwoStage, &LIMITS),
        }
    }

    fn run(&self, cases: &[Case], first: usize) -> Result<Vec<Outcome>> {
        let Some(recipe) = cases.first().map(|case| self.recipe(case.recipe)) else { return Ok(Vec::new()) };
        let gateway = Gateway::of(&self.station);
        let mut networks = Vec::new();
        let mut units = Vec::new();
        for (index, case) in cases.iter().enumerate() {
            units.push(self.unit(case, first + index, index, &gateway, &mut networks)?);
        }
        let units: Vec<&VirtualUnit> = units.iter().collect();
        let batch = format!("matrix-{first}");
        let options = ["--batch", &batch];
        let outcome = Process::start(&mut self.station.flash_command_at(&gateway, &recipe, &units, &options)).finish();
        let events = outcome.objects();
        cases
            .iter()
            .enumerate()
            .map(|(index, case)| {
                let ended = end_of(&events, &slot(index)).with_context(|| {
                    format!("{} has no end; stderr: {}\nstdout: {}", case.name(), outcome.stderr, outcome.stdout)
                });
                ended.map(|(code, why)| Outcome { case: case.clone(), code, why })
            })
            .collect()
    }

    fn unit(
        &self,
        case: &Case,
        number: usize,
        index: usize,
        gateway: &Gateway,
        networks: &mut Vec<FaultyNetwork>,
    ) -> Result<VirtualUnit> {
        let mut options: Vec<String> = vec!["--ip".to_owned(), format!("127.77.{}.{}", number / 250, number % 250 + 1)];
        for fault in &case.faults {
            let mut route = |service: &str, port: u16, fault: NetworkFault| -> Result<()> {
                let address = SocketAddr::new(gateway.host.parse()?, port);
                let authority = self.station.data().join("ca");
                let network = FaultyNetwork::open(fault, &Service { address, authority: &authority })?;
                options.extend(["--route".to_owned(), format!("{service}={}", network.address())]);
                networks.push(network);
                Ok(())
            };
            match fault.how {
                How::Unit(_) => {}
                How::Https(fault) => route("https", gateway.https, fault)?,
                How::Mqtt(fault) => route("mqtt", gateway.mqtt, fault)?,
                How::Everywhere(fault) => {
                    route("https", gateway.https, fault)?;
                    route("mqtt", gateway.mqtt, fault)?;
                }
            }
        }
        let options: Vec<&str> = options.iter().map(String::as_str).collect();
        let unit = VirtualUnit::start(self.product.folder(), &slot(index), &mac(number), &options);
        for fault in &case.faults {
            if let How::Unit(fault) = fault.how {
                unit.order(&format!(r#"{{"op":"fault","set":{fault}}}"#));
            }
        }
        Ok(unit)
    }
}

fn slot(index: usize) -> String {
    format!("s{index}")
}

fn mac(number: usize) -> String {
    format!("62:55:f9:71:{:02x}:{:02x}", number / 256 % 256, number % 256)
}

/// Code and words of a slot's end; no code when its unit passed.
fn end_of(events: &[Value], slot: &str) -> Option<(Option<String>, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    events.iter().filter(|event| event["slot"] == slot).find_map(|event| match event["event"].as_str()? {
        "passed" => Some((None, String::new())),
        "failed" => Some((Some(text(&event["problem"]["code"])), text(&event["problem"]["why"]))),
        "slot_stopped" => {
            Some((Some(format!("slot stopped: {}", text(&event["problem"]["code"]))), text(&event["problem"]["why"])))
        }
        _ => None,
    })
}
