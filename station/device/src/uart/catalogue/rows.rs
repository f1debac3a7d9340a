//! The rows of the sources: recovery rules, sections 2 and 3, and device contract, section 5; each with lines that a unit,
//! a client or a build prints.

use firstpass_domain::{DiagnosisCode as Code, diagnosis::line::Expected};

use super::stories::Story::{self, Fault, Test};

/// What a row is.
#[derive(Debug, Clone, Copy)]
pub(super) enum Meaning {
    /// A failure.
    Diagnosis(Code),
    /// It looks like one and is none.
    Expected(Expected),
    /// The unit gets on.
    Progress,
}

/// A row of a source.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) says: &'static str,
    pub(super) meaning: Meaning,
    /// Lines that the recogniser has to read as `meaning`; none for what shows otherwise.
    pub(super) lines: &'static [&'static str],
    pub(super) stories: &'static [Story],
}

/// A table of a source.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) title: &'static str,
    pub(super) rows: &'static [Row],
}

pub(super) const SOURCES: &[Source] = &[
    Source { title: "Error classes of a client (recovery rules, section 2)", rows: CLASSES },
    Source { title: "Symptoms on a unit (recovery rules, section 3)", rows: SYMPTOMS },
    Source { title: "Log lines of the unit (device contract, section 5)", rows: LINES },
];

const fn wrong(says: &'static str, code: Code, lines: &'static [&'static str], stories: &'static [Story]) -> Row {
    Row { says, meaning: Meaning::Diagnosis(code), lines, stories }
}

const fn expected(
    says: &'static str,
    what: Expected,
    lines: &'static [&'static str],
    stories: &'static [Story],
) -> Row {
    Row { says, meaning: Meaning::Expected(what), lines, stories }
}

