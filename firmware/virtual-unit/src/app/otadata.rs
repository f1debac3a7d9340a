//! Which OTA slot boots: the two entries of the otadata partition (ESP-IDF's `esp_ota_select_entry_t`).
//!
//! An entry is 32 bytes at the start of a sector: sequence number, 20 bytes of label, state, CRC of the number. The
//! valid entry with the highest number wins, and number n boots slot (n - 1) modulo the number of slots.

use esp_nvs::platform::software_crc32;

use crate::Flash;
use crate::flash::{FlashError, SECTOR};
use crate::partition::{Partition, PartitionTable, Region};

const ENTRY_BYTES: u32 = 32;
const SLOTS_MAX: u8 = 16;
/// `ESP_OTA_IMG_INVALID` and `ESP_OTA_IMG_ABORTED`: the second stage passes such an entry over.
const REJECTED_STATES: [u32; 2] = [3, 4];

/// The OTA slots of a unit and the partition that chooses among them.
pub(super) struct Slots {
    otadata: Region,
    slots: Vec<Partition>,
}

impl Slots {
    /// `None` when the table has no otadata of two sectors, or no slot.
    pub(super) fn of(table: &PartitionTable) -> Option<Self> {
        let otadata = table.find(Partition::DATA, Partition::OTADATA)?.region;
        let numbers = Partition::OTA_0..Partition::OTA_0 + SLOTS_MAX;
        let slots: Vec<_> = numbers.map_while(|subtype| table.find(Partition::APP, subtype)).cloned().collect();
        (otadata.size >= 2 * SECTOR && !slots.is_empty()).then_some(Self { otadata, slots })
    }

    /// The slot for the next image and its number, from 0: the one after the running one.
    pub(super) fn next_after(&self, running: &Partition) -> (usize, Region) {
        let current = self.slots.iter().position(|slot| slot.region == running.region);
        let number = current.map_or(0, |number| (number + 1) % self.slots.len());
        (number, self.slots[number].region)
    }

    /// Makes slot `number` the one to boot; the entry that holds until then stays intact.
    pub(super) fn select(&self, flash: &Flash, number: usize) -> Result<(), FlashError> {
        let sequences = [self.sequence(flash, 0)?, self.sequence(flash, 1)?];
        let newest = sequences[0].max(sequences[1]).unwrap_or(0);
        let sector = u32::from(sequences[0].is_some() && sequences[0] >= sequences[1]);
        let sequence = next_sequence(newest, number, self.slots.len());
        let offset = self.otadata.offset + sector * SECTOR;
        flash.erase(offset, SECTOR)?;
        flash.write(offset, &entry(sequence))
    }

    /// The sequence number of an entry, if it is valid.
    fn sequence(&self, flash: &Flash, sector: u32) -> Result<Option<u32>, FlashError> {
        let bytes = flash.read_vec(self.otadata.offset + sector * SECTOR, ENTRY_BYTES)?;
        let word = |at: usize| u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
        let sequence = word(0);
        let counts = sequence != u32::MAX && !REJECTED_STATES.contains(&word(24)) && word(28) == crc(sequence);
        Ok(counts.then_some(sequence))
    }
}

/// The lowest number above `newest` that boots slot `number` of `slots`.
fn next_sequence(newest: u32, number: usize, slots: usize) -> u32 {
    let boots = |sequence: &u32| (*sequence as usize - 1) % slots == number;
    (newest + 1..).find(boots).expect("one of any `slots` numbers in a row boots the slot")
}

fn entry(sequence: u32) -> [u8; ENTRY_BYTES as usize] {
    let mut entry = [0xff; ENTRY_BYTES as usize];
    entry[..4].copy_from_slice(&sequence.to_le_bytes());
    entry[28..].copy_from_slice(&crc(sequence).to_le_bytes());
    entry
}

fn crc(sequence: u32) -> u32 {
    software_crc32(u32::MAX, &sequence.to_le_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As `otatool.py` writes it for the first slot; do not edit.
    const FIRST: [u8; 32] = [
        1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x9a, 0x98, 0x43, 0x47,
    ];

    #[test]
    fn an_entry_is_the_one_that_espressifs_tools_write() {
        assert_eq!(entry(1), FIRST);
    }

    #[test]
    fn the_next_number_is_higher_and_boots_the_wanted_slot() {
        for (newest, number, slots, expected) in [(0, 0, 2, 1), (1, 1, 2, 2), (2, 0, 2, 3), (1, 0, 2, 3), (5, 0, 1, 6)]
        {
            assert_eq!(next_sequence(newest, number, slots), expected);
        }
    }
}
