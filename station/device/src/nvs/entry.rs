//! One NVS entry: namespace, key and typed value. Its value never shows in debug output.

use std::fmt;

use firstpass_contract::Secret;

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
