//! What stands in a unit's NVS, found in the raw bytes of its flash. Knows where the demo's partition table puts it.

use sha2::{Digest, Sha256};

/// Offset of the NVS partition.
pub const NVS_OFFSET: usize = 0x9000;
/// Length of the NVS partition.
pub const NVS_LEN: usize = 0x6000;
/// Offset of the first app partition.
pub const APP_OFFSET: usize = 0x10000;

/// Bytes of one NVS entry, and of what stands before a page's entries. Source: ESP-IDF, "NVS: internals".
const ENTRY_LEN: usize = 32;
const PAGE_LEN: usize = 4096;
const PAGE_HEAD: usize = 64;
/// Item type of a string.
const TYPE_STRING: u8 = 0x21;
/// Fewest bytes of a key's entry that stand before its key, and the key's length.
const KEY: std::ops::Range<usize> = 8..24;

/// The secrets of a unit.
#[derive(Debug, Default, Clone)]
pub struct Secrets(Vec<(String, String)>);

impl Secrets {
    /// Every secret text in an NVS partition, also in entries that are marked as erased: that is what an attacker finds.
    pub fn in_flash(flash: &[u8]) -> Self {
        let nvs = &flash[NVS_OFFSET..NVS_OFFSET + NVS_LEN];
        let mut secrets = Vec::new();
        for page in nvs.chunks(PAGE_LEN) {
            for start in (PAGE_HEAD..PAGE_LEN - ENTRY_LEN).step_by(ENTRY_LEN) {
                secrets.extend(secret(&page[start..]));
            }
        }
        Self(secrets)
    }

    /// Values of one key, oldest place first.
    pub fn of(&self, key: &str) -> Vec<&str> {
        self.0.iter().filter(|(name, _)| name == key).map(|(_, value)| value.as_str()).collect()
    }

    /// Every key with its value.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }
}

/// Length of a one-time code: hexadecimal digits.
const CODE_LEN: usize = 64;

/// Every place at which a one-time code of this SHA-256 (hexadecimal) begins: the whole of the bytes is searched.
pub fn find_code(bytes: &[u8], hash: &str) -> Vec<usize> {
    let could_be = |at: &usize| bytes[*at..*at + CODE_LEN].iter().all(u8::is_ascii_hexdigit);
    let is_code = |at: &usize| hex::encode(Sha256::digest(&bytes[*at..*at + CODE_LEN])) == hash;
    (0..=bytes.len().saturating_sub(CODE_LEN)).filter(could_be).filter(is_code).collect()
}

/// Every place at which `text` begins.
pub fn find_text(bytes: &[u8], text: &str) -> Vec<usize> {
    bytes.windows(text.len()).enumerate().filter(|(_, window)| *window == text.as_bytes()).map(|(at, _)| at).collect()
}

/// Keys whose values are secrets. Sources: the device contract, section 2, and `firstpass_contract::nvs`.
const SECRET_KEYS: &[&str] = &["mqtt_password", "dht", "auth_code", "key_pem", "wifi_pass"];

fn secret(entry: &[u8]) -> Option<(String, String)> {
    let key = std::str::from_utf8(&entry[KEY]).ok()?.trim_end_matches('\0');
    if entry[1] != TYPE_STRING || !SECRET_KEYS.contains(&key) {
        return None;
    }
    let len = usize::from(u16::from_le_bytes([entry[24], entry[25]]));
    let value = entry.get(ENTRY_LEN..ENTRY_LEN + len)?;
    let value = std::str::from_utf8(value).ok()?.trim_end_matches('\0');
    Some((key.to_owned(), value.to_owned()))
}
