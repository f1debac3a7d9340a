//! Which app partition boots: the two entries of the otadata partition (ESP-IDF's `esp_ota_select_entry_t`), read by the
//! second stage and written by an update. Knows no log.
//!
//! An entry is 32 bytes at the start of a sector: sequence number (u32), label (20 bytes), state (u32), CRC of the
//! sequence number (u32). The valid entry with the highest number wins, and number n boots slot (n - 1) modulo the number
//! of slots. After `esp_flash_partitions.h` and `bootloader_utility.c` of ESP-IDF.

use esp_nvs::platform::software_crc32;

use crate::flash::{Flash, FlashError, SECTOR};
use crate::partition::{Partition, PartitionTable, Region};

/// Length of an entry in bytes.
const ENTRY: u32 = 32;
/// Where an entry's state stands.
const STATE: usize = 24;
const SLOTS_MAX: u8 = 16;

/// `esp_ota_img_states_t`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Just written; its first boot makes it pending.
    New,
    /// It boots for the first time, and has not said yet that it works.
    Pending,
    /// It works.
    Valid,
    /// It said itself that it does not work.
    Invalid,
    /// It was reset before it said that it works.
    Aborted,
    /// Nobody keeps count.
    Undefined,
}

impl State {
    fn of(word: u32) -> Self {
        match word {
            0 => Self::New,
            1 => Self::Pending,
            2 => Self::Valid,
            3 => Self::Invalid,
            4 => Self::Aborted,
            _ => Self::Undefined,
        }
    }

    fn word(self) -> u32 {
        match self {
            Self::New => 0,
            Self::Pending => 1,
            Self::Valid => 2,
            Self::Invalid => 3,
            Self::Aborted => 4,
            Self::Undefined => u32::MAX,
        }
    }

    /// Whether the second stage passes an entry of this state over.
    fn is_rejected(self) -> bool {
        match self {
            Self::Invalid | Self::Aborted => true,
            Self::New | Self::Pending | Self::Valid | Self::Undefined => false,
        }
    }
}

/// An entry that counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its sequence number, at least 1.
    pub sequence: u32,
    /// Its state.
    pub state: State,
}

impl Entry {
    /// Reads an entry; `None` when the second stage would pass it over.
    fn parse(bytes: &[u8]) -> Option<Self> {
        let word = |at: usize| Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?));
        let (sequence, state, crc) = (word(0)?, State::of(word(STATE)?), word(28)?);
        let counts = ![0, u32::MAX].contains(&sequence) && !state.is_rejected() && crc == checksum(sequence);
        counts.then_some(Self { sequence, state })
    }

    fn encode(self) -> [u8; ENTRY as usize] {
        let mut entry = [0xff; ENTRY as usize];
        entry[..4].copy_from_slice(&self.sequence.to_le_bytes());
        entry[STATE..STATE + 4].copy_from_slice(&self.state.word().to_le_bytes());
        entry[28..].copy_from_slice(&checksum(self.sequence).to_le_bytes());
        entry
    }
}

/// CRC-32 as the ROM's `crc32_le(UINT32_MAX, …)` computes it.
fn checksum(sequence: u32) -> u32 {
    software_crc32(u32::MAX, &sequence.to_le_bytes())
}

/// The OTA slots of a table, in order.
pub fn slots(table: &PartitionTable) -> Vec<Partition> {
    (0..SLOTS_MAX).map_while(|slot| table.find(Partition::APP, Partition::OTA_0 + slot)).cloned().collect()
}

/// The two entries on a flash.
#[derive(Clone, Copy, Debug)]
pub struct OtaData {
    region: Region,
    entries: [Option<Entry>; 2],
}

/// Why there are no OTA data to go by.
#[derive(Debug)]
pub enum Missing {
    /// The table has no such partition.
    Partition,
    /// The partition has less than two sectors; its size.
    TooSmall(u32),
    /// The flash cannot be read.
    Flash(FlashError),
}

impl OtaData {
    /// Reads both entries.
    pub fn read(flash: &Flash, table: &PartitionTable) -> Result<Self, Missing> {
        let region = table.find(Partition::DATA, Partition::OTADATA).ok_or(Missing::Partition)?.region;
        if region.size < 2 * SECTOR {
            return Err(Missing::TooSmall(region.size));
        }
        let entry = |sector: u32| flash.read_vec(region.offset + sector * SECTOR, ENTRY).map_err(Missing::Flash);
        Ok(Self { region, entries: [Entry::parse(&entry(0)?), Entry::parse(&entry(1)?)] })
    }

    /// The entry that decides.
    #[must_use]
    pub fn newest(&self) -> Option<Entry> {
        self.newest_sector().1
    }

    /// Makes slot `number` of `slots` the one to boot, on trial; the entry that held until then stays intact.
    pub fn select(&self, flash: &Flash, number: usize, slots: usize) -> Result<(), FlashError> {
        let (sector, newest) = self.newest_sector();
        let sequence = next_sequence(newest.map_or(0, |entry| entry.sequence), number, slots);
        let other = if newest.is_some() { 1 - sector } else { 0 };
        self.write(flash, other, Entry { sequence, state: State::New })
    }

    /// Gives the entry that decides another state.
    pub fn mark(&self, flash: &Flash, state: State) -> Result<(), FlashError> {
        match self.newest_sector() {
            (sector, Some(entry)) => self.write(flash, sector, Entry { state, ..entry }),
            (_, None) => Ok(()),
        }
    }

