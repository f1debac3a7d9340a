//! What one line of a unit's log says is wrong, taken alone. Knows no witness beside the log; [`crate::judge`] does.

use super::DiagnosisCode as Code;
use crate::evidence::{TlsFault, UartFact};

impl UartFact {
    /// What the line alone says is wrong; `None` for progress and for what is expected.
    pub fn diagnosis(&self) -> Option<Code> {
        Some(match self {
            Self::FirstByte
            | Self::AppLoaded { .. }
            | Self::NetworkUp { .. }
            | Self::WifiJoined
            | Self::BackingOff { .. }
            | Self::ProvisionStarted
            | Self::ProvisionSkipped
            | Self::Provisioned { .. }
            | Self::InitComplete { .. }
            | Self::MqttConnected
            | Self::OtaSkipped
            | Self::OtaStarted
            | Self::OtaFinished => return None,
            Self::BootFailed { .. } => Code::BootImageInvalid,
            Self::Restarted { reason } => of_restart(reason),
            Self::Panicked { .. } | Self::Backtrace { .. } => Code::BootLoop,
            Self::BrownOut => Code::BrownOut,
            Self::Noise { .. } => Code::UartNoise,
            Self::DownloadMode => Code::DownloadMode,
            Self::WifiDisconnected { reason } => reason.and_then(of_wifi_reason).unwrap_or(Code::NetworkFailed),
            Self::NetworkFailed { .. } => Code::NetworkFailed,
            Self::DnsFailed { .. } => Code::DnsFailed,
            Self::TlsFailed { fault, .. } => of_tls(*fault),
            Self::NvsFailed { error } => of_nvs_error(error),
            Self::ClientError { class, text } => of_client_error(class, text),
            Self::FirmwareFault { code, .. } => *code,
            Self::ProvisionImpossible => Code::ProvisionImpossible,
            Self::ProvisionRefused { status } => of_status(*status),
            Self::ProvisionTransport { error } => of_http_error(error),
            Self::ProvisionUnreadable => Code::ProvisionUnreadable,
            Self::MqttRefused { .. } => Code::MqttRefused,
            Self::MqttError { text } => of_mqtt_error(text),
            Self::OtaFailed { .. } => Code::OtaFailed,
        })
    }
}

impl UartFact {
    /// Whether `later` shows that the unit got past the trouble that this line tells.
    pub fn is_healed_by(&self, later: &Self) -> bool {
        let served = matches!(later, Self::Provisioned { .. } | Self::MqttConnected);
        match self {
            Self::WifiDisconnected { .. } | Self::NetworkFailed { .. } => {
                served || matches!(later, Self::NetworkUp { .. })
            }
            Self::DnsFailed { .. }
            | Self::TlsFailed { .. }
            | Self::ProvisionTransport { .. }
            | Self::ProvisionUnreadable
            | Self::ClientError { .. } => served,
            Self::ProvisionRefused { status } => served && matches!(status, 408 | 429 | 500..=599),
            Self::MqttError { .. } => matches!(later, Self::MqttConnected),
            Self::Noise { .. } => served || matches!(later, Self::AppLoaded { .. } | Self::NetworkUp { .. }),
            Self::NvsFailed { .. } => matches!(later, Self::InitComplete { .. } | Self::MqttConnected),
            Self::FirstByte
            | Self::AppLoaded { .. }
            | Self::BootFailed { .. }
            | Self::Restarted { .. }
            | Self::Panicked { .. }
            | Self::Backtrace { .. }
            | Self::BrownOut
            | Self::DownloadMode
            | Self::NetworkUp { .. }
            | Self::WifiJoined
            | Self::FirmwareFault { .. }
            | Self::BackingOff { .. }
            | Self::ProvisionStarted
            | Self::ProvisionSkipped
            | Self::ProvisionImpossible
            | Self::Provisioned { .. }
            | Self::InitComplete { .. }
            | Self::MqttConnected
            | Self::MqttRefused { .. }
            | Self::OtaSkipped
            | Self::OtaStarted
            | Self::OtaFinished
            | Self::OtaFailed { .. } => false,
        }
    }

    /// What looks like trouble in this line and is none; `None` for every other line.
    pub const fn expected(&self) -> Option<Expected> {
        if matches!(self, Self::ProvisionSkipped) {
            Some(Expected::ProvisionSkipped)
        } else if matches!(self, Self::OtaSkipped) {
            Some(Expected::OtaSkipped)
        } else {
            None
        }
    }
}

/// What people take for an error and what is none. Source: recovery rules, section 3.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Expected {
    /// `provision skipped`: a unit without code uses the session it has.
    ProvisionSkipped,
    /// `OTA skipped`: what is offered is what was applied.
    OtaSkipped,
    /// A Bluetooth UUID in another text form.
    UuidInOtherForm,
}

impl Expected {
    /// All of it.
    pub const ALL: [Self; 3] = [Self::ProvisionSkipped, Self::OtaSkipped, Self::UuidInOtherForm];

    /// Stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ProvisionSkipped => "provision_skipped",
            Self::OtaSkipped => "ota_skipped",
            Self::UuidInOtherForm => "uuid_in_other_form",
        }
    }
}

/// The ROM names a reset by the brown-out detector, such as `0xf (RTCWDT_BROWN_OUT_RESET)`.
pub(crate) fn of_restart(reason: &str) -> Code {
    if reason.contains("BROWN") { Code::BrownOut } else { Code::BootLoop }
}

