//! What a unit prints when it boots, line by line against logs captured from the real ROM and second stage. Only the
//! times, and the checksums of the damaged image, may differ.

mod support;

use support::{APP_OFFSET, Bench, TABLE_OFFSET, app_image, factory_table, table};
use virtual_unit::{Fault, Straps, image};

fn reference(name: &str) -> Vec<String> {
    let path = format!("{}/tests/logs/esp32c3-{name}.log", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).expect("a captured log");
    text.lines().map(str::to_owned).filter(|line| !line.contains("Hello world")).collect()
}

/// Takes out what differs from boot to boot.
fn normal(lines: Vec<String>) -> Vec<String> {
    let line = |line: String| {
        let Some((level, rest)) = line.split_once(" (") else { return line };
        let Some((_time, text)) = rest.split_once(") ") else { return line };
        if !["I", "W", "E"].contains(&level) {
            return line;
        }
        let text = text.split_once("Calculated").map_or(text, |(before, _)| before);
        format!("{level} (n) {text}")
    };
    lines.into_iter().map(line).collect()
}

/// The image of the captured logs: these segments, and no appended hash.
fn captured_app() -> Vec<u8> {
    let segments =
        [(0x3c00_0020_u32, 0x530_u32), (0x3fc8_0834, 0x13c), (0x4038_0000, 0x834), (0, 0xf140), (0x4201_0020, 0x1a80)];
    let mut bytes = vec![0; 24];
    bytes[..4].copy_from_slice(&[0xe9, 5, 2, 0x20]);
    bytes[12] = 5;
    let mut sum = 0xef;
    for (address, length) in segments {
        bytes.extend(address.to_le_bytes());
        bytes.extend(length.to_le_bytes());
        bytes.extend((0..length).map(|index| index as u8));
        sum = (0..length).fold(sum, |sum, index| sum ^ index as u8);
    }
    bytes.resize((bytes.len() + 1).next_multiple_of(16) - 1, 0);
    bytes.push(sum);
    bytes
}

fn flashed(app: &[u8]) -> Bench {
    let bench = Bench::new();
    bench.flash().write(0, &image::bootloader(1)).expect("a working bench");
    bench.flash().write(TABLE_OFFSET, &factory_table()).expect("a working bench");
    bench.flash().write(APP_OFFSET, app).expect("a working bench");
    bench
}

fn assert_prints(bench: &Bench, straps: Straps, name: &str) {
    let expected = reference(name);
    assert_eq!(normal(bench.log(straps, expected.len())), normal(expected), "{name}");
}

#[test]
fn a_sound_image_boots_with_the_captured_lines() {
    assert_prints(&flashed(&captured_app()), Straps::Run, "boot-good");
}

#[test]
fn blank_flash_is_an_invalid_header_for_ever() {
    assert_prints(&Bench::new(), Straps::Run, "blank-flash");
}

#[test]
fn download_straps_lead_into_the_loader() {
    assert_prints(&Bench::new(), Straps::Download, "download-mode");
}

#[test]
fn a_flipped_byte_fails_the_checksum_and_the_chip_tries_again() {
    let mut app = captured_app();
    app[0x100] ^= 1;
    assert_prints(&flashed(&app), Straps::Run, "app-payload-byte-flipped");
}

#[test]
fn a_wrong_magic_byte_is_not_bootable() {
    let mut app = captured_app();
    app[0] = 0;
    assert_prints(&flashed(&app), Straps::Run, "app-bad-magic");
}

#[test]
fn an_erased_app_is_not_bootable() {
    assert_prints(&flashed(&[]), Straps::Run, "app-erased");
}

#[test]
fn a_missing_partition_table_is_said() {
    let bench = Bench::new();
    bench.flash().write(0, &image::bootloader(1)).expect("a working bench");
    assert_prints(&bench, Straps::Run, "no-partition-table");
}

#[test]
fn a_wrong_hash_is_said() {
    let mut app = app_image(0x8000);
    *app.last_mut().expect("a working bench") ^= 1;
    let log = flashed(&app).log(Straps::Run, 25);
    assert!(log.iter().any(|line| line.ends_with("esp_image: Image hash failed - image is corrupt")), "{log:#?}");
}

#[test]
fn an_app_says_its_project_and_version() {
    let log = flashed(&app_image(0x8000)).log(Straps::Run, 37);
    for line in ["app_init: Project name:     meter", "app_init: App version:      1.2.3", "Calling app_main()"] {
        assert!(log.iter().any(|found| found.ends_with(line)), "no {line} in {log:#?}");
    }
}

#[test]
fn empty_ota_data_without_a_factory_app_boot_slot_0() {
    let bench = Bench::new();
    let rows = [("otadata", 1, 0, 0xd000, 0x2000), ("ota_0", 0, 0x10, APP_OFFSET, 0x10_0000)];
    bench.flash().write(0, &image::bootloader(1)).expect("a working bench");
    bench.flash().write(TABLE_OFFSET, &table(&rows)).expect("a working bench");
    bench.flash().write(APP_OFFSET, &app_image(0x8000)).expect("a working bench");
    let log = normal(bench.log(Straps::Run, 23));
    assert!(log.contains(&"I (n) boot: No factory image, trying OTA 0".to_owned()), "{log:#?}");
    assert!(log.contains(&"I (n) boot: Loaded app from partition at offset 0x10000".to_owned()), "{log:#?}");
}

#[test]
fn a_boot_loop_panics_and_boots_again() {
    let bench = flashed(&app_image(0x8000));
    bench.unit.faults().set(Fault::BootLoop);
    let log = bench.log(Straps::Run, 100);
    assert!(log.iter().any(|line| line.starts_with("Guru Meditation Error: Core  0 panic'ed")), "{log:#?}");
    assert!(log.iter().any(|line| line.starts_with("rst:0xc (RTC_SW_CPU_RST)")), "{log:#?}");
}

#[test]
fn a_unit_that_is_silent_after_its_boot_starts_no_app() {
    let bench = flashed(&app_image(0x8000));
    bench.unit.faults().set(Fault::SilentAfterBoot);
    let mut port = bench.open();
    bench.reset(Straps::Run);
    let log = support::read_lines(&mut port, 23);
    assert!(
        log.last().expect("a working bench").ends_with("boot: Loaded app from partition at offset 0x10000"),
        "{log:#?}"
    );
    let more = std::io::Read::read(&mut port, &mut [0; 64]);
    assert_eq!(more.unwrap_err().kind(), std::io::ErrorKind::TimedOut);
}
