use firstpass_domain::{DiagnosisCode, evidence::TlsFault};

use super::*;

/// What a log says, line by line.
fn facts_of(log: &str) -> Vec<UartFact> {
    let mut recogniser = Recogniser::default();
    log.lines().flat_map(|line| recogniser.line(line)).collect()
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

/// What one line says.
fn fact_of(line: &str) -> Option<UartFact> {
    let mut facts = facts_of(line);
    assert!(facts.len() < 2, "{line}: {facts:?}");
    facts.pop()
}

#[test]
fn wifi_tells_why_it_ended_in_every_form() {
    let left = |reason| Some(UartFact::WifiDisconnected { reason });
    for (line, fact) in [
        ("W (900) iotmer_wifi: WiFi disconnected, retry 1/5", left(None)),
        ("W (900) iotmer_wifi: WiFi disconnected, retry 1/5 (reason=201)", left(Some(201))),
        ("I (900) wifi:state: run -> init (0xf00)", left(Some(15))),
        ("I (900) wifi:state: run -> init (fc0)", left(Some(15))),
        ("I (900) wifi:state: auth -> init (0x200)", left(Some(2))),
        ("I (900) wifi:state: init -> auth (0xb0)", None),
        ("W (900) wifi station: disconnected, reason: 204", left(Some(204))),
        ("W (900) wifi_init: STA disconnected (reason 15)", left(Some(15))),
        ("I (900) other: disconnected, reason: 204", None),
        (
            "I (900) wifi:connected with line-3, aid = 1, channel 6, BW20, bssid = 0a:00:00:00:00:01",
            Some(UartFact::WifiJoined),
        ),
        (
            "E (900) iotmer_wifi: WiFi connect failed after 5 retries",
            Some(UartFact::NetworkFailed { text: "WiFi connect failed after 5 retries".into() }),
        ),
        (
            "I (900) esp_netif_handlers: sta ip: 10.0.0.7, mask: 255.255.255.0, gw: 10.0.0.1",
            Some(UartFact::NetworkUp { ip: Some([10, 0, 0, 7].into()) }),
        ),
        (
            "I (900) iotmer_wifi: WiFi connected, IP:10.0.0.7",
            Some(UartFact::NetworkUp { ip: Some([10, 0, 0, 7].into()) }),
        ),
        ("I (900) iotmer_wifi: WiFi connected, IP:?", Some(UartFact::NetworkUp { ip: None })),
    ] {
        assert_eq!(fact_of(line), fact, "{line}");
    }
}

#[test]
fn a_name_that_is_not_resolved_is_told() {
    for line in [
        "E (9) esp-tls: couldn't get hostname for :station.example: getaddrinfo() returns 202, addrinfo=0x0",
        "\u{1b}[0;31mE (9) example: DNS lookup failed err=202 res=0x0\u{1b}[0m",
    ] {
        assert!(matches!(fact_of(line), Some(UartFact::DnsFailed { .. })), "{line}");
    }
}

#[test]
fn each_reason_of_mbed_tls_is_told_apart() {
    let info = |text: &str| format!("I (9) esp-tls-mbedtls: verification info:   ! {text}");
    for (line, wanted) in [
        (info("The certificate is not correctly signed by the trusted CA"), Some(TlsFault::UnknownCa)),
        ("E (9) esp-x509-crt-bundle: No matching trusted root certificate found".into(), Some(TlsFault::UnknownCa)),
        (info("The certificate Common Name (CN) does not match with the expected CN"), Some(TlsFault::WrongName)),
        (info("The certificate validity has expired"), Some(TlsFault::Expired)),
        (info("The certificate validity starts in the future"), Some(TlsFault::NotYetValid)),
        (info("Usage does not match the extendedKeyUsage extension"), Some(TlsFault::Other)),
        ("  ! The certificate validity has expired".into(), Some(TlsFault::Expired)),
        ("E (9) esp-tls-mbedtls: mbedtls_ssl_handshake returned -0x2700".into(), Some(TlsFault::Other)),
        ("E (9) esp-tls-mbedtls: mbedtls_ssl_handshake returned -0x7780".into(), Some(TlsFault::Other)),
        ("E (9) esp-tls-mbedtls: mbedtls_ssl_handshake returned -0x7280".into(), None),
        ("E (9) esp-tls-mbedtls: mbedtls_ssl_handshake returned -0x0050".into(), None),
        ("E (9) esp-tls: Failed to open new connection".into(), None),
    ] {
        let fault = match fact_of(&line) {
            Some(UartFact::TlsFailed { fault, .. }) => Some(fault),
            other => other.map(|fact| panic!("{line}: {fact:?}")),
        };
        assert_eq!(fault, wanted, "{line}");
    }
}

#[test]
fn errors_of_nvs_are_told_by_name_but_not_a_key_that_was_never_written() {
    for (line, error) in [
        ("E (9) app: nvs_set_str: ESP_ERR_NVS_KEY_TOO_LONG", Some("ESP_ERR_NVS_KEY_TOO_LONG")),
        ("E (9) iotmer_nvs: NVS cannot be written: ESP_ERR_NVS_NOT_ENOUGH_SPACE", Some("ESP_ERR_NVS_NOT_ENOUGH_SPACE")),
        ("E (9) iotmer_nvs: NVS cannot be written: ESP_ERR_FLASH_OP_FAIL", Some("ESP_ERR_FLASH_OP_FAIL")),
        ("E (9) iotmer_nvs: NVS cannot be read: ESP_FAIL", Some("ESP_FAIL, reading")),
        (
            "ESP_ERROR_CHECK failed: esp_err_t 0x110d (ESP_ERR_NVS_NO_FREE_PAGES) at 0x42008d2a",
            Some("ESP_ERR_NVS_NO_FREE_PAGES"),
        ),
        ("W (9) app: nvs_get_str: ESP_ERR_NVS_NOT_FOUND", None),
        ("I (9) app: all ESP_ERR_NVS_ names", None),
    ] {
        let fact = error.map(|error| UartFact::NvsFailed { error: error.to_owned() });
        assert_eq!(fact_of(line), fact, "{line}");
    }
}

#[test]
fn a_client_names_its_class_in_both_spellings() {
    for (line, wanted) in [
        ("Error occurred : MbedCloudClient::ConnectBootstrapFailed", Some("BootstrapFailed")),
        ("[ERR ][mcc]: MbedCloudClient::ConnectorFailedToStoreCredentials", Some("FailedToStoreCredentials")),
        ("E (9) client: error ConnectDnsResolvingFailed (11)", Some("DnsResolvingFailed")),
        ("MbedCloudClient error: InvalidCredentials", Some("InvalidCredentials")),
        ("E (9) iotmer_client: client error SecureConnectionFailed", Some("SecureConnectionFailed")),
        ("E (9) iotmer_provision: prov_url is empty: cannot provision", Some("InvalidParameters")),
        ("I (9) app: Timeout after 3 s", None),
        ("I (9) app: Connection", None),
    ] {
        let class = match fact_of(line) {
            Some(UartFact::ClientError { class, .. }) => Some(class),
            other => other.map(|fact| panic!("{line}: {fact:?}")),
        };
        assert_eq!(class.as_deref(), wanted, "{line}");
    }
}

#[test]
fn the_details_of_a_class_stand_on_the_line_after_it() {
    let log = "Error occurred : MbedCloudClient::ConnectBootstrapFailed\nError details : device quota reached\n";
    let codes: Vec<_> = facts_of(log).iter().filter_map(UartFact::diagnosis).collect();
    assert_eq!(codes, [DiagnosisCode::BootstrapRejected, DiagnosisCode::BootstrapQuota]);
    assert_eq!(facts_of("Error details : device quota reached\n"), []);
}

#[test]
fn faults_of_bluetooth_and_of_its_build_are_told() {
    for (line, wanted) in [
        ("E (9) ble: ble_gap_adv_set_fields failed: rc=4", Some(DiagnosisCode::BleAdvertisementTooLong)),
        ("E (9) ble: adv: BLE_HS_EMSGSIZE", Some(DiagnosisCode::BleAdvertisementTooLong)),
        ("I (9) ble: adv_set_fields ok", None),
        ("I (9) ble: service 1d14d6ee-0001-4000-2480-b5a3c0ffee01", Some(DiagnosisCode::BleUuidByteOrder)),
        ("I (9) ble: service 1d14d6ee-0001-4000-8024-b5a3c0ffee01", None),
        ("I (9) ble: service 1D14D6EE-0001-4000-8024-B5A3C0FFEE01 not found", None),
        (
            "main/ble.c:12:10: fatal error: host/ble_gap.h: No such file or directory",
            Some(DiagnosisCode::BleComponentMissing),
        ),
        (
            "However, bt component(s) is not in the requirements list of \"main\".",
            Some(DiagnosisCode::BleComponentMissing),
        ),
        (
            "main/ble.c:31:5: error: 'CONFIG_BT_NIMBLE_MAX_CONNECTIONS' undeclared (first use in this function)",
            Some(DiagnosisCode::BuildConfigurationStale),
        ),
    ] {
        let code = match fact_of(line) {
            Some(UartFact::FirmwareFault { code, .. }) => Some(code),
            other => other.map(|fact| panic!("{line}: {fact:?}")),
        };
        assert_eq!(code, wanted, "{line}");
    }
}

#[test]
fn a_panic_brings_the_beginning_of_its_trace_and_a_brown_out_comes_once_a_boot() {
    let log = "Guru Meditation Error: Core  0 panic'ed (Load access fault). Exception was unhandled.\n\
        Core  0 register dump:\nMEPC    : 0x4200a1b2  RA      : 0x4200a1a0\nStack memory:\n3fc92c80: 0x00000000\n\
        Backtrace: 0x4200a1b2:0x3fc92c80\nBacktrace: again\n";
    let kinds: Vec<bool> = facts_of(log).iter().map(|fact| matches!(fact, UartFact::Backtrace { .. })).collect();
    assert_eq!(kinds, [false, true, true, true]);
    let low = "Brownout detector was triggered\nE (9) BOD: Brownout detector was triggered\n";
    assert_eq!(facts_of(low), [UartFact::BrownOut]);
}

#[test]
fn a_refused_login_tells_its_delay_as_well() {
    let line = "W (9) iotmer_client: MQTT CONNACK auth failure (rc=5) — next reconnect uses 30000 ms backoff\n";
    assert_eq!(facts_of(line), [UartFact::MqttRefused { code: 5 }, UartFact::BackingOff { delay_ms: 30_000 }]);
    let line = "W (9) iotmer_provision: next attempt in 4000 ms (NetworkError)\n";
    assert_eq!(facts_of(line), [UartFact::BackingOff { delay_ms: 4000 }]);
}

#[test]
fn trouble_without_end_is_told_so_often_only_and_again_after_progress() {
    let trouble = "W (9) iotmer_wifi: WiFi disconnected, retry 1/5\n";
    let many = trouble.repeat(10 * usize::from(TROUBLES_MAX));
    assert_eq!(facts_of(&many).len(), usize::from(TROUBLES_MAX));
    let again = format!("{many}I (9) iotmer_client: MQTT connected\n{trouble}");
    assert_eq!(facts_of(&again).len(), usize::from(TROUBLES_MAX) + 2);
}

#[test]
fn a_fact_keeps_only_the_beginning_of_a_long_text() {
    let line = format!("Guru Meditation Error: {}", "x".repeat(4096));
    let Some(UartFact::Panicked { text }) = fact_of(&line) else { panic!("no panic") };
    assert_eq!(text.chars().count(), TEXT_MAX);
}

proptest::proptest! {
    #[test]
    fn any_line_is_read_without_panic(line in ".*") {
        let _ = Recogniser::default().line(&line);
    }

    #[test]
    fn any_line_that_begins_like_a_known_one_is_read_without_panic(
        begin in proptest::sample::select(vec![
            "I (9) wifi:state: run -> init (", "W (9) iotmer_wifi: WiFi disconnected, retry 1/5 reason", "rst:0x",
            "E (9) esp-tls-mbedtls: mbedtls_ssl_handshake returned ", "E (9) iotmer_nvs: NVS cannot be read: ",
            "ESP_ERR_NVS_", "I (9) esp_netif_handlers: sta ip: ", "I (73) boot: Loaded app from partition at offset 0x",
            "MbedCloudClient::Connect", "W (9) iotmer_client: MQTT CONNACK auth failure (rc=4) uses ",
        ]),
        rest in ".*",
    ) {
        let _ = Recogniser::default().line(&format!("{begin}{rest}"));
    }
}
