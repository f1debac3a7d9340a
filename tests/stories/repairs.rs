//! A unit whose credentials were reset in the console is repaired on the bench, and proves that it connects.

use serde_json::Value;
use tests::{Gateway, Injection, Login, Outcome, Process, Product, Station, Unit, VirtualUnit};

const MAC: &str = "62:55:f9:00:2a:01";

#[test]
fn a_unit_whose_credentials_were_reset_connects_again_after_its_repair() {
    let line = Line::passed(Injection::Nvs);
    let old = line.login(0);
    assert_eq!(line.tries(&old), Ok(()));
    line.revoke();
    assert!(line.tries(&old).unwrap_err().contains("not authorised"));
    let outcome = line.repair().expect_code(0).expect_counts(1, 0);
    assert_eq!(line.tries(&line.login(1)), Ok(()), "what is in its flash now opens the door");
    assert!(line.tries(&old).unwrap_err().contains("not authorised"), "and the old login stays shut");
    let proof = &outcome.events("reprovisioned")[0];
    for time in ["provisioned", "connected", "read_back"] {
        assert!(proof[time].is_string(), "{time}: {proof}");
    }
    let unit = line.station.unit(MAC);
    assert_eq!(unit.states(), ["passed", "passed"]);
    let [live] = unit.live_sessions()[..] else { panic!("one session lives: {:?}", unit.sessions()) };
    assert_eq!(live["mqtt_username"], proof["mqtt_username"]);
    assert_eq!((&proof["standing"], &unit.shown["standing"]), (&"passed".into(), &"passed".into()));
    assert_eq!(regions(&unit.runs()[1]), ["nvs"], "the firmware was left alone");
    line.station.audit();
}

#[test]
fn a_stock_unit_is_repaired_with_a_new_code_in_its_app() {
    let line = Line::passed(Injection::Image);
    line.repair().expect_code(0).expect_counts(1, 0);
    let unit = line.station.unit(MAC);
    assert_eq!((unit.states(), unit.live_sessions().len()), (vec!["passed", "passed"], 1));
    assert!(regions(&unit.runs()[1]).contains(&"app"), "the code is in the app");
    assert_eq!(line.station.audit().distinct("code.redeemed", "code").len(), 2);
}

#[test]
fn a_repair_that_fails_says_why_and_leaves_no_open_door() {
    let line = Line::passed(Injection::Nvs);
    line.hardware.order(r#"{"op":"fault","set":{"fault":"wrong_topics"}}"#);
    let outcome = line.repair().expect_code(1).expect_counts(0, 1);
    assert_eq!(outcome.events("failed")[0]["problem"]["code"], "topic_denied");
    assert!(outcome.events("reprovisioned").is_empty());
    let sessions = line.station.unit(MAC);
    assert!(sessions.sessions()[1]["revoked"].is_string(), "{:?}", sessions.sessions());
}

#[test]
fn a_unit_that_is_laid_out_otherwise_than_the_recipe_says_is_left_alone() {
    let mut line = Line::start(Injection::Nvs);
    line.refuses_to_repair("never_flashed");
    line.flash().expect_code(0).expect_counts(1, 0);
    let table = line._product.folder().join("demo-partitions.csv");
    let other = std::fs::read_to_string(&table).unwrap().replace("0x6000", "0x4000");
    std::fs::write(&table, other).unwrap();
    line.refuses_to_repair("other_layout");
    let unit = line.station.unit(MAC);
    assert_eq!((&unit.shown["standing"], unit.live_sessions().len()), (&"passed".into(), 1));
    line.station.audit();
}

#[test]
fn a_repair_passes_no_unit_that_never_passed() {
    let line = Line::start(Injection::Nvs);
    line.hardware.order(WRONG_FIRMWARE);
    line.flash().expect_code(1).expect_counts(0, 1);
    let repaired = line.repair().expect_code(0).expect_counts(1, 0);
    assert_eq!(repaired.events("reprovisioned")[0]["standing"], "failed");
    let unit = line.station.unit(MAC);
    assert_eq!((&unit.shown["standing"], unit.states()), (&"failed".into(), vec!["wrong_firmware", "passed"]));
    let repairs: Vec<_> = unit.runs().iter().map(|run| run["repair"].as_bool().unwrap()).collect();
    assert_eq!(repairs, [false, true]);
    // It has not passed before, so the line takes it, and finds what it found at first.
    line.flash().expect_code(1).expect_counts(0, 1);
    assert_eq!(line.station.unit(MAC).state(), "wrong_firmware");
    line.station.audit();
}

/// A unit that runs other firmware than it was given.
const WRONG_FIRMWARE: &str = r#"{"op":"fault","set":{"fault":"wrong_firmware_answer"}}"#;

/// A unit on its line.
struct Line {
    station: Station,
    gateway: Gateway,
    recipe: std::path::PathBuf,
    hardware: VirtualUnit,
    _product: Product,
}

impl Line {
    /// With a unit that has passed.
    fn passed(injection: Injection) -> Self {
        let line = Self::start(injection);
        line.flash().expect_code(0).expect_counts(1, 0);
        line
    }

    fn start(injection: Injection) -> Self {
        let (station, product) = (Station::new(), Product::new());
        let recipe = product.recipe(injection, &[]);
        let hardware = VirtualUnit::start(product.folder(), "A1", MAC, &[]);
        Self { gateway: Gateway::of(&station), station, recipe, hardware, _product: product }
    }

    fn flash(&self) -> Outcome {
        let mut command = self.station.flash_command(&self.recipe, &[&self.hardware], &[]);
        Process::start(&mut command).finish()
    }

    /// Resets the credentials, as a person does in a console.
    fn revoke(&self) {
        let unit = self.station.unit(MAC);
        let serial = unit.certificates()[0]["serial"].as_str().unwrap();
        self.station.json(["ca", "revoke", serial, "--reason", "reset", "--by", "ada"]).expect_code(0);
    }

    fn repair(&self) -> Outcome {
        let mut command = self.station.command(["units", "reprovision", "--json"]);
        let slot = self.hardware.slot();
        let (_, port) = slot.split_once('=').unwrap();
        command.args(["--port", port]).arg("--recipe").arg(&self.recipe).arg("--config").arg(&self.gateway.config);
        Process::start(&mut command).finish()
    }

    /// The repair ends with this problem before anything is written to the unit or given out for it.
    fn refuses_to_repair(&mut self, code: &str) {
        let (before, given) = (self.hardware.flash(), self.serials_given());
        let outcome = self.repair().expect_code(3);
        assert_eq!(outcome.events("slot_stopped")[0]["problem"]["code"], code);
        assert!(self.hardware.flash() == before && self.serials_given() == given, "{code}");
    }

    fn serials_given(&self) -> usize {
        let rows = self.station.json(["serials", "list"]).objects();
        rows.iter().filter(|row| row["serial"].is_string()).count()
    }

    fn login(&self, index: usize) -> Login {
        Login::of(&self.station, &self.hardware, index)
    }

    fn tries(&self, login: &Login) -> Result<(), String> {
        let (serving, gateway) = self.station.serve(&self.recipe);
        let tried = login.try_at(&gateway);
        serving.stop();
        tried
    }
}

fn regions(run: &Value) -> Vec<&str> {
    Unit::evidence(run, "region_written").iter().map(|region| region["name"].as_str().unwrap()).collect()
}
