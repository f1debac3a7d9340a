//! The faults, what brings each about, and the codes that name it rightly.

use std::time::Duration;

use super::Recipe;
use crate::network::NetworkFault;

/// Where on a unit's way a fault first shows. Of two faults, the earlier one is to be named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// Reset and first answer.
    Link,
    /// Chip, flash chip, security.
    Identify,
    /// Writing and checking.
    Flash,
    /// From reset to the app.
    Boot,
    /// Wi-Fi, address.
    Network,
    /// Names, TLS and HTTP towards the provisioning service.
    Reach,
    /// The service's answer, and what the unit does with it.
    Provision,
    /// TLS towards the broker.
    Broker,
    /// Login.
    Login,
    /// What the unit does once it is connected.
    Session,
    /// What is found in flash at the end.
    Attest,
    /// Nothing ever shows.
    Never,
}

/// What brings a fault about.
#[derive(Debug, Clone, Copy)]
pub enum How {
    /// The unit: a fault as its fixture takes it, as JSON.
    Unit(&'static str),
    /// The network before the provisioning service.
    Https(NetworkFault),
    /// The network before the broker.
    Mqtt(NetworkFault),
    /// The network before both.
    Everywhere(NetworkFault),
}

/// A fault of the matrix.
#[derive(Debug, Clone, Copy)]
pub struct Fault {
    /// Its name, as `docs/diagnoses.md` gives it.
    pub name: &'static str,
    /// What brings it about.
    pub how: How,
    /// Where it first shows.
    pub phase: Phase,
    /// Codes that name it rightly; none when the line has to get over it.
    pub codes: &'static [&'static str],
    /// The recipe that shows it.
    pub recipe: Recipe,
}

