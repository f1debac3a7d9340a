//! The partition table at 0x8000, read as the second stage reads it. Knows bytes, not what boots.
//!
//! Layout after ESP-IDF's "Partition Tables": 32-byte rows (magic 0x50aa, type, subtype, offset, size, 16-byte label,
//! flags), an optional row 0xebeb with the MD5 of the rows before it, and an end of 0xff.

use md5::{Digest, Md5};

/// Where the table stands in flash.
pub const TABLE_OFFSET: u32 = 0x8000;
/// How many bytes of flash it may fill.
pub const TABLE_LENGTH: u32 = 0xc00;
const ROW: usize = 32;
const MAGIC: u16 = 0x50aa;
const MAGIC_MD5: u16 = 0xebeb;

/// A range of flash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Region {
    /// First byte.
    pub offset: u32,
    /// Length in bytes.
    pub size: u32,
}

/// One row of the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Partition {
    /// The label, at most 16 characters.
    pub label: String,
    /// Type: 0 is app, 1 is data.
    pub kind: u8,
    /// Subtype: of apps 0 is factory and 0x10.. are OTA slots; of data 0 is otadata, 1 phy, 2 nvs.
    pub subtype: u8,
    /// Where it stands.
    pub region: Region,
    /// Flags: bit 0 is encrypted, bit 1 is read-only.
    pub flags: u32,
}

impl Partition {
    /// Type `app`.
    pub const APP: u8 = 0;
    /// Type `data`.
    pub const DATA: u8 = 1;
    /// Subtype of the factory app.
    pub const FACTORY: u8 = 0;
    /// Subtype of the first OTA slot; the others follow, up to sixteen.
    pub const OTA_0: u8 = 0x10;
    /// Subtype of the OTA data.
    pub const OTADATA: u8 = 0;
    /// Subtype of NVS.
    pub const NVS: u8 = 2;
}

/// All rows of a table that was found valid.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PartitionTable(pub Vec<Partition>);

impl PartitionTable {
    /// The first partition of that type and subtype.
    #[must_use]
    pub fn find(&self, kind: u8, subtype: u8) -> Option<&Partition> {
        self.0.iter().find(|row| row.kind == kind && row.subtype == subtype)
    }

    /// Reads a table. `bytes` is what stands at [`TABLE_OFFSET`], [`TABLE_LENGTH`] bytes.
    pub fn parse(bytes: &[u8]) -> Result<Self, PartitionError> {
        let mut rows = Vec::new();
        for (index, row) in bytes.chunks_exact(ROW).enumerate() {
            match u16::from_le_bytes([row[0], row[1]]) {
                MAGIC => rows.push(parse_row(row)),
                MAGIC_MD5 => check_md5(row, &bytes[..index * ROW])?,
                0xffff if index > 0 => return Ok(Self(rows)),
                magic => return Err(PartitionError::Magic { index, magic }),
            }
        }
        Err(PartitionError::NoEnd)
    }
}

/// A table that the second stage refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PartitionError {
    /// A row that starts with neither a known magic number nor, after the first, the end.
    #[error("partition {index} invalid magic number {magic:#x}")]
    Magic {
        /// Which row, from 0.
        index: usize,
        /// What stands there.
        magic: u16,
    },
    /// The MD5 row does not fit the rows before it.
    #[error("partition table MD5 mismatch")]
    Md5,
    /// The table has no end.
    #[error("partition table has no terminating entry, not valid")]
    NoEnd,
}

fn parse_row(row: &[u8]) -> Partition {
    let label = row[12..28].split(|&byte| byte == 0).next().unwrap_or_default();
    Partition {
        label: String::from_utf8_lossy(label).into_owned(),
        kind: row[2],
        subtype: row[3],
        region: Region { offset: word(row, 4), size: word(row, 8) },
        flags: word(row, 28),
    }
}

fn check_md5(row: &[u8], before: &[u8]) -> Result<(), PartitionError> {
    let right = Md5::digest(before).as_slice() == &row[16..];
    right.then_some(()).ok_or(PartitionError::Md5)
}

fn word(row: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([row[at], row[at + 1], row[at + 2], row[at + 3]])
}
