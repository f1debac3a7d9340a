//! Eight units in parallel go through the whole line, and nothing that was given to one was given to another.

use std::{collections::BTreeSet, fs};

use serde_json::Value;
use tests::{Outcome, Secrets, Station, Unit, tools::run_tool};

const STEPS: [&str; 7] = ["identify", "prepare", "flash", "boot", "provision", "connect", "attest"];

#[test]
fn eight_units_pass_at_once() {
    let station = Station::new();
    let outcome = station.json(["demo", "--units", "8", "--no-pacing"]).expect_code(0).expect_counts(8, 0);
    for slot in 1..=8 {
        assert_slot_worked_in_order(&outcome, &slot.to_string());
    }
    let units = listed(&station);
    assert_eq!(units.len(), 8);
    for unit in &units {
        assert_eq!(unit.states(), ["passed"]);
        assert_log_is_whole(&station, unit);
        assert_certificate_verifies(&station, unit);
    }
    assert_nothing_is_shared(&station, &units);
}

#[test]
fn a_unit_on_a_wire_of_real_speed_passes() {
    let station = Station::new();
    let outcome = station.json(["demo", "--units", "1"]).expect_code(0).expect_counts(1, 0);
    let flashed = outcome.events("step_ended").into_iter().find(|event| event["step"] == "flash").unwrap();
    // One mebibyte that compresses no better than code does cannot cross 921 600 baud any faster.
    assert!(flashed["duration_ms"].as_u64().unwrap() > 4_000, "{flashed}");
    station.audit();
}

/// Every step began and ended in turn, between the run's begin and its pass.
fn assert_slot_worked_in_order(outcome: &Outcome, slot: &str) {
    let events = outcome.objects().into_iter().filter(|event| event["slot"] == slot && event["event"] != "progress");
    let word = |event: &Value| match event["step"].as_str() {
        Some(step) => format!("{} {step}", event["event"].as_str().unwrap()),
        None => event["event"].as_str().unwrap().to_owned(),
    };
    let mut wanted = vec!["waiting".to_owned(), "run_began".to_owned()];
    wanted.extend(STEPS.iter().flat_map(|step| [format!("step_began {step}"), format!("step_ended {step}")]));
    wanted.insert(3, "identified".to_owned());
    wanted.push("passed".to_owned());
    assert_eq!(events.map(|event| word(&event)).collect::<Vec<_>>(), wanted, "slot {slot}");
}

/// Every unit of `units list`, with everything that is on record of it.
fn listed(station: &Station) -> Vec<Unit> {
    let rows = station.json(["units", "list"]).expect_code(0).objects();
    rows.iter().for_each(|row| assert_eq!(row["verdict"], "passed", "{row}"));
    rows.iter().map(|row| station.unit(row["mac"].as_str().unwrap())).collect()
}

/// The log begins with the ROM's first byte and holds the lines of the device contract in their order.
fn assert_log_is_whole(station: &Station, unit: &Unit) {
    let run = unit.runs()[0]["run"].as_str().unwrap();
    let log = fs::read_to_string(station.data().join("uart").join(format!("{run}.log"))).unwrap();
    // A reset may put a glitch on the line, which is read as a NUL; no text comes before the banner.
    let text = log.trim_start_matches(['\0', '\n']);
    assert!(text.starts_with("ESP-ROM:esp32c3-api1-20210207\r\n") && log.len() - text.len() <= 2, "{log:?}");
    let user = unit.sessions()[0]["mqtt_username"].as_str().unwrap();
    let device = unit.sessions()[0]["device_id"].as_str().unwrap();
    let lines = [
        "boot: Loaded app from partition".to_owned(),
        "iotmer_wifi: WiFi connected, IP:".to_owned(),
        "iotmer_provision: HTTPS POST https://".to_owned(),
        "iotmer_provision: MQTT (from provision): host=".to_owned(),
        format!("username={user} "),
        format!("iotmer_client: init complete (device_id={device}"),
        "iotmer_client: MQTT connected".to_owned(),
    ];
    lines.iter().fold(log.as_str(), |rest, line| {
        let (_, rest) = rest.split_once(line.as_str()).unwrap_or_else(|| panic!("no {line:?} in its place in {log}"));
        rest
    });
}

/// OpenSSL finds the way from the unit's certificate to the station's root.
fn assert_certificate_verifies(station: &Station, unit: &Unit) {
    let file = station.data().join("unit.pem");
    fs::write(&file, unit.certificates()[0]["pem"].as_str().unwrap()).unwrap();
    let ca = |name: &str| station.data().join("ca").join(name).display().to_string();
    let (root, intermediate) = (ca("root.pem"), ca("intermediate.pem"));
    let file = file.display().to_string();
    let purpose = ["verify", "-x509_strict", "-purpose", "sslclient", "-CAfile", &root, "-untrusted", &intermediate];
    let output = run_tool("openssl", &[&purpose[..], &[&file]].concat());
    assert!(output.status.success(), "{output:?}");
}

fn assert_nothing_is_shared(station: &Station, units: &[Unit]) {
    let audit = station.audit();
    for (kind, field) in [
        ("serial.allocated", "serial"),
        ("code.issued", "code"),
        ("session.issued", "device_id"),
        ("session.issued", "mqtt_username"),
        ("certificate.issued", "fingerprint"),
    ] {
        assert_eq!(audit.distinct(kind, field).len(), units.len(), "{kind} {field}");
    }
    let numbers: BTreeSet<String> = audit.of_kind("certificate.issued").into_iter().map(|(serial, _)| serial).collect();
    assert_eq!(numbers.len(), units.len(), "certificate serial numbers");
    let serials: BTreeSet<&str> = units.iter().map(|unit| unit.serial().unwrap()).collect();
    assert_eq!(serials.len(), units.len());
    let secrets =
        (1..=8).map(|n| Secrets::in_flash(&fs::read(station.data().join(format!("demo/unit-{n}.flash"))).unwrap()));
    let secrets: Vec<Secrets> = secrets.collect();
    for key in ["mqtt_password", "dht", "key_pem"] {
        let values: BTreeSet<&str> = secrets.iter().flat_map(|secrets| secrets.of(key)).collect();
        assert_eq!(values.len(), units.len(), "{key}");
    }
    assert!(secrets.iter().all(|secrets| secrets.of("auth_code").is_empty()), "the one-time codes are gone");
}
