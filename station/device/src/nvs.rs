//! NVS partition images: made from typed entries, and read back into them. Knows the format through `esp-nvs`, and the
//! limits through the device contract; no unit and no session.

mod check;
mod entry;
mod error;
mod key;
mod read_back;

use std::collections::BTreeSet;

use esp_nvs::error::Error as FormatError;
use esp_nvs::mem_flash::MemFlash;
use esp_nvs::{ItemType, Key, Nvs};
use firstpass_contract::Secret;

pub use self::entry::{NvsEntry, NvsValue};
pub use self::error::NvsError;
pub use self::read_back::{CodeSearch, ExpectedSession, read_back};

/// Length of an NVS page: a flash sector.
pub const PAGE_LEN: u32 = 0x1000;
/// Fewest pages that ESP-IDF mounts ("NVS: Structure of a Page": one is kept free).
const PAGES_MIN: u32 = 3;

/// Makes the image of a partition of `len` bytes that holds `entries`. Strings under a key of the device contract, in
/// whatever namespace, must fit the unit's buffers.
pub fn build(entries: &[NvsEntry], len: u32) -> Result<Vec<u8>, NvsError> {
    if !len.is_multiple_of(PAGE_LEN) || len < PAGES_MIN * PAGE_LEN {
        return Err(NvsError::Length { len: len as usize });
    }
    let mut seen = BTreeSet::new();
    for entry in entries {
        check::check(entry)?;
        if !seen.insert((&entry.namespace, &entry.key)) {
            return Err(NvsError::Twice { entry: entry.to_string() });
        }
    }
    let flash = MemFlash::new((len / PAGE_LEN) as usize);
    let mut nvs = Nvs::new(0, len as usize, flash).map_err(NvsError::Unreadable)?;
    for entry in entries {
        let written = write(&mut nvs, entry);
        written.map_err(|source| NvsError::Write { entry: entry.to_string(), len, source })?;
    }
    Ok(nvs.into_inner().into_inner())
}

fn write(nvs: &mut Nvs<MemFlash>, entry: &NvsEntry) -> Result<(), FormatError> {
    let (namespace, key) = (Key::from_str(&entry.namespace), Key::from_str(&entry.key));
    match &entry.value {
        NvsValue::U8(value) => nvs.set(&namespace, &key, *value),
        NvsValue::I8(value) => nvs.set(&namespace, &key, *value),
        NvsValue::U16(value) => nvs.set(&namespace, &key, *value),
        NvsValue::I16(value) => nvs.set(&namespace, &key, *value),
        NvsValue::U32(value) => nvs.set(&namespace, &key, *value),
        NvsValue::I32(value) => nvs.set(&namespace, &key, *value),
        NvsValue::U64(value) => nvs.set(&namespace, &key, *value),
        NvsValue::I64(value) => nvs.set(&namespace, &key, *value),
        NvsValue::Str(value) => nvs.set(&namespace, &key, value.expose()),
        NvsValue::Blob(value) => nvs.set(&namespace, &key, value.as_slice()),
    }
}

/// Reads a partition as the unit would mount it: erased entries and interrupted writes are not there.
pub fn read(raw: &[u8]) -> Result<Vec<NvsEntry>, NvsError> {
    if raw.is_empty() || !raw.len().is_multiple_of(PAGE_LEN as usize) {
        return Err(NvsError::Length { len: raw.len() });
    }
    let mut nvs = Nvs::new(0, raw.len(), MemFlash::from_bytes(raw.to_vec())).map_err(NvsError::Unreadable)?;
    let found: Result<Vec<_>, _> = nvs.typed_entries().collect();
    let mut entries = Vec::new();
    for (namespace, key, kind) in found.map_err(NvsError::Unreadable)? {
        let value = read_value(&mut nvs, &namespace, &key, kind);
        let entry = || format!("{namespace}/{key}");
        let value = value.map_err(|source| NvsError::Entry { entry: entry(), source })?;
        entries.push(NvsEntry { namespace: namespace.to_string(), key: key.to_string(), value });
    }
    Ok(entries)
}

fn read_value(nvs: &mut Nvs<MemFlash>, namespace: &Key, key: &Key, kind: ItemType) -> Result<NvsValue, FormatError> {
    Ok(match kind {
        ItemType::U8 => NvsValue::U8(nvs.get(namespace, key)?),
        ItemType::I8 => NvsValue::I8(nvs.get(namespace, key)?),
        ItemType::U16 => NvsValue::U16(nvs.get(namespace, key)?),
        ItemType::I16 => NvsValue::I16(nvs.get(namespace, key)?),
        ItemType::U32 => NvsValue::U32(nvs.get(namespace, key)?),
        ItemType::I32 => NvsValue::I32(nvs.get(namespace, key)?),
        ItemType::U64 => NvsValue::U64(nvs.get(namespace, key)?),
        ItemType::I64 => NvsValue::I64(nvs.get(namespace, key)?),
        ItemType::Sized => NvsValue::Str(Secret::new(nvs.get::<String>(namespace, key)?)),
        ItemType::Blob | ItemType::BlobData | ItemType::BlobIndex => NvsValue::Blob(nvs.get(namespace, key)?),
        ItemType::Any => return Err(FormatError::ItemTypeMismatch(kind)),
    })
}

#[cfg(test)]
mod tests;