const fn progress(says: &'static str, lines: &'static [&'static str]) -> Row {
    Row { says, meaning: Meaning::Progress, lines, stories: GOOD }
}

const GOOD: &[Story] = &[Test("tests/stories/eight_units_pass.rs", "eight_units_pass_at_once")];
const CLIENT: &[Story] =
    &[Test("station/domain/tests/verdict/causes.rs", "a_client_that_reports_by_class_is_understood")];
const BLUETOOTH: &[Story] =
    &[Test("station/device/src/uart/recognise/tests.rs", "faults_of_bluetooth_and_of_its_build_are_told")];
const UUID: &[Story] = &[Test("station/contract/src/logline/tests.rs", "a_uuid_is_compared_as_a_value")];
const SKIPPED: &[Story] = &[Test("tests/stories/injections.rs", "a_unit_with_a_session_skips_provisioning")];
const OTA_SKIPPED: &[Story] = &[Test(
    "station/cli/tests/commands/diagnose.rs",
    "a_log_of_a_good_unit_makes_exit_code_0_and_tells_what_is_no_error",
)];
const REACHED: &[Story] = &[Test("station/domain/tests/verdict/reach.rs", "each_of_these_ends_the_run_with_its_code")];

const CLASSES: &[Row] = &[
    wrong(
        "BootstrapFailed, quota reached",
        Code::BootstrapQuota,
        &["MbedCloudClient::ConnectBootstrapFailed: device quota reached"],
        CLIENT,
    ),
    wrong(
        "BootstrapFailed, bad request",
        Code::BootstrapRejected,
        &["MbedCloudClient::ConnectBootstrapFailed: bad request"],
        CLIENT,
    ),
    wrong(
        "InvalidParameters",
        Code::InvalidParameters,
        &["MbedCloudClient::ConnectInvalidParameters", "E (9) iotmer_provision: prov_url is empty: cannot provision"],
        CLIENT,
    ),
    wrong("NotRegistered", Code::NotRegistered, &["MbedCloudClient::ConnectNotRegistered"], CLIENT),
    wrong("Timeout", Code::RegistrationTimedOut, &["MbedCloudClient::ConnectTimeout"], CLIENT),
    wrong("NetworkError", Code::NetworkLost, &["MbedCloudClient::ConnectNetworkError"], CLIENT),
    wrong("ResponseParseFailed", Code::ResponseUnreadable, &["MbedCloudClient::ConnectResponseParseFailed"], CLIENT),
    wrong("MemoryConnectFail", Code::CredentialsMemory, &["MbedCloudClient::ConnectMemoryConnectFail"], CLIENT),
    wrong("NotAllowed", Code::CallNotAllowed, &["MbedCloudClient::ConnectNotAllowed"], CLIENT),
    wrong(
        "SecureConnectionFailed",
        Code::SecureConnectionFailed,
        &["MbedCloudClient::ConnectSecureConnectionFailed"],
        CLIENT,
    ),
    wrong(
        "DnsResolvingFailed",
        Code::DnsFailed,
        &["MbedCloudClient::ConnectDnsResolvingFailed"],
        &[Fault("dns_failed")],
    ),
    wrong(
        "FailedToStoreCredentials",
        Code::CredentialsUnstorable,
        &["MbedCloudClient::ConnectorFailedToStoreCredentials"],
        CLIENT,
    ),
    wrong(
        "FailedToReadCredentials",
        Code::CredentialsUnreadable,
        &["MbedCloudClient::ConnectorFailedToReadCredentials"],
        CLIENT,
    ),
    wrong("InvalidCredentials", Code::CredentialsInvalid, &["MbedCloudClient::ConnectorInvalidCredentials"], CLIENT),
];

const SYMPTOMS: &[Row] = &[
    wrong(
        "MQTT refused, not authorized (CONNACK 4 or 5)",
        Code::MqttRefused,
        &["W (9) iotmer_client: MQTT CONNACK auth failure (rc=5) — next reconnect uses 30000 ms backoff"],
        &[Fault("wrong_password")],
    ),
    wrong("MQTT connected, then immediate disconnect or EOF", Code::TopicDenied, &[], &[Fault("wrong_topics")]),
    wrong("many failed logins, broker flaps or bans", Code::MqttHammering, &[], &[Fault("hammering")]),
    expected(
        "`provision skipped` (a unit with a session)",
        Expected::ProvisionSkipped,
        &["I (9) iotmer_provision: provision skipped (no auth code; using stored session)"],
        SKIPPED,
    ),
    expected(
        "`OTA skipped (same SHA…)`",
        Expected::OtaSkipped,
        &["I (9) iotmer_ota: OTA skipped (same SHA256 as last applied build)"],
        OTA_SKIPPED,
    ),
    wrong(
        "`ESP_ERR_NVS_KEY_TOO_LONG`",
        Code::NvsKeyTooLong,
        &["E (9) app: nvs_set_str: ESP_ERR_NVS_KEY_TOO_LONG"],
        &[Fault("nvs_key_too_long")],
    ),
    wrong(
        "secrets in a repository",
        Code::SecretInFile,
        &[],
        &[Test("station/cli/tests/commands/secrets.rs", "a_secret_that_is_written_out_is_refused_and_not_shown")],
    ),
    wrong(
        "BLE build: `host/ble_gap.h` missing, `bt` not required",
        Code::BleComponentMissing,
        &[
            "main/ble.c:12:10: fatal error: host/ble_gap.h: No such file or directory",
            "However, bt component(s) is not in the requirements list of \"main\".",
        ],
        BLUETOOTH,
    ),
    wrong(
        "BLE `adv_set_fields` / `BLE_HS_EMSGSIZE`",
        Code::BleAdvertisementTooLong,
        &["E (9) ble: ble_gap_adv_set_fields failed: rc=4", "E (9) ble: BLE_HS_EMSGSIZE"],
        BLUETOOTH,
    ),
    wrong(
        "BLE UUID shows 2480 instead of 8024",
        Code::BleUuidByteOrder,
        &["I (9) ble: service 1d14d6ee-0001-4000-2480-b5a3c0ffee01"],
        BLUETOOTH,
    ),
    expected(
        "BLE characteristic \"not found\" on some hosts",
        Expected::UuidInOtherForm,
        &["characteristic 1D14D6EE-0101-4000-8024-B5A3C0FFEE01 not found"],
        UUID,
    ),
    wrong(
        "BLE configuration symbols missing",
        Code::BuildConfigurationStale,
        &["main/ble.c:31:5: error: 'CONFIG_BT_NIMBLE_ROLE_PERIPHERAL' undeclared"],
        BLUETOOTH,
    ),
];

const LINES: &[Row] = &[
    progress("`WiFi connected, IP:`", &["I (9) iotmer_wifi: WiFi connected, IP:10.0.0.2"]),
    wrong(
        "`WiFi disconnected, retry n/m` without end",
        Code::NetworkFailed,
        &["W (9) iotmer_wifi: WiFi disconnected, retry 1/5"],
        &[Fault("no_network")],
    ),
    wrong(
        "`WiFi connect failed after`",
        Code::NetworkFailed,
        &["E (9) iotmer_wifi: WiFi connect failed after 5 retries"],
        &[Fault("no_network")],
    ),
    wrong(
        "`WiFi connect timed out after`",
        Code::NetworkFailed,
        &["E (9) iotmer_wifi: WiFi connect timed out after 15000 ms"],
        REACHED,
    ),
    wrong(
        "… with reason 201: no access point found",
        Code::WifiNotFound,
        &["W (9) iotmer_wifi: WiFi disconnected, retry 1/5 (reason=201)"],
        &[Fault("wifi_not_found")],
    ),
    wrong(
        "… with reason 15, 202 or 204: wrong password",
        Code::WifiRefused,
        &["I (9) wifi:state: run -> init (0xf00)", "W (9) iotmer_wifi: WiFi disconnected, retry 1/5 (reason=204)"],
        &[Fault("wifi_wrong_password")],
    ),
    progress("`HTTPS POST <url>`", &["I (9) iotmer_provision: HTTPS POST https://h/api/v1/provision/device"]),
    expected(
        "`provision skipped (no auth code; using stored session)`",
        Expected::ProvisionSkipped,
        &["I (9) iotmer_provision: provision skipped (no auth code; using stored session)"],
        SKIPPED,
    ),
    wrong(
        "`provision auth empty and NVS session incomplete`",
        Code::ProvisionImpossible,
        &["E (9) iotmer_provision: provision auth empty and NVS session incomplete"],
        &[Fault("no_code")],
    ),
    wrong(
        "`Provision failed HTTP 4xx`",
        Code::ProvisionRefused,
        &["E (9) iotmer_provision: Provision failed HTTP 401 URL=https://h response={}"],
        &[Fault("http_400"), Fault("http_403"), Fault("http_404")],
    ),
    wrong(
        "`Provision failed HTTP 429`",
        Code::ProvisionThrottled,
        &["E (9) iotmer_provision: Provision failed HTTP 429 URL=https://h response={}"],
        &[Fault("http_429")],
    ),
    wrong(
        "`Provision failed HTTP 5xx`",
        Code::ProvisionServiceFailed,
        &["E (9) iotmer_provision: Provision failed HTTP 503 URL=https://h response={}"],
        &[Fault("http_500"), Fault("http_503")],
    ),
    wrong(
        "`HTTP post failed: <esp_err>`",
        Code::ProvisionTransport,
        &["E (9) iotmer_provision: HTTP post failed: ESP_ERR_HTTP_CONNECT"],
        &[Fault("https_refused")],
    ),
    wrong(
        "`HTTP post failed: <esp_err>` in the middle of an answer",
        Code::ProvisionCutOff,
        &["E (9) iotmer_provision: HTTP post failed: ESP_ERR_HTTP_INCOMPLETE_DATA"],
        &[Fault("http_cut")],
    ),
    wrong(
        "`JSON parse failed`",
        Code::ProvisionUnreadable,
        &["E (9) iotmer_provision: JSON parse failed"],
        &[Fault("http_truncated")],
    ),
    progress(
        "`MQTT (from provision): host=… username=…`",
        &[
            "I (9) iotmer_provision: MQTT (from provision): host=h port=8883 tls=yes username=u-1 password_len=43 password_changed_or_new",
        ],
    ),
    progress(
        "`init complete (device_id=…, mqtt_host=…)`",
        &["I (9) iotmer_client: init complete (device_id=d, mqtt_host=h)"],
    ),
    progress("`MQTT connected`", &["I (9) iotmer_client: MQTT connected"]),
    wrong(
        "`MQTT CONNACK auth failure (rc=4 or 5)`",
        Code::MqttRefused,
        &["W (9) iotmer_client: MQTT CONNACK auth failure (rc=4) — next reconnect uses 30000 ms backoff"],
        &[Fault("wrong_password")],
    ),
    wrong(
        "`MQTT error: <type> …`",
        Code::MqttTransport,
        &["E (9) iotmer_client: MQTT error: transport (type=1) CONNACK_rc=0 sock_errno=104 tls_esp_err=0x8004"],
        &[Fault("mqtt_refused"), Fault("mqtt_eof")],
    ),
    wrong(
        "`MQTT error: <type> …` with tls_esp_err=0x8001",
        Code::DnsFailed,
        &["E (9) iotmer_client: MQTT error: transport (type=1) CONNACK_rc=0 sock_errno=0 tls_esp_err=0x8001"],
        &[Fault("dns_failed")],
    ),
    expected(
        "`OTA skipped (same SHA256 as last applied build)`",
        Expected::OtaSkipped,
        &["I (9) iotmer_ota: OTA skipped (same SHA256 as last applied build)"],
        OTA_SKIPPED,
    ),
    progress(
        "`Starting HTTPS OTA (expected sha256=…)`",
        &["I (9) iotmer_ota: Starting HTTPS OTA (expected sha256=00)"],
    ),
    progress(
        "`OTA finished, rebooting into new firmware`",
        &["I (9) iotmer_ota: OTA finished, rebooting into new firmware"],
    ),
    wrong(
        "`OTA failed: <esp_err>`",
        Code::OtaFailed,
        &["E (9) iotmer_ota: OTA failed: ESP_ERR_OTA_VALIDATE_FAILED"],
        REACHED,
    ),
];