/// What a reason of ESP-IDF's `wifi_err_reason_t` says of the network; `None` when it may mean anything.
///
/// 201 and 212: no access point of that name, or none strong enough. 14, 15, 23, 202, 204: the key exchange failed, as
/// it does with a wrong password. 2: the access point let the authentication expire, as it does under WPA3 with a wrong
/// password. 210, 211: it asks for another kind of security. 205 ("connection failed") and the rest are unspecific.
pub fn of_wifi_reason(reason: u16) -> Option<Code> {
    match reason {
        201 | 212 => Some(Code::WifiNotFound),
        2 | 14 | 15 | 23 | 202 | 204 | 210 | 211 => Some(Code::WifiRefused),
        _ => None,
    }
}

/// What TLS says without a second witness.
pub(crate) const fn of_tls(fault: TlsFault) -> Code {
    match fault {
        TlsFault::UnknownCa => Code::TlsUnknownCa,
        TlsFault::WrongName => Code::TlsWrongName,
        TlsFault::Expired => Code::TlsExpired,
        TlsFault::NotYetValid => Code::TlsNotYetValid,
        TlsFault::Other => Code::SecureConnectionFailed,
    }
}

/// What stands behind the name of an error that came up when NVS was read.
pub const NVS_READING: &str = ", reading";

/// What an error of ESP-IDF's NVS, by its name, says of the partition. What is no error of NVS's structure is a flash that
/// cannot be written.
///
/// A store that cannot be read is named with [`NVS_READING`] at the end.
pub fn of_nvs_error(error: &str) -> Code {
    const FULL: [&str; 3] = ["NOT_ENOUGH_SPACE", "NO_FREE_PAGES", "PAGE_FULL"];
    const CORRUPT: [&str; 8] = [
        "INVALID_STATE",
        "CORRUPT_KEY_PART",
        "NEW_VERSION_FOUND",
        "NOT_INITIALIZED",
        "PART_NOT_FOUND",
        "CONTENT_DIFFERS",
        "TYPE_MISMATCH",
        "WRONG_ENCRYPTION",
    ];
    if error.contains("KEY_TOO_LONG") {
        Code::NvsKeyTooLong
    } else if error.ends_with(NVS_READING) || CORRUPT.iter().any(|name| error.contains(name)) {
        Code::NvsCorrupt
    } else if FULL.iter().any(|name| error.contains(name)) {
        Code::NvsFull
    } else {
        Code::NvsWriteFailed
    }
}

/// What an error class of an LwM2M-type client means. Source: recovery rules, section 2.
pub fn of_client_error(class: &str, text: &str) -> Code {
    match class {
        "BootstrapFailed" if speaks_of_quota(text) => Code::BootstrapQuota,
        "InvalidParameters" => Code::InvalidParameters,
        "NotRegistered" => Code::NotRegistered,
        "Timeout" => Code::RegistrationTimedOut,
        "NetworkError" => Code::NetworkLost,
        "ResponseParseFailed" => Code::ResponseUnreadable,
        "MemoryConnectFail" => Code::CredentialsMemory,
        "NotAllowed" => Code::CallNotAllowed,
        "SecureConnectionFailed" => Code::SecureConnectionFailed,
        "DnsResolvingFailed" => Code::DnsFailed,
        "FailedToStoreCredentials" => Code::CredentialsUnstorable,
        "FailedToReadCredentials" => Code::CredentialsUnreadable,
        "InvalidCredentials" => Code::CredentialsInvalid,
        // `BootstrapFailed` for any other reason, and whatever class a later client adds.
        _ => Code::BootstrapRejected,
    }
}

fn speaks_of_quota(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    ["quota", "limit reached", "device limit"].iter().any(|word| text.contains(word))
}

/// What an HTTP status other than 200 and 201 means for a unit that provisions. Nobody but a gateway in between answers
/// with a redirection or with 511 (RFC 6585, section 6).
pub(crate) fn of_status(status: u16) -> Code {
    match status {
        408 => Code::ProvisionCutOff,
        429 => Code::ProvisionThrottled,
        300..=399 | 511 => Code::CaptivePortal,
        500..=599 => Code::ProvisionServiceFailed,
        _ => Code::ProvisionRefused,
    }
}

/// What a name of ESP-IDF says of a request that failed below HTTP: cut off, or never under way.
pub(crate) fn of_http_error(error: &str) -> Code {
    const CUT_OFF: [&str; 5] =
        ["FETCH_HEADER", "INCOMPLETE_DATA", "CONNECTION_CLOSED", "HTTP_WRITE_DATA", "TCP_CLOSED_FIN"];
    if error.contains("CANNOT_RESOLVE_HOSTNAME") {
        Code::DnsFailed
    } else if CUT_OFF.iter().any(|name| error.contains(name)) {
        Code::ProvisionCutOff
    } else {
        Code::ProvisionTransport
    }
}

/// The number of esp-tls in the line tells a name that was not resolved (`ESP_ERR_ESP_TLS_CANNOT_RESOLVE_HOSTNAME`).
pub(crate) fn of_mqtt_error(text: &str) -> Code {
    if text.contains("tls_esp_err=0x8001") { Code::DnsFailed } else { Code::MqttTransport }
}
