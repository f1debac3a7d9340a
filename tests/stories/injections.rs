//! Every way to give a unit its identity ends in a pass, each on its own evidence.

use std::collections::BTreeSet;

use serde_json::Value;
use tests::{APP_OFFSET, Injection, PLACEHOLDER, Product, Station, Unit, VirtualUnit, find_code, find_text};

const MAC: &str = "62:55:f9:00:20:01";
const OTHER_MAC: &str = "62:55:f9:00:20:02";

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
fn stock_units_side_by_side_are_told_apart_by_code_and_user_name() {
    let (station, product) = (Station::new(), Product::new());
    let recipe = product.recipe(Injection::Image, &[]);
    let one = VirtualUnit::start(product.folder(), "A1", MAC, &[]);
    let other = VirtualUnit::start(product.folder(), "A2", OTHER_MAC, &[]);
    station.flash(&recipe, &[&one, &other], &[]).expect_code(0).expect_counts(2, 0);
    let audit = station.audit();
    let issued = audit.of_kind("code.issued");
    assert_eq!(audit.distinct("code.issued", "code").len(), 2, "each has a code of its own");
    for hardware in [&one, &other] {
        let unit = station.unit(hardware.mac());
        assert_eq!(unit.states(), ["passed"]);
        let run = &unit.runs()[0];
        assert!(accepted(&unit)["mac"].is_null(), "stock firmware sends no MAC");
        let (_, body) = issued.iter().find(|(subject, _)| *subject == run["run"]).unwrap();
        assert_code_is_in_the_app(&product, hardware, body["code"].as_str().unwrap());
        assert_user_is_its_own(run, &unit, &station.uart_log(run));
    }
    let redeemed: BTreeSet<String> = audit.distinct("code.redeemed", "code");
    assert_eq!(redeemed, audit.distinct("code.issued", "code"));
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
    let log = station.uart_log(&unit.runs()[0]);
    (station, unit, log)
}

fn accepted(unit: &Unit) -> &Value {
    Unit::evidence(&unit.runs()[0], "provision_accepted")[0]
}

/// The code stands where the app was built with the placeholder, and nowhere else.
fn assert_code_is_in_the_app(product: &Product, hardware: &VirtualUnit, code: &str) {
    let built = std::fs::read(product.folder().join("stock-app.bin")).unwrap();
    let [place] = find_text(&built, PLACEHOLDER)[..] else { panic!("the app has one placeholder") };
    let flash = hardware.flash();
    assert_eq!(find_code(&flash, code), [APP_OFFSET + place], "{}", hardware.mac());
    assert!(find_text(&flash, PLACEHOLDER).is_empty(), "{}", hardware.mac());
}

/// The unit on the port printed the user name that its code was answered with.
fn assert_user_is_its_own(run: &Value, unit: &Unit, log: &str) {
    let user = &unit.sessions()[0]["mqtt_username"];
    let said = Unit::evidence(run, "uart").into_iter().find(|said| said["line"] == "provisioned").unwrap();
    assert_eq!(&said["username"], user);
    assert_eq!(&Unit::evidence(run, "mqtt_connected")[0]["username"], user);
    assert!(log.contains(&format!("username={} ", user.as_str().unwrap())), "{log}");
}
