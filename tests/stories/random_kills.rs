//! The power goes at 200 random moments while eight units are in work. After each the line resumes, and at the end no
//! unit has passed without evidence, none is lost, and no code was used twice.

use std::{
    collections::BTreeSet,
    path::PathBuf,
    time::{Duration, Instant},
};

use nix::sys::signal::Signal;
use tests::{Audit, Gateway, Injection, Process, Product, Station, VirtualUnit};

const UNITS: u8 = 8;
/// Power cuts, unless `FIRSTPASS_KILLS` names another number.
const KILLS: u32 = 200;
/// The record is audited after each of so many.
const AUDIT_EVERY: u32 = 50;
/// Seed of the moments.
const SEED: u64 = 0x5eed_cafe;

#[test]
fn a_line_survives_power_cuts_at_random_moments() {
    let kills = std::env::var("FIRSTPASS_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(KILLS);
    let line = Line::set_up();
    let began = Instant::now();
    line.batch().finish().expect_code(0).expect_counts(u64::from(UNITS), 0);
    let whole = began.elapsed();
    let (mut moments, mut in_work) = (Moments(SEED), 0);
    for kill in 1..=kills {
        let batch = line.batch();
        std::thread::sleep(moments.below(whole));
        batch.signal(Signal::SIGKILL);
        let cut = batch.finish();
        in_work += u32::from(cut.signal == Some(Signal::SIGKILL as i32));
        if kill % AUDIT_EVERY == 0 {
            line.station.audit();
        }
    }
    assert!(in_work > kills / 2, "most cuts came while the station ran: {in_work} of {kills}");
    line.batch().finish().expect_code(0).expect_counts(u64::from(UNITS), 0);
    line.assert_nothing_lost();
}

/// A station with eight units in its slots, for as long as the story lasts.
struct Line {
    station: Station,
    gateway: Gateway,
    recipe: PathBuf,
    units: Vec<VirtualUnit>,
    _product: Product,
}

impl Line {
    fn set_up() -> Self {
        let (station, product) = (Station::new(), Product::new());
        // A unit that has passed goes through the line again, so that there is work for the next cut.
        let recipe = product.recipe(Injection::Nvs, &[("max_attempts = 3", "repeat_passed = true")]);
        let unit = |n| VirtualUnit::start(product.folder(), &format!("A{n}"), &mac(n), &[]);
        let units = (1..=UNITS).map(unit).collect();
        Self { gateway: Gateway::of(&station), station, recipe, units, _product: product }
    }

    fn batch(&self) -> Process {
        let units: Vec<&VirtualUnit> = self.units.iter().collect();
        Process::start(&mut self.station.flash_command_at(&self.gateway, &self.recipe, &units, &[]))
    }

    fn assert_nothing_lost(&self) {
        // The chain holds, and every verdict comes out of its evidence again.
        let audit = self.station.audit();
        let (began, passed, failed) =
            (of_kind(&audit, "run.began"), audit.of_kind("run.passed"), audit.of_kind("run.failed"));
        let ended: BTreeSet<String> = passed.iter().chain(&failed).map(|(run, _)| run.clone()).collect();
        assert_eq!(passed.len() + failed.len(), ended.len(), "no run has two verdicts");
        assert_eq!(began, ended, "every run that began has a verdict");
        for (run, body) in &failed {
            assert_eq!(body["diagnosis"]["code"], "interrupted", "nothing but the cut fails a unit: {run} {body}");
        }
        audit.distinct("code.issued", "code");
        audit.distinct("code.redeemed", "code");
        assert_eq!(audit.distinct("serial.allocated", "serial").len(), usize::from(UNITS), "a unit keeps its number");
        for n in 1..=UNITS {
            let unit = self.station.unit(&mac(n));
            assert_eq!(unit.states().last(), Some(&"passed"), "{}", mac(n));
            let valid = unit.sessions().iter().filter(|session| session["revoked"].is_null()).count();
            assert_eq!(valid, 1, "{}: only the last pass left a session", mac(n));
        }
    }
}

fn of_kind(audit: &Audit, kind: &str) -> BTreeSet<String> {
    audit.of_kind(kind).into_iter().map(|(subject, _)| subject).collect()
}

fn mac(n: u8) -> String {
    format!("62:55:f9:00:d0:{n:02x}")
}

/// Moments that look random and are the same every time (splitmix64).
struct Moments(u64);

impl Moments {
    fn below(&mut self, limit: Duration) -> Duration {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let micros = u64::try_from(limit.as_micros()).expect("a batch takes seconds");
        Duration::from_micros((z ^ (z >> 31)) % micros)
    }
}
