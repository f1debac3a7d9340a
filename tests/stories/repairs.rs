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

/// A unit that has passed.
struct Line {
    station: Station,
    gateway: Gateway,
    recipe: std::path::PathBuf,
    hardware: VirtualUnit,
    _product: Product,
}

impl Line {
    fn passed(injection: Injection) -> Self {
        let (station, product) = (Station::new(), Product::new());
        let recipe = product.recipe(injection, &[]);
        let hardware = VirtualUnit::start(product.folder(), "A1", MAC, &[]);
        station.flash(&recipe, &[&hardware], &[]).expect_code(0).expect_counts(1, 0);
        Self { gateway: Gateway::of(&station), station, recipe, hardware, _product: product }
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
