use alloc::format;

use super::*;

#[test]
fn a_printed_line_reads_back_as_itself() {
    let lines = [
        LogLine::WifiConnected { ip: "192.168.4.2".into() },
        LogLine::ProvisionStarted { url: "https://localhost:8443/api/v1/provision/device".into() },
        LogLine::ProvisionSkipped,
        LogLine::ProvisionImpossible,
        LogLine::ProvisionRefused { status: 401 },
        LogLine::ProvisionTransport { error: "ESP_ERR_HTTP_CONNECT".into() },
        LogLine::ProvisionUnreadable,
        LogLine::ProvisionBackingOff { delay_ms: 604_800_000, class: "NetworkError".into() },
        LogLine::Provisioned {
            host: "localhost".into(),
            port: 8883,
            tls: true,
            username: "u-1".into(),
            password_len: 43,
            password_changed: true,
        },
        LogLine::InitComplete { device_id: "d".into(), mqtt_host: "h".into() },
        LogLine::MqttConnected,
        LogLine::MqttRefused { refusal: ConnackRefusal::NotAuthorized, backoff_ms: 30_000 },
        LogLine::MqttError { text: "transport (type=1) CONNACK_rc=0 sock_errno=104 tls_esp_err=0x0".into() },
        LogLine::OtaSkipped,
        LogLine::OtaStarted { sha256: "ab".into() },
        LogLine::OtaFinished,
        LogLine::OtaFailed { error: "ESP_FAIL".into() },
    ];
    for line in lines {
        let printed = format!("{} (17) {}: {line}\r\n", line.level().letter(), line.tag());
        assert_eq!(LogLine::parse(&printed), Some(line), "{printed}");
    }
}

#[test]
fn lines_of_others_are_not_ours() {
    for line in
        ["", "ESP-ROM:esp32c3-api1-20210207", "I (3) boot: MQTT connected", "I (x) iotmer_client: MQTT connected"]
    {
        assert_eq!(LogLine::parse(line), None, "{line}");
    }
}

#[test]
fn the_text_may_go_on_and_the_line_may_come_in_colour_or_without_a_time() {
    let connected = Some(LogLine::MqttConnected);
    for line in [
        "I (9) iotmer_client: MQTT connected",
        "I (9) iotmer_client: MQTT connected (session present=0)\r\n",
        "\u{1b}[0;32mI (9) iotmer_client: MQTT connected\u{1b}[0m\r\n",
        "I (12:34:56.789) iotmer_client: MQTT connected",
        "I iotmer_client: MQTT connected",
    ] {
        assert_eq!(LogLine::parse(line), connected, "{line:?}");
    }
    let refused = LogLine::parse("E (9) iotmer_provision: Provision failed HTTP 503: URL=https://h response={}");
    assert_eq!(refused, Some(LogLine::ProvisionRefused { status: 503 }));
    let damaged = LogLine::parse("W (9) iotmer_client: MQTT CONNACK auth failure (rc=4) \u{fffd} next reconn");
    assert_eq!(damaged, Some(LogLine::MqttRefused { refusal: ConnackRefusal::BadCredentials, backoff_ms: 0 }));
}

#[test]
fn a_longer_word_is_another_line() {
    for line in [
        "I (9) iotmer_client: MQTT connected_count=1",
        "I other: MQTT connected",
        "I saw iotmer_client: MQTT connected",
    ] {
        assert_eq!(LogLine::parse(line), None, "{line}");
    }
}

#[test]
fn a_uuid_is_compared_as_a_value() {
    use uuid::{UuidForm, find};
    for (text, form) in [
        ("service 1d14d6ee-0001-4000-8024-b5a3c0ffee01 added", Some(UuidForm::Canonical)),
        ("service 1D14D6EE-0001-4000-8024-B5A3C0FFEE01", Some(UuidForm::OtherText)),
        ("uuid=0x1d14d6ee010140008024b5a3c0ffee01", Some(UuidForm::OtherText)),
        ("uuid={1d14d6ee010140008024b5a3c0ffee01}", Some(UuidForm::OtherText)),
        ("01eeffc0a3b52480004002020eed6141d0", None),
        ("01eeffc0a3b5248000400202eed6141d", Some(UuidForm::OtherText)),
        ("1d14d6ee-0303-4000-2480-b5a3c0ffee01 not found", Some(UuidForm::OldByteOrder)),
        ("0000180f-0000-1000-8000-00805f9b34fb", None),
        ("---", None),
    ] {
        assert_eq!(find(text), form, "{text}");
    }
}

proptest::proptest! {
    #[test]
    fn any_text_may_hold_a_uuid_or_none(text in "[0-9a-fA-F{}x -]{0,80}") {
        let _ = uuid::find(&text);
    }

    #[test]
    fn any_text_is_read_without_panic(line in ".*") {
        let _ = LogLine::parse(&line);
    }
}
