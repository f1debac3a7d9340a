//! Keys of the NVS session. Source: device contract, section 2; keys marked "ours" are read by Firstpass firmware.

use thiserror::Error;

/// Default namespace of the session.
pub const NAMESPACE: &str = "iotmer_creds";

/// Longest key or namespace name, in bytes; a longer one fails on the unit with `ESP_ERR_NVS_KEY_TOO_LONG`.
pub const KEY_LEN_MAX: usize = 15;

/// Longest string value in NVS, in bytes, the final NUL included (ESP-IDF documentation, "NVS: Keys and Values").
pub const STRING_MAX: usize = 4000;

/// Name of the data partition (subtype `nvs`) that holds the session.
pub const PARTITION: &str = "nvs";

macro_rules! keys {
    ($($(#[$doc:meta])* $konst:ident = $key:literal;)*) => {
        $($(#[$doc])* pub const $konst: &str = $key;)*
        /// Every key of the contract.
        pub const ALL_KEYS: &[&str] = &[$($key),*];
    };
}

keys! {
    /// Identity, `str`.
    DEVICE_ID = "device_id";
    /// Topic key, `str`.
    DEVICE_KEY = "device_key";
    /// Workspace part of topics, `str`.
    WORKSPACE_SLUG = "workspace_slug";
    /// Broker host, `str`.
    MQTT_HOST = "mqtt_host";
    /// Broker user name, `str`.
    MQTT_USERNAME = "mqtt_username";
    /// Broker password, `str`.
    MQTT_PASSWORD = "mqtt_password";
    /// Broker port, `i32`.
    MQTT_PORT = "mqtt_port";
    /// Whether the broker speaks TLS, `i8`, 0 or 1.
    MQTT_TLS = "mqtt_tls";
    /// SHA-256 of the offered firmware, `str`.
    FW_SHA256 = "fw_sha256";
    /// URL of the offered firmware, `str`.
    FW_URL = "fw_url";
    /// Size of the offered firmware in bytes, `u32`.
    FW_SIZE = "fw_size";
    /// SHA-256 of the image last applied, `str`.
    OTA_SHA = "ota_sha";
    /// Name of `ota_sha` on older units, `str`.
    FW_DONE_SHA256 = "fw_done_sha256";
    /// Device HTTP token, `str`.
    DHT = "dht";
    /// Wi-Fi network name, `str`.
    WIFI_SSID = "wifi_ssid";
    /// Wi-Fi passphrase, `str`.
    WIFI_PASS = "wifi_pass";
    /// Ours: one-time factory auth code, `str`; erased by the unit once it is provisioned.
    AUTH_CODE = "auth_code";
    /// Ours: provisioning base URL without trailing slash, `str`.
    PROV_URL = "prov_url";
    /// Ours: workspace UUID of the provisioning request, `str`.
    WORKSPACE_ID = "workspace_id";
    /// Ours: template of the provisioning request, `str`, optional.
    TEMPLATE_ID = "template_id";
    /// Ours: PEM of the trust anchor for HTTPS and MQTT, `str`.
    CA_PEM = "ca_pem";
    /// Ours: PEM chain of the client certificate, leaf first, `str`.
    CERT_PEM = "cert_pem";
    /// Ours: PEM of the client certificate's private key (PKCS #8), `str`.
    KEY_PEM = "key_pem";
    /// Ours: serial number given by the factory, `str`.
    SERIAL_NO = "serial_no";
}

/// Keys without which a stored session is incomplete: each must hold a non-empty string.
pub const COMPLETE_SESSION: [&str; 6] =
    [DEVICE_ID, DEVICE_KEY, WORKSPACE_SLUG, MQTT_HOST, MQTT_USERNAME, MQTT_PASSWORD];

/// A name cannot be an NVS key or namespace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum KeyError {
    /// Longer than [`KEY_LEN_MAX`]: the unit answers `ESP_ERR_NVS_KEY_TOO_LONG`.
    #[error("the NVS key is {len} characters long; at most {KEY_LEN_MAX} are allowed (ESP_ERR_NVS_KEY_TOO_LONG)")]
    TooLong {
        /// Length in bytes.
        len: usize,
    },
    /// Empty, or not printable ASCII.
    #[error("an NVS key is 1 to {KEY_LEN_MAX} printable ASCII characters")]
    Form,
}

/// Checks that `key` can be an NVS key or namespace name.
pub fn check_key(key: &str) -> Result<(), KeyError> {
    if key.len() > KEY_LEN_MAX {
        return Err(KeyError::TooLong { len: key.len() });
    }
    if key.is_empty() || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(KeyError::Form);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_of_the_contract_is_a_valid_key() {
        for key in ALL_KEYS {
            assert_eq!(check_key(key), Ok(()), "{key}");
        }
        assert_eq!(check_key(NAMESPACE), Ok(()));
    }

    #[test]
    fn a_key_of_16_characters_is_refused_with_its_length() {
        assert_eq!(check_key("sixteen_chars_16"), Err(KeyError::TooLong { len: 16 }));
    }
}
