//! `kill -9` of the station at every boundary of a run leaves the unit failed with a reason (or passed, when that was on
//! record already), never passed by accident, and free to run again.

use std::sync::atomic::{AtomicUsize, Ordering};

use nix::sys::signal::Signal;
use tests::{Audit, Injection, Product, Station, Unit, VirtualUnit};

/// Every place, in the order of a run.
const PLACES: [&str; 23] = [
    "identify:begun",
    "identify:done",
    "identify:ended",
    "prepare:begun",
    "prepare:done",
    "prepare:ended",
    "flash:begun",
    "flash:done",
    "flash:ended",
    "boot:begun",
    "boot:done",
    "boot:ended",
    "provision:begun",
    "provision:done",
    "provision:ended",
    "connect:begun",
    "connect:done",
    "connect:ended",
    "attest:begun",
    "attest:done",
    "attest:ended",
    "pass:before",
    "pass:after",
];

/// Places at which a session that the line issued is nowhere, in flash, in use and proven.
const SESSION_PLACES: [&str; 4] = ["prepare:done", "flash:ended", "connect:ended", "pass:before"];

/// Lines that are in work at a time; each is a station and a unit.
const LINES: usize = 3;

#[test]
fn a_unit_survives_the_death_of_its_station_at_every_boundary() {
    at_each(&PLACES, Injection::Nvs);
}

#[test]
fn a_unit_with_a_session_survives_it_too() {
    at_each(&SESSION_PLACES, Injection::Session);
}

#[test]
fn a_place_that_does_not_exist_is_refused() {
    for place in ["identify:middle", "pack:begun", "pass:during", "flash"] {
        let outcome = Station::new().run(["demo", "--units", "1", "--crash-at", place]).expect_code(2);
        assert!(outcome.stderr.contains("crash point"), "{}", outcome.stderr);
    }
}

fn at_each(places: &[&'static str], injection: Injection) {
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..LINES {
            scope.spawn(|| {
                while let Some(place) = places.get(next.fetch_add(1, Ordering::Relaxed)) {
                    Story::tell(place, injection);
                }
            });
        }
    });
}

/// What there is after a crash and a second run on the same unit.
struct Story {
    place: &'static str,
    injection: Injection,
    unit: Unit,
    audit: Audit,
}

impl Story {
    fn tell(place: &'static str, injection: Injection) {
        let (station, product) = (Station::new(), Product::new());
        let mac = "62:55:f9:00:40:01";
        let hardware = VirtualUnit::start(product.folder(), "A1", mac, &[]);
        let recipe = product.recipe(injection, &[]);
        let killed = station.flash(&recipe, &[&hardware], &["--crash-at", place]);
        assert_eq!(killed.signal, Some(Signal::SIGKILL as i32), "{place}: {killed:?}");
        assert!(killed.events("passed").is_empty(), "{place}: nobody was told of a pass");
        let again = station.flash(&recipe, &[&hardware], &[]);
        let story = Self { place, injection, unit: station.unit(mac), audit: station.audit() };
        if place == "pass:after" {
            again.expect_code(1).expect_counts(0, 1);
            story.assert_passed_once();
        } else {
            again.expect_code(0).expect_counts(1, 0);
            story.assert_passed_after_an_interruption();
        }
        story.assert_nothing_is_left_open();
    }

    /// The pass was on record; the unit keeps it, with its credentials.
    fn assert_passed_once(&self) {
        assert_eq!(self.unit.states(), ["passed", "passed_before"]);
        assert_eq!(self.unit.sessions().len(), 1);
        assert!(self.unit.sessions()[0]["revoked"].is_null() && self.unit.certificates()[0]["revoked"].is_null());
    }

    fn assert_passed_after_an_interruption(&self) {
        let place = self.place;
        // A run that died before it had read the MAC belongs to no unit.
        let states: &[&str] = if place == "identify:begun" { &["passed"] } else { &["interrupted", "passed"] };
        assert_eq!(self.unit.states(), states, "{place}");
        let [first, second] = self.runs();
        let failed = self.audit.of_kind("run.failed");
        assert_eq!(failed.len(), 1, "{place}");
        assert_eq!(failed[0].0, first, "{place}");
        let reason = &failed[0].1["diagnosis"];
        assert_eq!(reason["code"], "interrupted", "{place}");
        // The reason names the step in which the station died.
        let step = place.split(':').next().expect("a place has a step").replace("pass", "attest");
        assert_eq!(reason["step"], step, "{place}");
        self.assert_first_run_left_nothing(&first);
        let valid: Vec<_> = self.unit.sessions().iter().filter(|session| session["revoked"].is_null()).collect();
        assert_eq!(valid.len(), 1, "{place}");
        assert_eq!(valid[0]["run"], second, "{place}");
    }

    /// Whatever the dead run gave away can no longer be used.
    fn assert_first_run_left_nothing(&self, first: &str) {
        let count = |kind: &str| self.audit.of_kind(kind).iter().filter(|(subject, _)| subject == first).count();
        let (issued, redeemed, voided) = (count("code.issued"), count("code.redeemed"), count("code.voided"));
        assert_eq!(issued, redeemed + voided, "{}: an unused code is void", self.place);
        assert_eq!(count("session.issued"), count("session.revoked"), "{}", self.place);
        let of_first = |value: &&serde_json::Value| value["run"] == first;
        assert!(self.unit.certificates().iter().filter(of_first).all(|certificate| certificate["revoked"].is_string()));
        let prepared =
            PLACES.iter().position(|place| *place == self.place) >= PLACES.iter().position(|p| *p == "prepare:done");
        let codes = usize::from(prepared && self.injection == Injection::Nvs);
        assert_eq!(issued, codes, "{}", self.place);
    }

    fn assert_nothing_is_left_open(&self) {
        let ended = self.audit.of_kind("run.passed").len() + self.audit.of_kind("run.failed").len();
        assert_eq!(ended, 2, "{}: both runs have a verdict", self.place);
        // No code and no serial number was given twice, and the unit kept the serial number that it had.
        self.audit.distinct("code.issued", "code");
        assert_eq!(self.audit.distinct("serial.allocated", "serial").len(), 1, "{}", self.place);
        assert_eq!(self.unit.serial(), Some("FP00000001"), "{}", self.place);
    }

    fn runs(&self) -> [String; 2] {
        let runs: Vec<String> = self.audit.of_kind("run.began").into_iter().map(|(run, _)| run).collect();
        runs.try_into().expect("two runs")
    }
}
