//! The public esptool, unchanged, on a unit: every operation that a line needs, with the stub and without.

mod support;

use std::path::Path;
use std::process::Output;

use support::{Bench, app_image};
use virtual_unit::{Fault, FlashSize, Straps};

const WITH_STUB: &[&str] = &[];
const WITHOUT_STUB: &[&str] = &["--no-stub"];

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// Runs esptool with `mode` and `arguments`; it must succeed and print `expected`.
fn succeeds(bench: &Bench, mode: &[&str], arguments: &[&str], expected: &str) {
    let output = bench.esptool(&[mode, arguments].concat());
    let said = text(&output);
    assert!(output.status.success() && said.contains(expected), "{mode:?} {arguments:?}: {said}");
}

/// Runs esptool; it must fail and print `expected`.
fn fails(bench: &Bench, mode: &[&str], arguments: &[&str], expected: &str) {
    let output = bench.esptool(&[mode, arguments].concat());
    let said = text(&output);
    assert!(!output.status.success() && said.contains(expected), "{mode:?} {arguments:?}: {said}");
}

fn plain(path: &Path) -> &str {
    path.to_str().expect("a plain path")
}

/// Writes, verifies and reads back an image, compressed and not, then erases a sector of it.
fn flash_operations(bench: &Bench, mode: &[&str]) {
    let (image, back) = (bench.dir.path().join("app.bin"), bench.dir.path().join("back.bin"));
    let bytes = app_image(0x1_8000);
    std::fs::write(&image, &bytes).expect("a file of the bench");
    let (image, back) = (plain(&image), plain(&back));
    succeeds(bench, mode, &["write-flash", "0x10000", image], "Hash of data verified");
    succeeds(bench, mode, &["write-flash", "--no-compress", "0x40000", image], "Hash of data verified");
    for (offset, place) in [("0x10000", 0x1_0000), ("0x40000", 0x4_0000)] {
        succeeds(bench, mode, &["verify-flash", offset, image], "Verification successful");
        assert!(bench.flash().read_vec(place, bytes.len() as u32).expect("a file of the bench") == bytes);
    }
    succeeds(bench, mode, &["read-flash", "0x40000", "0x5123", back], "");
    assert!(std::fs::read(back).expect("a file of the bench") == bytes[..0x5123]);
    succeeds(bench, mode, &["erase-region", "0x41000", "0x1000"], "");
    let expected = [&bytes[..0x1000], &[0xff; 0x1000], &bytes[0x2000..0x3000]].concat();
    assert!(bench.flash().read_vec(0x4_0000, 0x3000).expect("a file of the bench") == expected);
}

fn questions(bench: &Bench, mode: &[&str]) {
    succeeds(bench, mode, &["chip-id"], "ESP32-C3 (QFN32) (revision v0.3)");
    succeeds(bench, mode, &["flash-id"], "Detected flash size: 4MB");
    succeeds(bench, mode, &["read-mac"], "02:00:00:00:00:01");
    succeeds(bench, mode, &["get-security-info"], "Flash Encryption: Disabled");
}

#[test]
fn the_rom_answers_what_a_tool_asks() {
    questions(&Bench::new(), WITHOUT_STUB);
}

#[test]
fn the_stub_answers_what_a_tool_asks_and_stays_for_the_next_run() {
    questions(&Bench::new(), WITH_STUB);
}

#[test]
fn a_reset_leads_from_the_stub_back_to_the_rom() {
    let bench = Bench::new();
    succeeds(&bench, WITH_STUB, &["chip-id"], "Stub flasher running");
    succeeds(&bench, WITH_STUB, &["chip-id"], "Stub flasher is already running");
    bench.reset(Straps::Download);
    succeeds(&bench, WITHOUT_STUB, &["chip-id"], "ESP32-C3");
    succeeds(&bench, WITH_STUB, &["chip-id"], "Uploading stub flasher");
}

#[test]
fn flash_is_written_verified_read_and_erased_by_the_rom() {
    flash_operations(&Bench::new(), WITHOUT_STUB);
}

#[test]
fn flash_is_written_verified_read_and_erased_by_the_stub() {
    flash_operations(&Bench::new(), WITH_STUB);
}

#[test]
fn the_stub_erases_the_whole_chip_and_the_rom_cannot() {
    let bench = Bench::new();
    bench.flash().write(0x12_3456, b"something").unwrap();
    fails(&bench, WITHOUT_STUB, &["erase-flash"], "does not support function erase_flash");
    succeeds(&bench, WITH_STUB, &["erase-flash"], "Flash memory erased successfully");
    assert!(bench.flash().read_vec(0, FlashSize::Mb4.bytes()).unwrap().iter().all(|&byte| byte == 0xff));
}

#[test]
fn the_baud_rate_is_changed_in_rom_and_stub() {
    for mode in [WITHOUT_STUB, WITH_STUB] {
        let bench = Bench::with(|options| options.paced = true);
        succeeds(&bench, &[mode, &["--baud", "921600"]].concat(), &["flash-id"], "Changed.");
        assert_eq!(bench.unit.status().baud, 921_600);
    }
}

#[test]
fn a_unit_left_at_another_baud_rate_is_not_heard_until_its_reset() {
    let bench = Bench::new();
    succeeds(&bench, &["--baud", "921600"], &["chip-id"], "Changed.");
    fails(&bench, &["--connect-attempts", "1"], &["chip-id"], "Failed to connect");
    bench.reset(Straps::Download);
    succeeds(&bench, WITH_STUB, &["chip-id"], "Stub flasher running");
}

#[test]
fn a_wrong_flash_size_and_a_wrong_chip_are_what_the_tool_sees() {
    let small = Bench::faulty(Fault::WrongFlashSize { size: FlashSize::Mb2 });
    succeeds(&small, WITHOUT_STUB, &["flash-id"], "Detected flash size: 2MB");
    let foreign = Bench::faulty("wrong-chip=esp32c6".parse().unwrap());
    succeeds(&foreign, WITHOUT_STUB, &["read-mac"], "ESP32-C6");
}