    fn newest_sector(&self) -> (u32, Option<Entry>) {
        let [first, second] = self.entries;
        let sequence = |entry: Option<Entry>| entry.map(|entry| entry.sequence);
        if sequence(second) > sequence(first) { (1, second) } else { (0, first) }
    }

    fn write(&self, flash: &Flash, sector: u32, entry: Entry) -> Result<(), FlashError> {
        let offset = self.region.offset + sector * SECTOR;
        flash.erase(offset, SECTOR)?;
        flash.write(offset, &entry.encode())
    }
}

/// The lowest number above `newest` that boots slot `number` of `slots`.
fn next_sequence(newest: u32, number: usize, slots: usize) -> u32 {
    let boots = |sequence: &u32| (*sequence as usize - 1) % slots == number;
    (newest + 1..).find(boots).expect("one of any `slots` numbers in a row boots the slot")
}

/// Where the boot starts to look for an app.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// There are no OTA data: the factory app.
    Factory,
    /// The OTA data are empty: the factory app.
    DefaultFactory,
    /// The OTA data are empty and there is no factory app: slot 0.
    FirstSlot,
    /// The OTA data name this slot.
    Slot(usize),
}

/// Chooses, given the OTA data, if there are any.
#[must_use]
pub fn choose(table: &PartitionTable, data: Option<&OtaData>) -> Start {
    let Some(data) = data else { return Start::Factory };
    match (data.newest(), slots(table).len()) {
        (Some(entry), slots) if slots > 0 => Start::Slot((entry.sequence as usize - 1) % slots),
        _ if table.find(Partition::APP, Partition::FACTORY).is_some() => Start::DefaultFactory,
        _ => Start::FirstSlot,
    }
}

/// The partitions in the order in which they are tried, each with the name that the log gives it: from the chosen one
/// back to the factory app, then forward.
#[must_use]
pub fn order(table: &PartitionTable, start: Start) -> Vec<(String, Partition)> {
    let factory = table.find(Partition::APP, Partition::FACTORY);
    let slots: Vec<_> = slots(table).into_iter().enumerate().collect();
    let first = match start {
        Start::Factory | Start::DefaultFactory => 0,
        Start::FirstSlot => 1,
        Start::Slot(slot) => slot + 1,
    };
    let (back, forward) = slots.split_at(first.min(slots.len()));
    let name = |(slot, part): &(usize, Partition)| (format!("OTA app partition slot {slot}"), part.clone());
    let factory = factory.map(|part| ("Factory app partition".to_owned(), part.clone()));
    back.iter().rev().map(name).chain(factory).chain(forward.iter().map(name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As `otatool.py` writes it for the first slot; do not edit.
    const FIRST: [u8; 32] = [
        1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x9a, 0x98, 0x43, 0x47,
    ];

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

    fn entry(sequence: u32, state: State) -> Option<Entry> {
        Entry::parse(&Entry { sequence, state }.encode())
    }

    fn data(entries: [Option<Entry>; 2]) -> OtaData {
        OtaData { region: Region { offset: 0, size: 2 * SECTOR }, entries }
    }

    #[test]
    fn an_entry_is_the_one_that_espressifs_tools_write() {
        assert_eq!(Entry { sequence: 1, state: State::Undefined }.encode(), FIRST);
    }

    #[test]
    fn the_newest_sound_entry_chooses_the_slot() {
        let (both, sound) = (table(&[0x10, 0x11]), |sequence| entry(sequence, State::Undefined));
        for (entries, start) in [
            ([sound(1), None], Start::Slot(0)),
            ([sound(1), sound(2)], Start::Slot(1)),
            ([sound(3), sound(2)], Start::Slot(0)),
            ([sound(1), entry(2, State::Invalid)], Start::Slot(0)),
            ([sound(1), entry(2, State::Aborted)], Start::Slot(0)),
            ([sound(1), entry(2, State::Pending)], Start::Slot(1)),
            ([None, None], Start::FirstSlot),
        ] {
            assert_eq!(choose(&both, Some(&data(entries))), start, "{entries:?}");
        }
        assert_eq!(choose(&table(&[0, 0x10]), Some(&data([None, None]))), Start::DefaultFactory);
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

    #[test]
    fn the_next_number_is_higher_and_boots_the_wanted_slot() {
        for (newest, number, slots, expected) in [(0, 0, 2, 1), (1, 1, 2, 2), (2, 0, 2, 3), (1, 0, 2, 3), (5, 0, 1, 6)]
        {
            assert_eq!(next_sequence(newest, number, slots), expected);
        }
    }

    #[test]
    fn the_entry_that_holds_stays_intact_when_another_slot_is_selected() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let flash = Flash::open(&dir.path().join("flash.bin"), crate::FlashSize::Mb2).expect("a flash file");
        let row = |kind, subtype, offset| Partition {
            label: String::new(),
            kind,
            subtype,
            region: Region { offset, size: 0x2000 },
            flags: 0,
        };
        let app = |slot: u8| row(Partition::APP, Partition::OTA_0 + slot, 0x2_0000);
        let table = PartitionTable(vec![row(Partition::DATA, Partition::OTADATA, 0x1_0000), app(0), app(1)]);
        let read = || OtaData::read(&flash, &table).expect("OTA data");
        read().select(&flash, 0, 2).expect("a working flash");
        read().mark(&flash, State::Valid).expect("a working flash");
        read().select(&flash, 1, 2).expect("a working flash");
        assert_eq!(read().entries, [entry(1, State::Valid), entry(2, State::New)]);
        read().mark(&flash, State::Invalid).expect("a working flash");
        assert_eq!(choose(&table, Some(&read())), Start::Slot(0));
    }
}
