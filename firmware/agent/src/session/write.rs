//! What a provisioning, an update or a reset changes in NVS.

use alloc::{string::String, vec::Vec};

use firstpass_contract::{Secret, nvs};

/// A change of the session's namespace: first everything is set, in order, then everything else erased, so that a power
/// cut in the middle leaves the auth code in place and the unit provisions again.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SessionWrite {
    /// Keys and their new values.
    pub set: Vec<(&'static str, NvsValue)>,
    /// Keys to erase with their old bytes overwritten; a missing key is no error.
    pub erase: Vec<&'static str>,
}

/// A value with its NVS type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NvsValue {
    /// `str`
    Text(String),
    /// `str` that must not be printed.
    Secret(Secret),
    /// `i32`
    I32(i32),
    /// `i8`
    I8(i8),
    /// `u32`
    U32(u32),
}

/// Keys that a factory reset erases: everything that a provisioning or an update has stored. Factory parameters, Wi-Fi
/// and trust anchor stay.
pub(crate) const CREDENTIALS: [&str; 16] = [
    nvs::DEVICE_ID,
    nvs::DEVICE_KEY,
    nvs::WORKSPACE_SLUG,
    nvs::MQTT_HOST,
    nvs::MQTT_USERNAME,
    nvs::MQTT_PASSWORD,
    nvs::MQTT_PORT,
    nvs::MQTT_TLS,
    nvs::FW_SHA256,
    nvs::FW_URL,
    nvs::FW_SIZE,
    nvs::OTA_SHA,
    nvs::FW_DONE_SHA256,
    nvs::DHT,
    nvs::CERT_PEM,
    nvs::KEY_PEM,
];
