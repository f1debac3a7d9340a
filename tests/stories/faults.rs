//! Each fault that a unit can have ends in a failure that says what happened, and its neighbours are not disturbed.

use serde_json::Value;
use tests::{Injection, Outcome, Product, Station, VirtualUnit};

/// A fault, the codes that are right for it, the step that it shows in, and words that must be in what was seen.
struct Case {
    fault: &'static str,
    codes: &'static [&'static str],
    step: &'static str,
    seen: &'static str,
}

const CASES: &[Case] = &[
    Case { fault: "vanish=50000", codes: &["port_gone"], step: "flash", seen: "is not there" },
    Case { fault: "wrong-flash-size=8MB", codes: &["wrong_flash_size"], step: "identify", seen: "8MB instead of 4MB" },
    Case { fault: "wrong-chip=esp32s3", codes: &["wrong_chip"], step: "identify", seen: "esp32s3 instead of esp32c3" },
    Case { fault: "wrong-chip=esp32c6", codes: &["wrong_chip"], step: "identify", seen: "esp32c6 instead of esp32c3" },
    Case { fault: "bad-md5", codes: &["flash_verify_failed"], step: "flash", seen: "region bootloader" },
    Case { fault: "no-network", codes: &["network_failed"], step: "provision", seen: "Wi-Fi connection ended" },
    Case { fault: "silent-after-boot", codes: &["app_silent"], step: "provision", seen: "nothing for" },
    Case { fault: "boot-loop", codes: &["boot_loop"], step: "boot", seen: "" },
];

/// Faults that the line gets over by itself.
const HEALED: &[&str] = &["drop-ack=3", "corrupt-ack=3"];

/// The unit without a fault.
const HEALTHY: &str = "62:55:f9:00:30:00";

#[test]
fn each_fault_is_named_and_the_healthy_neighbour_passes() {
    let (station, product) = (Station::new(), Product::new());
    // Time for a healthy unit on a busy machine, and not much more: two of the faults are seen by waiting.
    let recipe = product.recipe(Injection::Nvs, &[("provision_s = 30", "provision_s = 20")]);
    let healthy = VirtualUnit::start(product.folder(), "healthy", HEALTHY, &[]);
    let faults = CASES.iter().map(|case| case.fault).chain(HEALED.iter().copied());
    let faulty: Vec<VirtualUnit> = faults.enumerate().map(|(index, fault)| faulty(&product, index, fault)).collect();
    let units: Vec<&VirtualUnit> = std::iter::once(&healthy).chain(&faulty).collect();
    let passed = 1 + HEALED.len() as u64;
    let outcome = station.flash(&recipe, &units, &[]).expect_code(1).expect_counts(passed, CASES.len() as u64);
    for (index, case) in CASES.iter().enumerate() {
        assert_is_told(&outcome, &index.to_string(), case);
        let unit = station.unit(&mac(index));
        assert!(case.codes.contains(&unit.states()[0]), "{}: {:?}", case.fault, unit.states());
        assert!(unit.sessions().iter().all(|session| session["revoked"].is_string()), "{}", case.fault);
    }
    for (index, fault) in (CASES.len()..).zip(HEALED) {
        let unit = station.unit(&mac(index));
        assert_eq!(unit.states(), ["passed"], "{fault}");
    }
    assert_eq!(station.unit(HEALTHY).states(), ["passed"]);
    station.audit();
}

#[test]
fn the_demo_shows_a_fault_with_its_remedy() {
    let station = Station::new();
    let outcome = station.run(["demo", "--units", "2", "--no-pacing", "--fault", "2=bad-md5"]).expect_code(1);
    let (_, failed) = outcome.stdout.split_once("62:55:f9:00:00:02   FAILED").expect("unit 2 is in the table");
    assert!(failed.contains("[flash_verify_failed]"), "{failed}");
    assert!(failed.contains("remedy: Try again once; if it stays, the flash chip is bad"), "{failed}");
    assert!(outcome.stdout.contains("1 passed, 1 failed"), "{}", outcome.stdout);
}

#[test]
fn a_fault_that_does_not_exist_is_refused_before_anything_starts() {
    let station = Station::new();
    for fault in ["1=gremlins", "9=bad-md5", "bad-md5"] {
        let outcome = station.json(["demo", "--units", "1", "--no-pacing", "--fault", fault]).expect_code(2);
        assert_eq!(outcome.problem()["code"], "fault_form", "{outcome:?}");
        assert!(!station.data().join("record.sqlite").exists());
    }
}

fn faulty(product: &Product, index: usize, fault: &str) -> VirtualUnit {
    VirtualUnit::start(product.folder(), &index.to_string(), &mac(index), &["--fault", fault])
}

fn mac(index: usize) -> String {
    format!("62:55:f9:00:31:{index:02x}")
}

/// The event names step, code, what was seen, cause and remedy.
fn assert_is_told(outcome: &Outcome, slot: &str, case: &Case) {
    let failed = outcome.events("failed").into_iter().find(|event| event["slot"] == slot);
    let failed = failed.unwrap_or_else(|| panic!("slot {slot} failed: {}", outcome.stdout));
    let problem = &failed["problem"];
    let text = |field: &str| problem[field].as_str().unwrap_or_default();
    assert!(case.codes.contains(&text("code")), "{}: {failed}", case.fault);
    assert_eq!(failed["step"], case.step, "{}: {failed}", case.fault);
    assert!(text("why").contains(case.seen), "{}: {failed}", case.fault);
    assert!([text("what"), text("remedy")].iter().all(|words| !words.is_empty()), "{failed}");
    assert!(failed["mac"] != Value::Null, "{}: who it was is known: {failed}", case.fault);
}
