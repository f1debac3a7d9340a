//! Whether an entry can be stored, and read by the unit: keys, texts and blobs against the limits of the contract.

use firstpass_contract::limits::{self, TextField};
use firstpass_contract::nvs::{self, STRING_MAX, check_key};

use super::{NvsEntry, NvsError, NvsValue};

/// Longest blob (ESP-IDF, "NVS: Keys and Values": 508 000 bytes with several pages).
const BLOB_MAX: usize = esp_nvs::MAX_BLOB_SIZE - 1;

pub(super) fn check(entry: &NvsEntry) -> Result<(), NvsError> {
    for name in [&entry.namespace, &entry.key] {
        let named = |source| NvsError::Name { entry: entry.to_string(), name: name.clone(), source };
        check_key(name).map_err(named)?;
    }
    match &entry.value {
        NvsValue::Str(text) => check_text(entry, text.expose()),
        NvsValue::Blob(blob) => check_len(entry, blob.len(), BLOB_MAX),
        NvsValue::U8(_)
        | NvsValue::I8(_)
        | NvsValue::U16(_)
        | NvsValue::I16(_)
        | NvsValue::U32(_)
        | NvsValue::I32(_)
        | NvsValue::U64(_)
        | NvsValue::I64(_) => Ok(()),
    }
}

fn check_text(entry: &NvsEntry, text: &str) -> Result<(), NvsError> {
    if text.contains('\0') {
        return Err(NvsError::Nul { entry: entry.to_string() });
    }
    check_len(entry, text.len(), STRING_MAX - 1)?;
    let field = buffer_of(&entry.key).map_or(Ok(()), |field| field.check(text));
    field.map_err(|source| NvsError::Field { entry: entry.to_string(), source })
}

fn check_len(entry: &NvsEntry, len: usize, max: usize) -> Result<(), NvsError> {
    if len > max {
        return Err(NvsError::TooLong { entry: entry.to_string(), len, max });
    }
    Ok(())
}

/// The unit's buffer for the string under `key`, for keys of the contract.
fn buffer_of(key: &str) -> Option<TextField> {
    Some(match key {
        nvs::DEVICE_ID => limits::DEVICE_ID,
        nvs::DEVICE_KEY => limits::DEVICE_KEY,
        nvs::WORKSPACE_SLUG => limits::WORKSPACE_SLUG,
        nvs::MQTT_HOST => limits::MQTT_HOST,
        nvs::MQTT_USERNAME => limits::MQTT_USERNAME,
        nvs::MQTT_PASSWORD => limits::MQTT_PASSWORD,
        nvs::FW_SHA256 | nvs::OTA_SHA | nvs::FW_DONE_SHA256 => limits::FIRMWARE_CHECKSUM_SHA256,
        nvs::FW_URL => limits::FIRMWARE_URL,
        nvs::DHT => limits::DEVICE_HTTP_TOKEN,
        nvs::WIFI_SSID => limits::WIFI_SSID,
        nvs::WIFI_PASS => limits::WIFI_PASS,
        _ => return None,
    })
}
