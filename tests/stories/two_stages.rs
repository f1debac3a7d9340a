//! The factory image provisions, the field image goes over it: the session stays, and the code is nowhere in flash.

use std::path::Path;

use serde_json::Value;
use tests::{Audit, Injection, PLACEHOLDER, Product, Station, Unit, VirtualUnit, find_code, find_text};

const MAC: &str = "62:55:f9:00:21:01";
const HIDING_MAC: &str = "62:55:f9:00:21:02";
/// Bytes of the unit's flash.
const FLASH_LEN: u64 = 4 << 20;

#[test]
fn a_field_image_over_a_factory_image_leaves_no_code_and_the_same_session() {
    let line = Line::run();
    let unit = line.station.unit(MAC);
    assert_eq!(unit.states(), ["passed"]);
    let (run, flash) = (&unit.runs()[0], line.good.flash());
    assert!(find_code(&flash, &code_of(&line.audit, run)).is_empty(), "the code is nowhere in flash");
    assert!(find_text(&flash, PLACEHOLDER).is_empty(), "nor is the place that was made for it");
    assert_eq!(find_text(&flash, "2.0.0").len(), 1, "the field image stands there");
    assert_eq!(unit.sessions().len(), 1, "the field image has the factory image's session");
    assert_stages(run, &line.station.uart_log(run));
}

#[test]
fn the_line_searches_the_whole_flash_and_finds_a_code_that_hides() {
    let line = Line::run();
    let searched = |mac: &str| Unit::evidence(&line.station.unit(mac).runs()[0], "flash_searched")[0].clone();
    let good = searched(MAC);
    assert_eq!(good["known"].as_u64().unwrap() + good["searched"].as_u64().unwrap(), FLASH_LEN, "{good}");
    assert!(good["found_at"].is_null(), "{good}");

    let unit = line.station.unit(HIDING_MAC);
    assert_eq!(unit.states(), ["code_left_behind"]);
    let places = find_code(&line.hiding.flash(), &code_of(&line.audit, &unit.runs()[0]));
    let found = searched(HIDING_MAC)["found_at"].as_u64().unwrap();
    assert_eq!(places.iter().map(|place| *place as u64).collect::<Vec<_>>(), [found], "it is named where it is");
    assert_eq!(unit.shown["standing"], "quarantined");
    assert!(unit.live_sessions().is_empty());
}

/// A unit that does as it should and one that hides its code, after a batch.
struct Line {
    station: Station,
    good: VirtualUnit,
    hiding: VirtualUnit,
    audit: Audit,
    _product: Product,
}

impl Line {
    fn run() -> Self {
        let (station, product) = (Station::new(), Product::new());
        let recipe = product.recipe(Injection::TwoStage, &[]);
        let good = VirtualUnit::start(product.folder(), "A1", MAC, &[]);
        let hiding = VirtualUnit::start(product.folder(), "A2", HIDING_MAC, &["--fault", "code-elsewhere"]);
        station.flash(&recipe as &Path, &[&good, &hiding], &[]).expect_code(1).expect_counts(1, 1);
        let audit = station.audit();
        Self { station, good, hiding, audit, _product: product }
    }
}

/// Hash of the code that was made for a run.
fn code_of(audit: &Audit, run: &Value) -> String {
    let issued = audit.of_kind("code.issued");
    let (_, body) = issued.iter().find(|(subject, _)| *subject == run["run"]).unwrap();
    body["code"].as_str().unwrap().to_owned()
}

/// The first stage provisioned, the second skipped it, each connected, and NVS is as the first stage left it.
fn assert_stages(run: &Value, log: &str) {
    let provisioned = log.find("iotmer_provision: MQTT (from provision)").unwrap();
    let skipped = log.find("iotmer_provision: provision skipped").unwrap();
    assert!(provisioned < skipped, "{log}");
    assert_eq!(log.matches("HTTPS POST").count(), 1, "only the factory image uses HTTPS: {log}");
    let connections = Unit::evidence(run, "mqtt_connected");
    assert!(connections.len() >= 2 && connections.iter().all(|c| c["username"] == connections[0]["username"]));
    let written = Unit::evidence(run, "region_written");
    let names: Vec<&str> = written.iter().map(|region| region["name"].as_str().unwrap()).collect();
    assert_eq!(names.iter().filter(|name| name.contains("nvs")).collect::<Vec<_>>(), [&"nvs"], "{names:?}");
    assert!(names.contains(&"field/app"), "{names:?}");
    let read_back = Unit::evidence(run, "nvs_read_back");
    assert_eq!(read_back.last().unwrap()["session_matches"], true);
    assert_eq!(read_back.last().unwrap()["auth_code_present"], false);
}
