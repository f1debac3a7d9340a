//! Limits of the unit's buffers. Source: device contract, section 1.

use thiserror::Error;

/// Largest provisioning response body, in bytes, that the unit can parse; a longer one is cut and fails.
pub const RESPONSE_BODY_MAX: usize = 8191;

/// How long a unit waits for a provisioning answer by default, in milliseconds.
pub const PROVISION_TIMEOUT_MS: u32 = 10_000;

/// A text field of the contract with the size of the unit's buffer for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TextField {
    /// Field name as it stands in the provisioning response.
    pub name: &'static str,
    /// Size of the unit's buffer in bytes, the final NUL included.
    pub buffer: usize,
}

impl TextField {
    /// Most bytes of text that fit, the final NUL not counted.
    pub const fn max_len(self) -> usize {
        self.buffer - 1
    }

    /// Checks that `text` fits the unit's buffer and holds no NUL.
    pub fn check(self, text: &str) -> Result<(), TooLong> {
        if text.len() > self.max_len() || text.contains('\0') {
            return Err(TooLong { field: self.name, len: text.len(), max: self.max_len() });
        }
        Ok(())
    }
}

/// A text does not fit the unit's buffer.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{field} is {len} bytes long, or holds a NUL; the unit's buffer takes {max} bytes")]
pub struct TooLong {
    /// Which field.
    pub field: &'static str,
    /// Its length in bytes.
    pub len: usize,
    /// What the unit can hold, in bytes.
    pub max: usize,
}

macro_rules! text_fields {
    ($($(#[$doc:meta])* $konst:ident = $name:literal, $buffer:literal;)*) => {
        $($(#[$doc])* pub const $konst: TextField = TextField { name: $name, buffer: $buffer };)*
    };
}

text_fields! {
    /// Identity of the device in the service.
    DEVICE_ID = "device_id", 64;
    /// Key of the device in topics.
    DEVICE_KEY = "device_key", 96;
    /// Workspace part of topics.
    WORKSPACE_SLUG = "workspace_slug", 64;
    /// Broker host name or address.
    MQTT_HOST = "mqtt_host", 128;
    /// Broker user name, also the client id.
    MQTT_USERNAME = "mqtt_username", 96;
    /// Broker password.
    MQTT_PASSWORD = "mqtt_password", 96;
    /// Bearer token for later device calls.
    DEVICE_HTTP_TOKEN = "device_http_token", 384;
    /// Where the newest firmware lies.
    FIRMWARE_URL = "firmware_url", 512;
    /// SHA-256 of the newest firmware, 64 hexadecimal digits.
    FIRMWARE_CHECKSUM_SHA256 = "firmware_checksum_sha256", 65;
    /// Wi-Fi network name, at most 32 octets.
    WIFI_SSID = "wifi_ssid", 33;
    /// Wi-Fi passphrase, at most 63 octets.
    WIFI_PASS = "wifi_pass", 64;
}
