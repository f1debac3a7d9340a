//! A unit's flash layout: the partition table from CSV or binary, checked, and where things stand. Knows no image.
//!
//! Source: ESP-IDF, "Partition Tables".

mod rows;

use esp_idf_part::{AppType, DataType, Partition, PartitionTable, SubType, Type};
use firstpass_domain::FlashSize;
use thiserror::Error;

/// Where ESP-IDF places the partition table unless a project says otherwise.
pub const TABLE_OFFSET: u32 = 0x8000;
/// Flash that the table takes: one sector.
pub const TABLE_SPACE: u32 = 0x1000;
/// Length of a table in its binary form.
const TABLE_LEN_MAX: usize = 0xc00;
/// Partitions that fit it, one row being the MD5 and one the end.
const PARTITIONS_MAX: usize = TABLE_LEN_MAX / 32 - 2;

/// A partition table that fits its flash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FlashLayout {
    table: PartitionTable,
}

/// A named range of flash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartitionInfo {
    /// Name in the table.
    pub name: String,
    /// First byte in flash.
    pub offset: u32,
    /// Length in bytes.
    pub len: u32,
}

/// A partition table that cannot be used.
#[derive(Debug, Error)]
pub enum PartitionError {
    /// It is neither a binary table nor CSV, or a field cannot be read. The cause names line and field.
    #[error("the partition table cannot be read")]
    Form(#[source] esp_idf_part::Error),
    /// The text is not UTF-8.
    #[error("the partition table is neither binary nor text")]
    NoText,
    /// A field cannot be used: a name that is no text of 1 to 16 characters, a number that is none or does not fit, a
    /// type or a flag that nobody knows.
    #[error("partition {name:?}: the {field} {text:?} cannot be used")]
    Field {
        /// Which partition.
        name: String,
        /// Which field.
        field: &'static str,
        /// What stands there.
        text: String,
    },
    /// A partition does not start at a multiple of its alignment.
    #[error("partition {name:?} starts at {offset:#x}, which is no multiple of {alignment:#x}")]
    Unaligned {
        /// Which partition.
        name: String,
        /// Where it starts.
        offset: u32,
        /// What its start must be a multiple of.
        alignment: u32,
    },
    /// A partition ends beyond the flash.
    #[error("partition {name:?} at {offset:#x} with {len:#x} bytes ends beyond the flash of {flash_size}")]
    BeyondFlash {
        /// Which partition.
        name: String,
        /// Where it starts.
        offset: u64,
        /// Its length.
        len: u64,
        /// The flash.
        flash_size: FlashSize,
    },
    /// A partition lies in the space of the boot loader or of the table itself.
    #[error("partition {name:?} starts at {offset:#x}, within the boot loader or the partition table")]
    Reserved {
        /// Which partition.
        name: String,
        /// Where it starts.
        offset: u32,
    },
    /// Two partitions share flash.
    #[error("partitions {first:?} and {second:?} overlap")]
    Overlap {
        /// One of them.
        first: String,
        /// The other.
        second: String,
    },
    /// Two partitions have one name.
    #[error("two partitions are called {name:?}")]
    Duplicate {
        /// The name.
        name: String,
    },
    /// There are more partitions than the table holds.
    #[error("the table has {count} partitions; at most {PARTITIONS_MAX} fit")]
    TooMany {
        /// How many.
        count: usize,
    },
    /// A partition that the line needs is not there.
    #[error("the table has no {wanted}")]
    Missing {
        /// Which one.
        wanted: &'static str,
    },
}

impl FlashLayout {
    /// Reads a table, CSV or binary (whose MD5 is checked when it has one), and checks that it fits `flash_size`.
    pub fn parse(table: &[u8], flash_size: FlashSize) -> Result<Self, PartitionError> {
        rows::check(table, flash_size)?;
        let parsed = if rows::is_binary(table) {
            PartitionTable::try_from_bytes(table)
        } else {
            let text = str::from_utf8(table).map_err(|_| PartitionError::NoText)?;
            PartitionTable::try_from_str(text)
        };
        let table = parsed.map_err(explain)?;
        check(table.partitions(), flash_size)?;
        Ok(Self { table })
    }

    /// The table in its binary form with its MD5, as it stands in flash.
    pub fn to_binary(&self) -> Vec<u8> {
        self.table.to_bin().expect("a checked table has a binary form")
    }

    /// Every partition, in the table's order.
    pub fn partitions(&self) -> impl Iterator<Item = PartitionInfo> {
        self.table.partitions().iter().map(info)
    }

    /// The partition of that name.
    pub fn find(&self, name: &str) -> Option<PartitionInfo> {
        self.table.find(name).map(info)
    }

    /// The partition that holds the unit's session: the data partition called `nvs`, or else the first of that subtype.
    pub fn nvs(&self) -> Result<PartitionInfo, PartitionError> {
        let named = self.table.find(firstpass_contract::nvs::PARTITION);
        let is_nvs = |partition: &&Partition| partition.subtype() == SubType::Data(DataType::Nvs);
        let found = named.filter(is_nvs).or_else(|| self.table.partitions().iter().find(is_nvs));
        found.map(info).ok_or(PartitionError::Missing { wanted: "data partition of subtype nvs" })
    }

    /// The partition that tells the boot loader which OTA slot to run, when there is one.
    pub fn ota_data(&self) -> Option<PartitionInfo> {
        let is_ota = |partition: &&Partition| partition.subtype() == SubType::Data(DataType::Ota);
        self.table.partitions().iter().find(is_ota).map(info)
    }

    /// The partitions that updates go to, in the table's order.
    pub fn ota_slots(&self) -> impl Iterator<Item = PartitionInfo> {
        let fixed = [SubType::App(AppType::Factory), SubType::App(AppType::Test)];
        let apps = self.table.partitions().iter().filter(|partition| partition.ty() == Type::App);
        apps.filter(move |partition| !fixed.contains(&partition.subtype())).map(info)
    }

    /// The partition that a unit without OTA data boots: `factory`, or else the first OTA slot.
    pub fn app(&self) -> Result<PartitionInfo, PartitionError> {
        let find = |app| self.table.find_by_subtype(Type::App, SubType::App(app));
        let found = find(AppType::Factory).or_else(|| find(AppType::Ota_0));
        found.map(info).ok_or(PartitionError::Missing { wanted: "app partition (factory or ota_0)" })
    }
}

fn info(partition: &Partition) -> PartitionInfo {
    PartitionInfo { name: partition.name(), offset: partition.offset(), len: partition.size() }
}

fn explain(err: esp_idf_part::Error) -> PartitionError {
    match err {
        esp_idf_part::Error::DuplicatePartitions(name) => PartitionError::Duplicate { name },
        esp_idf_part::Error::OverlappingPartitions(first, second) => PartitionError::Overlap { first, second },
        other => PartitionError::Form(other),
    }
}

/// What the library does not look at, for the offsets that it has filled in as well.
fn check(partitions: &[Partition], flash_size: FlashSize) -> Result<(), PartitionError> {
    if partitions.len() > PARTITIONS_MAX {
        return Err(PartitionError::TooMany { count: partitions.len() });
    }
    for (index, partition) in partitions.iter().enumerate() {
        let PartitionInfo { name, offset, len } = info(partition);
        if offset < TABLE_OFFSET + TABLE_SPACE {
            return Err(PartitionError::Reserved { name, offset });
        }
        rows::check_end(&name, u64::from(offset), u64::from(len), flash_size)?;
        if partitions[..index].iter().any(|other| other.name() == name) {
            return Err(PartitionError::Duplicate { name });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
