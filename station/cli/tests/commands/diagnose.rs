//! `diagnose`: a log is explained in every language, and what is no error is not taken for one.

use std::fs;

use crate::program::station;

const BAD: &str = "\
rst:0x1 (POWERON),boot:0x8 (SPI_FAST_FLASH_BOOT)\r
I (73) boot: Loaded app from partition at offset 0x10000\r
W (900) iotmer_wifi: WiFi disconnected, retry 1/5 (reason=15)\r
E (901) iotmer_wifi: WiFi connect failed after 5 retries\r
";
const GOOD: &str = "\
I (9) iotmer_wifi: WiFi connected, IP:10.0.0.2
I (9) iotmer_provision: provision skipped (no auth code; using stored session)
I (9) iotmer_ota: OTA skipped (same SHA256 as last applied build)
I (9) iotmer_client: MQTT connected
ble: characteristic 1D14D6EE-0101-4000-8024-B5A3C0FFEE01 not found
";

#[test]
fn a_log_with_trouble_is_explained_and_makes_exit_code_1() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("uart.log"), BAD).unwrap();
    let answer = station(folder.path(), &["diagnose", "uart.log"]);
    assert_eq!(answer.code, 1, "{}", answer.stderr);
    assert!(
        answer.stdout.starts_with("line 3: The Wi-Fi network does not let the unit in. [wifi_refused]"),
        "{}",
        answer.stdout
    );
    for language in ["de", "zh-Hans"] {
        let other = station(folder.path(), &["diagnose", "uart.log", "--language", language]);
        assert_ne!(other.stdout, answer.stdout, "{language}");
    }
    let rows = station(folder.path(), &["diagnose", "uart.log", "--json", "--language", "de"]).objects();
    assert_eq!(rows[0]["code"], "wifi_refused");
    let names = ["phase", "owner", "next"].map(|field| rows[0][field].as_str().unwrap());
    assert_eq!(names, ["network", "recipe", "rework"]);
    assert_eq!(rows[0]["lines"], serde_json::json!([3]));
}

#[test]
fn a_log_of_a_good_unit_makes_exit_code_0_and_tells_what_is_no_error() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("uart.log"), GOOD).unwrap();
    let answer = station(folder.path(), &["diagnose", "uart.log", "--json"]);
    assert_eq!(answer.code, 0, "{}", answer.stdout);
    let rows = answer.objects();
    let expected: Vec<_> = rows.iter().filter_map(|row| row["expected"].as_str()).collect();
    assert_eq!(expected, ["provision_skipped", "ota_skipped", "uuid_in_other_form"]);
    let sound = serde_json::json!({"healthy": true, "reached": ["network", "provisioned", "connected"]});
    assert_eq!(rows.last(), Some(&sound));
    let text = station(folder.path(), &["diagnose", "uart.log"]);
    assert!(text.stdout.ends_with("healthy: network, provisioned, connected\n"), "{}", text.stdout);
}

#[test]
fn a_log_of_which_no_line_is_known_is_not_called_good() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("uart.log"), "hello\nworld\n").unwrap();
    let answer = station(folder.path(), &["diagnose", "uart.log"]);
    assert_eq!((answer.code, answer.stdout.trim()), (1, "no line of this log is known"));
    let rows = station(folder.path(), &["diagnose", "uart.log", "--json"]).objects();
    assert_eq!(rows[0]["unknown"], true);
}

#[test]
fn what_a_kept_log_alone_tells_is_explained() {
    const CONNECTED: &str = "I (9) my_app: MQTT connected\n";
    let folder = tempfile::tempdir().unwrap();
    let noise = [0xf3, 0x80].repeat(300);
    let cases: [(Vec<u8>, &str); 4] = [
        (
            b"E (10303) task_wdt: Task watchdog got triggered. The following tasks did not reset it:\n".into(),
            "app_hung",
        ),
        (b"A fatal error occurred: Failed to connect to ESP32-C3: No serial data received.\n".into(), "no_answer"),
        (format!("{CONNECTED}E (9) iotmer_client: subscription refused by the broker\n").into(), "topic_denied"),
        (noise, "uart_noise"),
    ];
    for (log, code) in cases {
        fs::write(folder.path().join("kept.log"), log).unwrap();
        let answer = station(folder.path(), &["diagnose", "kept.log", "--json"]);
        assert_eq!(answer.code, 1, "{code}");
        let codes: Vec<_> =
            answer.objects().iter().map(|row| row["code"].as_str().unwrap_or("none").to_owned()).collect();
        assert_eq!(codes, [code]);
    }
    fs::write(folder.path().join("kept.log"), CONNECTED).unwrap();
    assert_eq!(station(folder.path(), &["diagnose", "kept.log"]).stdout, "healthy: connected\n");
}

#[test]
fn a_build_that_lacks_bluetooth_is_explained() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(
        folder.path().join("build.log"),
        "main/ble.c:12:10: fatal error: host/ble_gap.h: No such file or directory\n",
    )
    .unwrap();
    let rows = station(folder.path(), &["diagnose", "build.log", "--json"]).objects();
    assert_eq!(rows[0]["code"], "ble_component_missing");
}

#[test]
fn a_code_is_explained_and_an_unknown_one_refused() {
    let folder = tempfile::tempdir().unwrap();
    let answer = station(folder.path(), &["diagnose", "--code", "tls_unknown_ca", "--language", "de"]);
    assert_eq!(answer.code, 0);
    assert!(answer.stdout.contains("vertraut dem Zertifikat"), "{}", answer.stdout);
    station(folder.path(), &["diagnose", "--code", "nonsense"]).refused(&["nonsense", "docs/diagnoses.md"]);
    station(folder.path(), &["diagnose"]).refused(&["required"]);
    station(folder.path(), &["diagnose", "absent.log"]).refused(&["absent.log"]);
}
