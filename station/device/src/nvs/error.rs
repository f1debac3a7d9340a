//! Why an NVS image cannot be made or read. Names the entry, and never its value.

use esp_nvs::error::Error as FormatError;
use firstpass_contract::limits::TooLong;
use firstpass_contract::nvs::KeyError;
use thiserror::Error;

use super::{PAGE_LEN, PAGES_MIN};

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
