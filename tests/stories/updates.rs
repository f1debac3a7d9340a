//! What the provisioning answer offers is what the unit runs in the end: nothing else, the same release again, or a newer one.

use std::fs;

use serde_json::Value;
use sha2::{Digest, Sha256};
use tests::{Gateway, Injection, Process, Product, Station, Unit, VirtualUnit};

const MAC: &str = "62:55:f9:00:22:01";
const OFFER: &str = "offer = \"newer\"\nimage = \"app-newer.bin\"";

#[test]
fn without_an_offer_the_unit_downloads_nothing() {
    let Line { run, log, .. } = &pass(&[(OFFER, "offer = \"off\"")]);
    assert!(Unit::evidence(run, "firmware_served").is_empty());
    assert!(!log.contains("HTTPS OTA"), "{log}");
    assert_eq!(boots(log), 1, "{log}");
}

#[test]
fn the_same_release_is_downloaded_once_more_after_a_provisioning_on_the_same_boot() {
    let line = pass(&[(OFFER, "offer = \"same\"")]);
    assert_served(&line, "app.bin");
    assert_eq!(answered_version(&line.run), "1.0.0");
}

#[test]
fn a_newer_release_is_downloaded_timed_and_answers() {
    let line = pass(&[]);
    assert_served(&line, "app-newer.bin");
    assert_eq!(answered_version(&line.run), "2.0.0");
}

#[test]
fn a_unit_that_comes_back_with_the_same_release_skips_the_update() {
    let (station, product) = (Station::new(), Product::new());
    let recipe = product.recipe(Injection::Update, &[(OFFER, "offer = \"same\""), ("\"reissue\"", "\"keep\"")]);
    let hardware = VirtualUnit::start(product.folder(), "A1", MAC, &[]);
    // What it keeps names addresses, which must therefore stay.
    let gateway = Gateway::of(&station);
    for _ in 0..2 {
        let mut flash = station.flash_command_at(&gateway, &recipe, &[&hardware], &[]);
        Process::start(&mut flash).finish().expect_code(0).expect_counts(1, 0);
    }
    let unit = station.unit(MAC);
    let run = &unit.runs()[1];
    assert!(Unit::uart(run).contains(&"ota_skipped"), "{:?}", Unit::uart(run));
    assert!(Unit::evidence(run, "firmware_served").is_empty(), "nothing was fetched");
    assert_eq!(boots(&station.uart_log(run)), 1);
    station.audit();
}

#[test]
fn a_unit_that_comes_back_to_a_newer_release_has_it_again() {
    let (station, product) = (Station::new(), Product::new());
    let recipe = product.recipe(Injection::Update, &[]);
    let hardware = VirtualUnit::start(product.folder(), "A1", MAC, &[]);
    for _ in 0..2 {
        station.flash(&recipe, &[&hardware], &[]).expect_code(0).expect_counts(1, 0);
    }
    let unit = station.unit(MAC);
    assert_eq!(unit.runs().iter().map(answered_version).collect::<Vec<_>>(), ["2.0.0", "2.0.0"]);

    // One that keeps its session is never told of it, and would pass with the older release that the line flashes.
    let kept = product.recipe(Injection::Update, &[("\"reissue\"", "\"keep\"")]);
    let problem = station.flash(&kept, &[&hardware], &[]).expect_code(2).problem();
    assert_eq!(problem["code"], "recipe_conflict", "{problem}");
}

struct Line {
    product: Product,
    run: Value,
    log: String,
}

fn pass(edits: &[(&str, &str)]) -> Line {
    let (station, product) = (Station::new(), Product::new());
    let recipe = product.recipe(Injection::Update, edits);
    let hardware = VirtualUnit::start(product.folder(), "A1", MAC, &[]);
    station.flash(&recipe, &[&hardware], &[]).expect_code(0).expect_counts(1, 0);
    station.audit();
    let unit = station.unit(MAC);
    let run = unit.runs()[0].clone();
    let log = station.uart_log(&run);
    Line { product, run, log }
}

/// The image went over the wire once, whole and timed, and the unit booted into it.
#[track_caller]
fn assert_served(Line { product, run, log }: &Line, image: &str) {
    let bytes = fs::read(product.folder().join(image)).unwrap();
    let [served] = Unit::evidence(run, "firmware_served")[..] else { panic!("served once: {log}") };
    assert_eq!(served["sha256"], hex::encode(Sha256::digest(&bytes)));
    assert!(served["bytes"].as_u64() >= Some(bytes.len() as u64), "{served}");
    assert!(served["duration_ms"].is_u64(), "{served}");
    let told: Vec<&str> = Unit::uart(run).into_iter().filter(|line| line.starts_with("ota_")).collect();
    assert!(told.starts_with(&["ota_started", "ota_finished"]), "{told:?}");
    assert_eq!(boots(log), 2, "{log}");
    let answers = Unit::evidence(run, "ping_answered");
    let app = &answers.last().unwrap()["app_sha256"];
    assert_eq!(app.as_str().unwrap(), hex::encode(&bytes[bytes.len() - 32..]), "the hash that the image ends with");
}

fn answered_version(run: &Value) -> String {
    Unit::evidence(run, "ping_answered").last().unwrap()["fw_version"].as_str().unwrap().to_owned()
}

fn boots(log: &str) -> usize {
    log.matches("boot: Loaded app from partition").count()
}