const fn fault(name: &'static str, how: How, phase: Phase, codes: &'static [&'static str]) -> Fault {
    Fault { name, how, phase, codes, recipe: Recipe::Plain }
}

const fn on(recipe: Recipe, fault: Fault) -> Fault {
    Fault { recipe, ..fault }
}

/// Every fault of the matrix.
pub const FAULTS: &[Fault] = &[
    // The link and the chip.
    fault("loader_mute", How::Unit(r#"{"fault":"loader_mute"}"#), Phase::Link, &["no_answer"]),
    fault("wrong_chip", How::Unit(r#"{"fault":"wrong_chip","chip":"esp32s3"}"#), Phase::Identify, &["wrong_chip"]),
    fault("old_revision", How::Unit(r#"{"fault":"old_revision"}"#), Phase::Identify, &["revision_too_old"]),
    fault("flash_silent", How::Unit(r#"{"fault":"flash_silent"}"#), Phase::Identify, &["flash_silent"]),
    fault(
        "wrong_flash_size",
        How::Unit(r#"{"fault":"wrong_flash_size","size":"8MB"}"#),
        Phase::Identify,
        &["wrong_flash_size"],
    ),
    fault("secure_boot", How::Unit(r#"{"fault":"secure_boot"}"#), Phase::Identify, &["security_enabled"]),
    fault("flash_encryption", How::Unit(r#"{"fault":"flash_encryption"}"#), Phase::Identify, &["security_enabled"]),
    fault("secure_download", How::Unit(r#"{"fault":"secure_download"}"#), Phase::Identify, &["security_enabled"]),
    fault("max_baud_460800", How::Unit(r#"{"fault":"max_baud","baud":460800}"#), Phase::Never, &[]),
    fault("max_baud_115200", How::Unit(r#"{"fault":"max_baud","baud":115200}"#), Phase::Never, &[]),
    // Writing.
    fault("drop_ack", How::Unit(r#"{"fault":"drop_ack","nth":3}"#), Phase::Never, &[]),
    fault("corrupt_ack", How::Unit(r#"{"fault":"corrupt_ack","nth":3}"#), Phase::Never, &[]),
    fault("vanish", How::Unit(r#"{"fault":"vanish","bytes":50000}"#), Phase::Flash, &["port_gone"]),
    fault("bad_md5", How::Unit(r#"{"fault":"bad_md5"}"#), Phase::Flash, &["flash_verify_failed"]),
    fault("worn_flash", How::Unit(r#"{"fault":"worn_flash","offset":65600}"#), Phase::Flash, &["flash_verify_failed"]),
    // Starting.
    fault(
        "silent_after_boot",
        How::Unit(r#"{"fault":"silent_after_boot"}"#),
        Phase::Boot,
        &["app_silent", "boot_app_missing"],
    ),
    fault("boot_loop", How::Unit(r#"{"fault":"boot_loop"}"#), Phase::Boot, &["boot_loop"]),
    fault("brown_out", How::Unit(r#"{"fault":"brown_out"}"#), Phase::Boot, &["brown_out"]),
    fault("flash_read_err", How::Unit(r#"{"fault":"flash_read_err"}"#), Phase::Boot, &["boot_image_invalid"]),
    fault("invalid_header", How::Unit(r#"{"fault":"invalid_header"}"#), Phase::Boot, &["boot_image_invalid"]),
    fault("stuck_in_download", How::Unit(r#"{"fault":"stuck_in_download"}"#), Phase::Boot, &["download_mode"]),
    // The network.
    fault("no_network", How::Unit(r#"{"fault":"no_network"}"#), Phase::Network, &["network_failed"]),
    fault("wifi_not_found", How::Unit(r#"{"fault":"wifi_not_found"}"#), Phase::Network, &["wifi_not_found"]),
    fault("wifi_wrong_password", How::Unit(r#"{"fault":"wifi_wrong_password"}"#), Phase::Network, &["wifi_refused"]),
    fault("dhcp_silent", How::Unit(r#"{"fault":"dhcp_silent"}"#), Phase::Network, &["dhcp_silent"]),
    fault("dns_failed", How::Unit(r#"{"fault":"dns_failed"}"#), Phase::Reach, &["dns_failed"]),
    fault("captive_portal", How::Everywhere(NetworkFault::CaptivePortal), Phase::Reach, &["captive_portal"]),
    fault(
        "unit_clock_late",
        How::Unit(r#"{"fault":"clock","unix_s":4102444800}"#),
        Phase::Reach,
        &["unit_clock_wrong"],
    ),
    fault("unit_clock_early", How::Unit(r#"{"fault":"clock","unix_s":1000}"#), Phase::Reach, &["unit_clock_wrong"]),
    fault("https_unknown_ca", How::Https(NetworkFault::UnknownCa), Phase::Reach, &["tls_unknown_ca", "captive_portal"]),
    fault("https_wrong_name", How::Https(NetworkFault::WrongName), Phase::Reach, &["tls_wrong_name"]),
    fault("https_expired", How::Https(NetworkFault::Expired), Phase::Reach, &["tls_expired"]),
    fault("https_not_yet_valid", How::Https(NetworkFault::NotYetValid), Phase::Reach, &["tls_not_yet_valid"]),
    fault("https_refused", How::Https(NetworkFault::Refused), Phase::Reach, &["provision_transport"]),
    fault("https_eof", How::Https(NetworkFault::Eof), Phase::Reach, &["provision_transport", "provision_cut_off"]),
    fault("https_silent", How::Https(NetworkFault::Silent), Phase::Reach, &["provision_transport"]),
    // What clients of another kind report (recovery rules, section 2).
    fault(
        "client_bootstrap_failed_quota_reached",
        How::Unit(r#"{"fault":"client_error","class":"BootstrapFailed: quota reached"}"#),
        Phase::Network,
        &["bootstrap_quota"],
    ),
    fault(
        "client_bootstrap_failed_bad_request",
        How::Unit(r#"{"fault":"client_error","class":"BootstrapFailed: bad request"}"#),
        Phase::Network,
        &["bootstrap_rejected"],
    ),
    fault(
        "client_invalid_parameters",
        How::Unit(r#"{"fault":"client_error","class":"InvalidParameters"}"#),
        Phase::Network,
        &["invalid_parameters"],
    ),
    fault(
        "client_not_registered",
        How::Unit(r#"{"fault":"client_error","class":"NotRegistered"}"#),
        Phase::Network,
        &["not_registered"],
    ),
    fault(
        "client_timeout",
        How::Unit(r#"{"fault":"client_error","class":"Timeout"}"#),
        Phase::Network,
        &["registration_timed_out"],
    ),
    fault(
        "client_network_error",
        How::Unit(r#"{"fault":"client_error","class":"NetworkError"}"#),
        Phase::Network,
        &["network_lost"],
    ),
    fault(
        "client_response_parse_failed",
        How::Unit(r#"{"fault":"client_error","class":"ResponseParseFailed"}"#),
        Phase::Network,
        &["response_unreadable"],
    ),
    fault(
        "client_memory_connect_fail",
        How::Unit(r#"{"fault":"client_error","class":"MemoryConnectFail"}"#),
        Phase::Network,
        &["credentials_memory"],
    ),
    fault(
        "client_not_allowed",
        How::Unit(r#"{"fault":"client_error","class":"NotAllowed"}"#),
        Phase::Network,
        &["call_not_allowed"],
    ),
    fault(
        "client_secure_connection_failed",
        How::Unit(r#"{"fault":"client_error","class":"SecureConnectionFailed"}"#),
        Phase::Network,
        &["secure_connection_failed"],
    ),
    fault(
        "client_dns_resolving_failed",
        How::Unit(r#"{"fault":"client_error","class":"DnsResolvingFailed"}"#),
        Phase::Network,
        &["dns_failed"],
    ),
    fault(
        "client_failed_to_store_credentials",
        How::Unit(r#"{"fault":"client_error","class":"FailedToStoreCredentials"}"#),
        Phase::Network,
        &["credentials_unstorable"],
    ),
    fault(
        "client_failed_to_read_credentials",
        How::Unit(r#"{"fault":"client_error","class":"FailedToReadCredentials"}"#),
        Phase::Network,
        &["credentials_unreadable"],
    ),
    fault(
        "client_invalid_credentials",
        How::Unit(r#"{"fault":"client_error","class":"InvalidCredentials"}"#),
        Phase::Network,
        &["credentials_invalid"],
    ),
    // Bluetooth, as the firmware's log tells it.
    fault(
        "ble_advertisement",
        How::Unit(r#"{"fault":"log_line","text":"E (512) NimBLE: adv_set_fields failed: BLE_HS_EMSGSIZE"}"#),
        Phase::Network,
        &["ble_advertisement_too_long"],
    ),
    fault("renumber", How::Unit(r#"{"fault":"renumber","bytes":50000}"#), Phase::Never, &[]),
    fault("flood", How::Unit(r#"{"fault":"flood"}"#), Phase::Boot, &["uart_noise"]),
    // Provisioning.
    fault("http_400", How::Https(NetworkFault::Status(400)), Phase::Provision, &["provision_refused"]),
    fault("http_403", How::Https(NetworkFault::Status(403)), Phase::Provision, &["provision_refused"]),
    fault("http_404", How::Https(NetworkFault::Status(404)), Phase::Provision, &["provision_refused"]),
    fault("http_429", How::Https(NetworkFault::Status(429)), Phase::Provision, &["provision_throttled"]),
    fault("http_500", How::Https(NetworkFault::Status(500)), Phase::Provision, &["provision_service_failed"]),
    fault("http_503", How::Https(NetworkFault::Status(503)), Phase::Provision, &["provision_service_failed"]),
    fault("http_truncated", How::Https(NetworkFault::TruncatedJson), Phase::Provision, &["provision_unreadable"]),
    fault("http_cut", How::Https(NetworkFault::CutAnswer), Phase::Provision, &["provision_cut_off"]),
    fault("http_html", How::Https(NetworkFault::Html), Phase::Provision, &["provision_unreadable", "captive_portal"]),
    fault("wrong_code", How::Unit(r#"{"fault":"wrong_code"}"#), Phase::Provision, &["provision_refused"]),
    fault("wrong_workspace", How::Unit(r#"{"fault":"wrong_workspace"}"#), Phase::Provision, &["provision_refused"]),
    fault("no_code", How::Unit(r#"{"fault":"no_code"}"#), Phase::Provision, &["provision_impossible"]),
    fault("nvs_full", How::Unit(r#"{"fault":"nvs_full"}"#), Phase::Provision, &["nvs_full"]),
    fault("nvs_corrupt", How::Unit(r#"{"fault":"nvs_corrupt"}"#), Phase::Provision, &["nvs_corrupt"]),
    fault("nvs_write_failed", How::Unit(r#"{"fault":"nvs_write_failed"}"#), Phase::Provision, &["nvs_write_failed"]),
    fault("nvs_key_too_long", How::Unit(r#"{"fault":"nvs_key_too_long"}"#), Phase::Provision, &["nvs_key_too_long"]),
    // The broker.
    fault("mqtt_unknown_ca", How::Mqtt(NetworkFault::UnknownCa), Phase::Broker, &["tls_unknown_ca", "captive_portal"]),
    fault("mqtt_expired", How::Mqtt(NetworkFault::Expired), Phase::Broker, &["tls_expired"]),
    fault("mqtt_refused", How::Mqtt(NetworkFault::Refused), Phase::Broker, &["mqtt_transport"]),
    fault("mqtt_eof", How::Mqtt(NetworkFault::Eof), Phase::Broker, &["mqtt_transport"]),
    fault("mqtt_silent", How::Mqtt(NetworkFault::Silent), Phase::Broker, &["mqtt_transport"]),
    fault("wrong_password", How::Unit(r#"{"fault":"wrong_password"}"#), Phase::Login, &["mqtt_refused"]),
    fault("no_certificate", How::Unit(r#"{"fault":"no_certificate"}"#), Phase::Login, &["certificate_missing"]),
    fault("hammering", How::Unit(r#"{"fault":"hammering"}"#), Phase::Login, &["mqtt_hammering", "mqtt_refused"]),
    fault("wrong_topics", How::Unit(r#"{"fault":"wrong_topics"}"#), Phase::Session, &["topic_denied"]),
    fault("no_presence", How::Unit(r#"{"fault":"no_presence"}"#), Phase::Session, &["presence_missing"]),
    fault(
        "stale_presence",
        How::Unit(r#"{"fault":"stale_presence","kind":"offline"}"#),
        Phase::Session,
        &["presence_stale"],
    ),
    fault("no_ping_answer", How::Unit(r#"{"fault":"no_ping_answer"}"#), Phase::Session, &["ping_unanswered"]),
    fault(
        "drop_after_connect",
        How::Unit(r#"{"fault":"drop_after_connect"}"#),
        Phase::Session,
        &["mqtt_dropped", "mqtt_flapping"],
    ),
    fault("flapping", How::Unit(r#"{"fault":"flapping","times":100}"#), Phase::Session, &["mqtt_flapping"]),
    fault(
        "wrong_firmware_answer",
        How::Unit(r#"{"fault":"wrong_firmware_answer"}"#),
        Phase::Session,
        &["wrong_firmware"],
    ),
    fault("mqtt_flood", How::Unit(r#"{"fault":"mqtt_flood"}"#), Phase::Session, &["unit_floods"]),
    // What is left in flash.
    fault("keeps_code", How::Unit(r#"{"fault":"keeps_code"}"#), Phase::Attest, &["code_left_behind"]),
    fault("flash_changed", How::Unit(r#"{"fault":"flash_changed"}"#), Phase::Attest, &["flash_changed"]),
    fault("session_changed", How::Unit(r#"{"fault":"session_changed"}"#), Phase::Attest, &["session_mismatch"]),
    on(
        Recipe::TwoStage,
        fault("code_elsewhere", How::Unit(r#"{"fault":"code_elsewhere"}"#), Phase::Attest, &["code_left_behind"]),
    ),
    // Legal: the line has to get over them.
    fault("jitter", How::Unit(r#"{"fault":"jitter","ms":120}"#), Phase::Never, &[]),
    fault("slow_network", How::Everywhere(NetworkFault::Slow(Duration::from_millis(80))), Phase::Never, &[]),
];
