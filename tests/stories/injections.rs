//! Both ways to give a unit its identity end in a pass, each on its own evidence.

use std::fs;

use serde_json::Value;
use tests::{Injection, Product, Station, Unit, VirtualUnit};

const MAC: &str = "62:55:f9:00:20:01";

#[test]
fn a_unit_with_a_code_provisions_itself() {
    let (station, unit, log) = pass(Injection::Nvs);
    assert!(log.contains("iotmer_provision: HTTPS POST https://") && !log.contains("provision skipped"), "{log}");
    assert_eq!(accepted(&unit)["on_behalf"], false);
    let audit = station.audit();
    let code = |kind| audit.distinct(kind, "code");
    assert_eq!(code("code.issued").len(), 1);
    assert_eq!(code("code.issued"), code("code.redeemed"));
}

#[test]
fn a_unit_with_a_session_skips_provisioning() {
    let (station, unit, log) = pass(Injection::Session);
    assert!(log.contains("iotmer_provision: provision skipped"), "{log}");
    assert!(!log.contains("HTTPS POST"), "a field image never uses HTTPS: {log}");
    assert_eq!(accepted(&unit)["on_behalf"], true);
    assert!(station.audit().of_kind("code.issued").is_empty());
}

#[test]
fn the_demo_shows_either_injection() {
    for injection in ["nvs", "session"] {
        let station = Station::new();
        let demo = ["demo", "--units", "2", "--no-pacing", "--injection", injection];
        station.json(demo).expect_code(0).expect_counts(2, 0);
        station.audit();
    }
}

/// One unit from appearance to pass; its UART log comes along.
fn pass(injection: Injection) -> (Station, Unit, String) {
    let (station, product) = (Station::new(), Product::new());
    let hardware = VirtualUnit::start(product.folder(), "A1", MAC, &[]);
    let recipe = product.recipe(injection, &[]);
    station.flash(&recipe, &[&hardware], &[]).expect_code(0).expect_counts(1, 0);
    let unit = station.unit(MAC);
    assert_eq!(unit.states(), ["passed"]);
    let run = unit.runs()[0]["run"].as_str().unwrap();
    let log = fs::read_to_string(station.data().join(format!("uart/{run}.log"))).unwrap();
    (station, unit, log)
}

fn accepted(unit: &Unit) -> &Value {
    let evidence = unit.runs()[0]["evidence"].as_array().unwrap();
    evidence.iter().find(|evidence| evidence["fact"] == "provision_accepted").unwrap()
}
