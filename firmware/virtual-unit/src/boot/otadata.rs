//! The choice of the app partition, as ESP-IDF's second stage makes it from the OTA data. Knows no log.
//!
//! OTA data are two entries, one per sector: sequence number (u32), label (20 bytes), state (u32), CRC of the sequence
//! number (u32). After `esp_flash_partitions.h` and `bootloader_utility.c` of ESP-IDF.

use crate::partition::{Partition, PartitionTable};

/// Length of an entry in bytes.
pub(super) const ENTRY: u32 = 32;
const STATE_INVALID: u32 = 3;
const STATE_ABORTED: u32 = 4;

/// Where the boot starts to look for an app.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Start {
    /// There are no OTA data: the factory app.
    Factory,
    /// The OTA data are empty: the factory app.
    DefaultFactory,
    /// The OTA data are empty and there is no factory app: slot 0.
    FirstSlot,
    /// The OTA data name this slot.
    Slot(u8),
}

/// Chooses, given both entries of the OTA data, if there are any.
pub(super) fn choose(table: &PartitionTable, entries: Option<[&[u8]; 2]>) -> Start {
    let Some(entries) = entries else { return Start::Factory };
    let slots = slots(table).count();
    let newest = entries.into_iter().filter_map(sequence).max();
    match (newest, u32::try_from(slots)) {
        (Some(sequence), Ok(slots)) if slots > 0 => {
            Start::Slot(u8::try_from((sequence - 1) % slots).expect("at most sixteen slots"))
        }
        _ if table.find(Partition::APP, Partition::FACTORY).is_some() => Start::DefaultFactory,
        _ => Start::FirstSlot,
    }
}

/// The partitions in the order in which they are tried, each with the name that the log gives it: from the chosen one
/// back to the factory app, then forward.
pub(super) fn order(table: &PartitionTable, start: Start) -> Vec<(String, Partition)> {
    let factory = table.find(Partition::APP, Partition::FACTORY);
    let slots: Vec<_> = slots(table).enumerate().collect();
    let first = match start {
        Start::Factory | Start::DefaultFactory => 0,
        Start::FirstSlot => 1,
        Start::Slot(slot) => usize::from(slot) + 1,
    };
    let (back, forward) = slots.split_at(first.min(slots.len()));
    let name = |(slot, part): &(usize, &Partition)| (format!("OTA app partition slot {slot}"), (*part).clone());
    let factory = factory.map(|part| ("Factory app partition".to_owned(), part.clone()));
    back.iter().rev().map(name).chain(factory).chain(forward.iter().map(name)).collect()
}

fn slots(table: &PartitionTable) -> impl Iterator<Item = &Partition> {
    (0..16).map_while(|slot| table.find(Partition::APP, Partition::OTA_0 + slot))
}

/// The sequence number of an entry that counts.
fn sequence(entry: &[u8]) -> Option<u32> {
    let word = |at: usize| Some(u32::from_le_bytes(entry.get(at..at + 4)?.try_into().ok()?));
    let (sequence, state, crc) = (word(0)?, word(24)?, word(28)?);
    let counts = sequence != u32::MAX && sequence > 0 && ![STATE_INVALID, STATE_ABORTED].contains(&state);
    (counts && crc == checksum(sequence)).then_some(sequence)
}

/// CRC-32 as the ROM's `crc32_le(UINT32_MAX, …)` computes it.
fn checksum(sequence: u32) -> u32 {
    let mut crc = 0_u32;
    for byte in sequence.to_le_bytes() {
        crc ^= u32::from(byte);
        for _ in 0..8 {
            crc = crc >> 1 ^ if crc & 1 == 1 { 0xedb8_8320 } else { 0 };
        }
    }
    !crc
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::partition::Region;

    fn table(subtypes: &[u8]) -> PartitionTable {
        let row = |&subtype: &u8| Partition {
            label: format!("app{subtype:x}"),
            kind: Partition::APP,
            subtype,
            region: Region { offset: 0, size: 0x1000 },
            flags: 0,
        };
        PartitionTable(subtypes.iter().map(row).collect())
    }

    fn entry(sequence: u32) -> Vec<u8> {
        let mut bytes = vec![0xff; ENTRY as usize];
        bytes[..4].copy_from_slice(&sequence.to_le_bytes());
        bytes[28..].copy_from_slice(&checksum(sequence).to_le_bytes());
        bytes
    }

    #[test]
    fn the_checksum_is_the_one_that_esp_idf_writes() {
        // The entry of sequence 1 ends with the bytes 9a 98 43 47.
        assert_eq!(checksum(1), 0x4743_989a);
    }

    #[test]
    fn the_newest_sound_entry_chooses_the_slot() {
        let both = table(&[0x10, 0x11]);
        let empty = vec![0xff; ENTRY as usize];
        assert_eq!(choose(&both, Some([&entry(1), &empty])), Start::Slot(0));
        assert_eq!(choose(&both, Some([&entry(1), &entry(2)])), Start::Slot(1));
        assert_eq!(choose(&both, Some([&entry(3), &entry(2)])), Start::Slot(0));
        assert_eq!(choose(&both, Some([&empty, &empty])), Start::FirstSlot);
        assert_eq!(choose(&table(&[0, 0x10]), Some([&empty, &empty])), Start::DefaultFactory);
        assert_eq!(choose(&table(&[0]), None), Start::Factory);
    }

    #[test]
    fn a_slot_that_fails_falls_back_to_older_ones_and_then_forward() {
        let names =
            |start| order(&table(&[0, 0x10, 0x11]), start).into_iter().map(|(name, _)| name).collect::<Vec<_>>();
        let (factory, zero, one) = ("Factory app partition", "OTA app partition slot 0", "OTA app partition slot 1");
        assert_eq!(names(Start::Slot(1)), [one, zero, factory]);
        assert_eq!(names(Start::Slot(0)), [zero, factory, one]);
        assert_eq!(names(Start::DefaultFactory), [factory, zero, one]);
    }
}
