//! NVS partition images: made from typed entries, and read back into them. Knows the format through `esp-nvs`, and the
//! limits through the device contract; no unit and no session.

mod check;
mod read_back;

use std::collections::BTreeSet;
use std::fmt;

use esp_nvs::error::Error as FormatError;
use esp_nvs::mem_flash::MemFlash;
use esp_nvs::{ItemType, Key, Nvs};
use firstpass_contract::Secret;
use firstpass_contract::limits::TooLong;
use firstpass_contract::nvs::KeyError;
use thiserror::Error;

pub use self::read_back::{CodeSearch, ExpectedSession, read_back};

/// Length of an NVS page: a flash sector.
pub const PAGE_LEN: u32 = 0x1000;
/// Fewest pages that ESP-IDF mounts ("NVS: Structure of a Page": one is kept free).
const PAGES_MIN: u32 = 3;

/// A value with its type.
#[derive(Clone, PartialEq, Eq)]
pub enum NvsValue {
    /// `u8`
    U8(u8),
    /// `i8`
    I8(i8),
    /// `u16`
    U16(u16),
    /// `i16`
    I16(i16),
    /// `u32`
    U32(u32),
    /// `i32`
    I32(i32),
    /// `u64`
    U64(u64),
    /// `i64`
    I64(i64),
    /// `str`; kept as a secret, because passwords and codes are among them.
    Str(Secret),
    /// `blob`
    Blob(Vec<u8>),
}

/// A value under its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NvsEntry {
    /// Namespace, at most 15 characters.
    pub namespace: String,
    /// Key, at most 15 characters.
    pub key: String,
    /// Value.
    pub value: NvsValue,
}

/// An NVS image that cannot be made or read. Names the entry, and never its value.
#[derive(Debug, Error)]
pub enum NvsError {
    /// A key or a namespace cannot be one.
    #[error("NVS entry {entry}: {name:?} cannot be a name: {source}")]
    Name {
        /// `namespace/key`.
        entry: String,
        /// The offending one of the two.
        name: String,
        /// Why.
        source: KeyError,
    },
    /// A string of the contract does not fit the unit's buffer.
    #[error("NVS entry {entry}: {source}")]
    Field {
        /// `namespace/key`.
        entry: String,
        /// Which limit.
        source: TooLong,
    },
    /// A value is longer than NVS can hold.
    #[error("NVS entry {entry}: the value is {len} bytes long; at most {max} are possible")]
    TooLong {
        /// `namespace/key`.
        entry: String,
        /// Its length.
        len: usize,
        /// The most that is possible.
        max: usize,
    },
    /// A string holds a NUL, at which the unit would stop reading.
    #[error("NVS entry {entry}: the text holds a NUL")]
    Nul {
        /// `namespace/key`.
        entry: String,
    },
    /// Two entries have one key.
    #[error("NVS entry {entry} is there twice")]
    Twice {
        /// `namespace/key`.
        entry: String,
    },
    /// The partition has a length that NVS cannot have.
    #[error(
        "an NVS partition of {len:#x} bytes is not possible: it takes a multiple of {PAGE_LEN:#x}, and {PAGES_MIN} pages at least"
    )]
    Length {
        /// Its length in bytes.
        len: usize,
    },
    /// The entries do not fit, or the library refuses one.
    #[error("NVS entry {entry} could not be written into {len:#x} bytes")]
    Write {
        /// `namespace/key`.
        entry: String,
        /// Length of the partition.
        len: u32,
        /// Why.
        source: FormatError,
    },
    /// The partition cannot be read as NVS.
    #[error("the partition cannot be read as NVS")]
    Unreadable(#[source] FormatError),
    /// An entry cannot be read.
    #[error("NVS entry {entry} cannot be read")]
    Entry {
        /// `namespace/key`.
        entry: String,
        /// Why.
        source: FormatError,
    },
}

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

impl NvsEntry {
    /// An entry of a string.
    pub fn text(namespace: &str, key: &str, value: impl Into<String>) -> Self {
        Self::new(namespace, key, NvsValue::Str(Secret::new(value)))
    }

    /// An entry.
    pub fn new(namespace: &str, key: &str, value: NvsValue) -> Self {
        Self { namespace: namespace.to_owned(), key: key.to_owned(), value }
    }
}

impl fmt::Display for NvsEntry {
    /// `namespace/key`, never the value.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.namespace, self.key)
    }
}

impl NvsValue {
    /// The type's name as partition tools write it.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::U8(_) => "u8",
            Self::I8(_) => "i8",
            Self::U16(_) => "u16",
            Self::I16(_) => "i16",
            Self::U32(_) => "u32",
            Self::I32(_) => "i32",
            Self::U64(_) => "u64",
            Self::I64(_) => "i64",
            Self::Str(_) => "string",
            Self::Blob(_) => "binary",
        }
    }
}

impl fmt::Debug for NvsValue {
    /// The type only: a value may be a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}(…)", self.kind())
    }
}

#[cfg(test)]
mod tests;
