//! Units that are Espressif's emulator: real ROM code, the real second stage and the real firmware go through the whole
//! line. Where the emulator or the firmware's image is absent, these stories say so and are skipped.

use std::{path::PathBuf, process::Command};

use tests::{Station, repository};

/// The folder of the firmware's images, or why there is nothing to tell.
fn images() -> Option<String> {
    let skipped = |why: &str| {
        eprintln!("skipped: {why}; docs/emulator.md tells how to get it");
        None
    };
    let help = Command::new("qemu-system-riscv32").args(["-machine", "help"]).output();
    let knows = |line: &str| line.split_whitespace().next() == Some("esp32c3");
    if !help.is_ok_and(|help| String::from_utf8_lossy(&help.stdout).lines().any(knows)) {
        return skipped("there is no qemu-system-riscv32 with the machine esp32c3 on the PATH");
    }
    let folder: PathBuf = repository().join("firmware/esp32c3/target/images/emulator");
    if !folder.join("emulator.bin").is_file() {
        return skipped("firmware/esp32c3/build --emulator has not been run");
    }
    Some(folder.display().to_string())
}

#[test]
fn an_emulated_chip_with_the_real_firmware_passes_the_whole_line() {
    let Some(images) = images() else { return };
    let station = Station::new();
    let outcome = station.json(["demo", "--unit-kind", "qemu", "--units", "1", "--images", &images]);
    let outcome = outcome.expect_code(0).expect_counts(1, 0);
    let begun: Vec<_> = outcome.events("step_began").iter().map(|event| event["step"].clone()).collect();
    assert_eq!(begun, ["identify", "prepare", "flash", "boot", "provision", "connect", "attest"]);
    let row = &station.json(["units", "list"]).expect_code(0).objects()[0];
    let unit = station.unit(row["mac"].as_str().unwrap());
    assert_eq!(unit.states(), ["passed"]);
    let run = unit.runs()[0]["run"].as_str().unwrap().to_owned();
    let log = std::fs::read_to_string(station.data().join("uart").join(format!("{run}.log"))).unwrap();
    for line in ["ESP-ROM:esp32c3-api1", "2nd stage bootloader", "iotmer_wifi: WiFi connected, IP:10.0.2.15"] {
        assert!(log.contains(line), "no {line:?} in {log}");
    }
    station.audit();
}

#[test]
fn without_the_firmware_the_demo_says_how_to_build_it() {
    let station = Station::new();
    let outcome = station.json(["demo", "--unit-kind", "qemu", "--images", "/nowhere"]).expect_code(2);
    let problem = &outcome.last()["problem"];
    let code = problem["code"].as_str().unwrap();
    assert!(["no_emulator", "no_emulator_image"].contains(&code), "{problem}");
    assert!(problem["remedy"].as_str().unwrap().contains("docs/emulator.md"), "{problem}");
}
