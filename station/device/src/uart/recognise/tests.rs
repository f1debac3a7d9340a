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
fn only_the_first_bytes_are_the_first() {
    let mut recogniser = Recogniser::default();
    assert_eq!(recogniser.bytes_came(), Some(UartFact::FirstByte));
    assert_eq!(recogniser.bytes_came(), None);
}

proptest::proptest! {
    #[test]
    fn any_line_is_read_without_panic(line in ".*") {
        let _ = Recogniser::default().line(&line);
    }
}
