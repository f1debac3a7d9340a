//! Each fault of the boot, in what the unit prints.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use std::io::Read;

use support::{APP_OFFSET, Bench, TABLE_OFFSET, app_image, factory_table, table};
use virtual_unit::{Fault, Straps, image};

/// A unit with a sound app and this fault.
fn flashed(fault: Fault) -> Bench {
    let bench = Bench::new();
    bench.flash().write(0, &image::bootloader(1)).unwrap();
    bench.flash().write(TABLE_OFFSET, &factory_table()).unwrap();
    bench.flash().write(APP_OFFSET, &app_image(0x8000)).unwrap();
    bench.unit.faults().set(fault);
    bench
}

/// What the unit prints in `count` lines.
fn log(fault: Fault, count: usize) -> String {
    flashed(fault).log(Straps::Run, count).join("\n")
}

#[track_caller]
fn assert_in_order(log: &str, texts: &[&str]) {
    let mut rest = log;
    for text in texts {
        let at = rest.find(text).unwrap_or_else(|| panic!("`{text}` is missing in:\n{log}"));
        rest = &rest[at + text.len()..];
    }
}

#[test]
fn a_brown_out_is_told_by_the_app_or_by_the_rom_again_and_again() {
    let log = log(Fault::BrownOut, 130);
    let texts = [
        "Calling app_main()",
        "E BOD: Brownout detector was triggered",
        "rst:0x3 (RTC_SW_SYS_RST),boot:0x8 (SPI_FAST_FLASH_BOOT)",
        "Calling app_main()",
        "rst:0xf (BROWNOUT_RST),boot:0x8 (SPI_FAST_FLASH_BOOT)",
        "E BOD: Brownout detector was triggered",
    ];
    assert_in_order(&log, &texts);
}

#[test]
fn a_panic_has_registers_and_stack_memory() {
    let texts =
        ["Guru Meditation Error", "MEPC    : 0x4200a5c4", "MHARTID : 0x00000000", "Stack memory:\n3fc91f50: 0x"];
    assert_in_order(&log(Fault::BootLoop, 100), &texts);
}

#[test]
fn a_flash_that_cannot_be_read_stops_the_rom_and_its_watchdog_tries_again() {
    let log = log(Fault::FlashReadErr, 16);
    assert_in_order(&log, &["load:0x3fcd5830", "flash read err, 1000", "ets_main.c 331", "rst:0x7 (TG0WDT_SYS_RST)"]);
    assert!(!log.contains("entry"), "{log}");
}

#[test]
fn a_wrong_header_is_repeated_for_ever() {
    let log = log(Fault::InvalidHeader, 6);
    assert_eq!(log.matches("invalid header: 0x301213f9").count(), 3, "{log}");
}

#[test]
fn a_stuck_strap_leads_into_the_loader_whatever_the_fixture_does() {
    let log = log(Fault::StuckInDownload, 4);
    assert_in_order(&log, &["rst:0x1 (POWERON),boot:0x2 (UART0_BOOT)", "wait uart0 download"]);
}

#[test]
fn the_wrong_slot_is_another_one_than_the_table_says() {
    let bench = flashed(Fault::WrongAppSlot);
    let rows = [
        ("otadata", 1, 0, 0xd000, 0x2000),
        ("ota_0", 0, 0x10, APP_OFFSET, 0x10_0000),
        ("ota_1", 0, 0x11, 0x11_0000, 0x10_0000),
    ];
    bench.flash().erase(TABLE_OFFSET, 0x1000).unwrap();
    bench.flash().write(TABLE_OFFSET, &table(&rows)).unwrap();
    bench.flash().write(0x11_0000, &app_image(0x8000)).unwrap();
    let log = bench.log(Straps::Run, 28).join("\n");
    assert_in_order(&log, &["trying OTA 0", "Loaded app from partition at offset 0x110000"]);
}

#[test]
fn an_image_for_newer_chips_does_not_run_on_an_old_one() {
    let log = log(Fault::OldRevision, 26);
    let texts = [
        "chip revision: v0.1",
        "boot_comm: Image requires chip rev >= v0.3, but chip is v0.1",
        "Factory app partition is not bootable",
    ];
    assert_in_order(&log, &texts);
}

#[test]
fn a_line_of_ones_own_comes_after_the_start() {
    assert_in_order(&log(Fault::LogLine { text: "BLE_HS_EMSGSIZE".into() }, 38), &["app_main()", "\nBLE_HS_EMSGSIZE"]);
}

#[test]
fn a_client_reports_its_class_in_its_own_words() {
    for (class, words) in [
        ("NetworkError", "Error occurred : MbedCloudClient::ConnectNetworkError"),
        ("InvalidCredentials", "Error occurred : MbedCloudClient::ConnectorInvalidCredentials"),
        ("BootstrapFailed: quota reached", "MbedCloudClient::ConnectBootstrapFailed\nError details : quota reached"),
    ] {
        assert_in_order(&log(Fault::ClientError { class: class.into() }, 40), &["app_main()", words]);
    }
}

#[test]
fn a_flood_of_noise_does_not_end() {
    let bench = flashed(Fault::Flood { baud: 2_000_000 });
    let mut port = bench.open();
    bench.reset(Straps::Run);
    let mut noise = vec![0; 200_000];
    port.read_exact(&mut noise).unwrap();
    let text = noise.iter().filter(|byte| byte.is_ascii_graphic()).count();
    assert!(text < noise.len() / 2, "{text} of it could be text");
}
