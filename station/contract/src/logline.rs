//! Log lines of the unit on its UART. Source: device contract, section 5.
//!
//! The firmware writes them with [`core::fmt::Display`], the line reads them with [`LogLine::parse`]; both sides of one
//! enum, so that they cannot drift apart.

mod parse;
mod print;
mod split;
#[cfg(test)]
mod tests;
pub mod uuid;

use alloc::string::String;

use split::{LEVELS, plain};
pub use split::{is_error, split_idf_line, text_of_idf_line};

/// A line of the contract, without level and time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LogLine {
    /// `iotmer_wifi: WiFi connected, IP:…`
    WifiConnected {
        /// Address as printed.
        ip: String,
    },
    /// `iotmer_wifi: WiFi disconnected, retry n/m`
    WifiRetry {
        /// Rest of the line, `n/m`.
        attempt: String,
    },
    /// `iotmer_wifi: WiFi connect failed after …` or `WiFi connect timed out after …`
    WifiFailed {
        /// The text as printed.
        text: String,
    },
    /// `iotmer_provision: HTTPS POST <url>`
    ProvisionStarted {
        /// URL as printed.
        url: String,
    },
    /// `iotmer_provision: provision skipped (no auth code; using stored session)`; not an error.
    ProvisionSkipped,
    /// `iotmer_provision: provision auth empty and NVS session incomplete`
    ProvisionImpossible,
    /// `iotmer_provision: Provision failed HTTP <status> …`
    ProvisionRefused {
        /// HTTP status.
        status: u16,
    },
    /// `iotmer_provision: HTTP post failed: <esp_err>`
    ProvisionTransport {
        /// Name of the ESP-IDF error.
        error: String,
    },
    /// `iotmer_provision: JSON parse failed`
    ProvisionUnreadable,
    /// `iotmer_provision: next attempt in N ms (Class)`: ours; the unit waits after a failed provisioning.
    ProvisionBackingOff {
        /// How long, in milliseconds.
        delay_ms: u64,
        /// Class of the failure (recovery rules, section 2), such as `NetworkError`.
        class: String,
    },
    /// `iotmer_provision: MQTT (from provision): host=… port=… tls=… username=… password_len=N …`
    Provisioned {
        /// Broker host.
        host: String,
        /// Broker port.
        port: u16,
        /// Whether TLS is used.
        tls: bool,
        /// Broker user name.
        username: String,
        /// Length of the password in bytes.
        password_len: usize,
        /// Whether the password differs from the stored one.
        password_changed: bool,
    },
    /// `iotmer_client: init complete (device_id=…, mqtt_host=…)`
    InitComplete {
        /// Identity of the device.
        device_id: String,
        /// Broker host.
        mqtt_host: String,
    },
    /// `iotmer_client: MQTT connected`
    MqttConnected,
    /// `iotmer_client: MQTT CONNACK auth failure (rc=4|5) — next reconnect uses N ms backoff`
    MqttRefused {
        /// Which refusal.
        refusal: ConnackRefusal,
        /// Delay before the next attempt, in milliseconds.
        backoff_ms: u32,
    },
    /// `iotmer_client: MQTT error: …`
    MqttError {
        /// Rest of the line.
        text: String,
    },
    /// `iotmer_ota: OTA skipped (same SHA256 as last applied build)`; not an error.
    OtaSkipped,
    /// `iotmer_ota: Starting HTTPS OTA (expected sha256=…)`
    OtaStarted {
        /// Expected SHA-256 as printed.
        sha256: String,
    },
    /// `iotmer_ota: OTA finished, rebooting into new firmware`
    OtaFinished,
    /// `iotmer_ota: OTA failed: <esp_err>`
    OtaFailed {
        /// Name of the ESP-IDF error.
        error: String,
    },
}

/// The two CONNACK codes that slow the unit's reconnects down (MQTT 3.1.1, table 3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConnackRefusal {
    /// 4: bad user name or password.
    BadCredentials,
    /// 5: not authorized.
    NotAuthorized,
}

impl ConnackRefusal {
    /// The return code on the wire.
    pub const fn code(self) -> u8 {
        match self {
            Self::BadCredentials => 4,
            Self::NotAuthorized => 5,
        }
    }
}

/// Severity letter of an ESP-IDF log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// `I`
    Info,
    /// `W`
    Warn,
    /// `E`
    Error,
}

impl Level {
    /// The letter that opens the line.
    pub const fn letter(self) -> char {
        match self {
            Self::Info => 'I',
            Self::Warn => 'W',
            Self::Error => 'E',
        }
    }
}

const WIFI: &str = "iotmer_wifi";
const PROVISION: &str = "iotmer_provision";
const CLIENT: &str = "iotmer_client";
const OTA: &str = "iotmer_ota";

impl LogLine {
    /// The tag that the unit logs this line under.
    pub const fn tag(&self) -> &'static str {
        match self {
            Self::WifiConnected { .. } | Self::WifiRetry { .. } | Self::WifiFailed { .. } => WIFI,
            Self::ProvisionStarted { .. }
            | Self::ProvisionSkipped
            | Self::ProvisionImpossible
            | Self::ProvisionRefused { .. }
            | Self::ProvisionTransport { .. }
            | Self::ProvisionUnreadable
            | Self::ProvisionBackingOff { .. }
            | Self::Provisioned { .. } => PROVISION,
            Self::InitComplete { .. } | Self::MqttConnected | Self::MqttRefused { .. } | Self::MqttError { .. } => {
                CLIENT
            }
            Self::OtaSkipped | Self::OtaStarted { .. } | Self::OtaFinished | Self::OtaFailed { .. } => OTA,
        }
    }

    /// The severity that the unit logs this line with.
    pub const fn level(&self) -> Level {
        match self {
            Self::WifiConnected { .. }
            | Self::ProvisionStarted { .. }
            | Self::ProvisionSkipped
            | Self::Provisioned { .. }
            | Self::InitComplete { .. }
            | Self::MqttConnected
            | Self::OtaSkipped
            | Self::OtaStarted { .. }
            | Self::OtaFinished => Level::Info,
            Self::WifiRetry { .. } | Self::ProvisionBackingOff { .. } | Self::MqttRefused { .. } => Level::Warn,
            Self::WifiFailed { .. }
            | Self::ProvisionImpossible
            | Self::ProvisionRefused { .. }
            | Self::ProvisionTransport { .. }
            | Self::ProvisionUnreadable
            | Self::MqttError { .. }
            | Self::OtaFailed { .. } => Level::Error,
        }
    }
}
