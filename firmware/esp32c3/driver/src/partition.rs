//! The partition table, as ESP-IDF's `gen_esp32part.py` writes it.

use alloc::vec::Vec;

use embedded_storage::nor_flash::ReadNorFlash;
use firstpass_agent::EspError;

/// Where the table stands unless it was moved.
const OFFSET: u32 = 0x8000;
const ROW: usize = 32;
const ROWS_MAX: usize = 95;
const MAGIC: [u8; 2] = [0xaa, 0x50];

/// A place in the flash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Region {
    /// First byte.
    pub offset: u32,
    /// Length in bytes.
    pub size: u32,
}

/// A row of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Partition {
    /// 0 app, 1 data.
    pub kind: u8,
    /// Meaning depends on the kind.
    pub subtype: u8,
    /// Where it is.
    pub region: Region,
}

impl Partition {
    /// Kind of apps.
    pub const APP: u8 = 0;
    /// Kind of data.
    pub const DATA: u8 = 1;
    /// Subtype of the first OTA slot; the others follow.
    pub const OTA_0: u8 = 0x10;
    /// Subtype of OTA data.
    pub const OTADATA: u8 = 0;
    /// Subtype of NVS.
    pub const NVS: u8 = 2;
}

/// All rows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PartitionTable(pub Vec<Partition>);

impl PartitionTable {
    /// Reads the table from the flash. A table that the boot loader took is sound, so its checksum is not computed again.
    pub fn read(flash: &mut impl ReadNorFlash) -> Result<Self, EspError> {
        let mut rows = Vec::new();
        let mut row = [0; ROW];
        for number in 0..ROWS_MAX {
            let at = OFFSET + (number * ROW) as u32;
            flash.read(at, &mut row).map_err(|_| EspError("ESP_ERR_FLASH_OP_FAIL"))?;
            let Some(partition) = Partition::parse(&row) else { break };
            rows.push(partition);
        }
        Ok(Self(rows))
    }

    /// The first partition of a kind.
    pub fn find(&self, kind: u8, subtype: u8) -> Option<Region> {
        self.0.iter().find(|row| (row.kind, row.subtype) == (kind, subtype)).map(|row| row.region)
    }

    /// The OTA slots, in order.
    pub fn slots(&self) -> Vec<Region> {
        (Partition::OTA_0..Partition::OTA_0 + 16).map_while(|slot| self.find(Partition::APP, slot)).collect()
    }
}

impl Partition {
    fn parse(row: &[u8; ROW]) -> Option<Self> {
        let word = |at: usize| row.get(at..at + 4)?.try_into().ok().map(u32::from_le_bytes);
        let region = Region { offset: word(4)?, size: word(8)? };
        (row[..2] == MAGIC).then_some(Self { kind: row[2], subtype: row[3], region })
    }
}
