use super::*;

/// What a log says, line by line.
fn facts_of(log: &str) -> Vec<UartFact> {
    let mut recogniser = Recogniser::default();
    log.lines().filter_map(|line| recogniser.line(line)).collect()
}

fn boot_failed(text: &str) -> UartFact {
    UartFact::BootFailed { text: text.to_owned() }
}

#[test]
fn a_good_boot_loads_its_app_once() {
    let log = include_str!("testdata/boot-good.log");
    assert_eq!(facts_of(log), [UartFact::AppLoaded { offset: Some(0x1_0000) }]);
}

#[test]
fn the_partition_that_was_loaded_is_told_unless_its_offset_arrived_damaged() {
    for (end, offset) in [
        (" at offset 0x110000", Some(0x11_0000)),
        (" at offset 0x110000\u{1b}[0m", Some(0x11_0000)),
        (" at offset 0x11\u{fffd}000", None),
        (" at offset 0x123456789", None),
        ("", None),
    ] {
        let line = format!("I (73) boot: Loaded app from partition{end}\n");
        assert_eq!(facts_of(&line), [UartFact::AppLoaded { offset }], "{line}");
    }
}

#[test]
fn each_damaged_flash_is_a_boot_failure_with_its_first_line_once_a_boot() {
    let restarted = UartFact::Restarted { reason: "0x3 (RTC_SW_SYS_RST)".into() };
    let checksum = boot_failed("E (71) esp_image: Checksum failed. Calculated 0x76 read 0x89");
    let log = include_str!("testdata/app-damaged-twice.log");
    assert_eq!(facts_of(log), [checksum.clone(), restarted.clone(), checksum]);
    for (line, more) in [
        ("E (9) esp_image: image at 0x10000 has invalid magic byte (nothing flashed here?)", ""),
        ("E (4) flash_parts: partition 0 invalid magic number 0xffff", "E (4) boot: Failed to verify partition table"),
        ("invalid header: 0xffffffff", "invalid header: 0xffffffff"),
    ] {
        let log = format!("rst:0x1 (POWERON),boot:0x8 (SPI_FAST_FLASH_BOOT)\n{line}\n{more}\n");
        assert_eq!(facts_of(&log), [boot_failed(line)]);
    }
}

#[test]
fn a_second_banner_is_a_restart_with_its_reason_even_if_noise_came_before_the_first() {
    let log =
        "rst:0x1 (POWERON),boot:0x8 (SPI_FAST_FLASH_BOOT)\nrst:0xc (RTC_SW_CPU_RST),boot:0x8 (SPI_FAST_FLASH_BOOT)\n";
    assert_eq!(facts_of(log), [UartFact::Restarted { reason: "0xc (RTC_SW_CPU_RST)".into() }]);
}

#[test]
fn download_straps_are_recognised_on_new_and_old_roms() {
    assert_eq!(facts_of("wait uart0 download\n"), [UartFact::DownloadMode]);
    assert_eq!(facts_of("waiting for download\n"), [UartFact::DownloadMode]);
}

#[test]
fn a_panic_is_told_once_a_boot() {
    let log = "Guru Meditation Error: Core  0 panic'ed (Load access fault). Exception was unhandled.\nabort() was called at PC 0x4200\n";
    let text = log.lines().next().unwrap().to_owned();
    assert_eq!(facts_of(log), [UartFact::Panicked { text }]);
}

#[test]
fn lines_of_the_contract_are_facts_in_colour_as_well() {
    assert_eq!(facts_of("\u{1b}[0;32mI (900) iotmer_client: MQTT connected\u{1b}[0m\n"), [UartFact::MqttConnected]);
    assert_eq!(facts_of("W (900) iotmer_wifi: WiFi disconnected, retry 1/5\n"), []);
    assert_eq!(facts_of("\u{1b}[0;31mE (9) boot: OTA app partition slot 0 is not bootable\u{1b}[0m\n").len(), 1);
}

#[test]
fn a_restart_is_told_even_if_the_first_banner_was_lost_or_damaged() {
    let restarted = UartFact::Restarted { reason: "0xc (RTC_SW_CPU_RST)".into() };
    for first in [
        "ESP-ROM:esp32c3-api1-20210207\nrst:0x\u{fffd} (POWERON),bo\nload:0x3fcd5830,len:0x1404",
        "entry 0x403cbf1a",
        "I (0) boot: ESP-IDF v6.1-829-g9a97f6c54ec 2nd stage bootloader",
        "I (65) esp_image: segment 4: paddr=00020020 vaddr=42010020 size=01a80h (  6784) map",
        "I (73) boot: Loaded app from partition at offset 0x10000",
        "I (310) main_task: Calling app_main()",
        "I (900) iotmer_client: MQTT connected",
    ] {
        let log = format!(
            "{first}\nESP-ROM:esp32c3-api1-20210207\nrst:0xc (RTC_SW_CPU_RST),boot:0x8 (SPI_FAST_FLASH_BOOT)\n"
        );
        assert_eq!(facts_of(&log).last(), Some(&restarted), "{first}");
    }
}

#[test]
fn what_the_rom_says_before_its_banner_and_noise_are_no_boot() {
    let log = "\0\nwhat\u{fffd}ever\nESP-ROM:esp32c3-api1-20210207\nBuild:Feb  7 2021\n\
        rst:0x1 (POWERON),boot:0x8 (SPI_FAST_FLASH_BOOT)\n";
    assert_eq!(facts_of(log), []);
}

#[test]
fn only_the_first_bytes_are_the_first() {
    let mut recogniser = Recogniser::default();
    assert_eq!(recogniser.bytes_came(b"ESP-R"), Some(UartFact::FirstByte));
    assert_eq!(recogniser.bytes_came(b"OM:"), None);
}

#[test]
fn a_glitch_of_the_reset_is_not_the_first_byte() {
    let mut recogniser = Recogniser::default();
    assert_eq!(recogniser.bytes_came(b"\0\n"), None);
    assert_eq!(recogniser.bytes_came(b"\0\0\r\n"), None);
    assert_eq!(recogniser.bytes_came(b"\0\nE"), Some(UartFact::FirstByte));
}

#[test]
fn bytes_at_a_wrong_baud_rate_are_a_first_byte() {
    assert_eq!(Recogniser::default().bytes_came(&[0x9c, 0xff, 0x80]), Some(UartFact::FirstByte));
}

proptest::proptest! {
    #[test]
    fn any_line_is_read_without_panic(line in ".*") {
        let _ = Recogniser::default().line(&line);
    }
}
