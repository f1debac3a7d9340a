//! Which app partition boots: the two entries of the otadata partition (ESP-IDF's `esp_ota_select_entry_t`).
//!
//! An entry is 32 bytes at the start of a sector: sequence number (u32), label (20 bytes), state (u32), CRC of the
//! sequence number (u32). The valid entry with the highest number wins, and number n boots slot (n - 1) modulo the number
//! of slots. After `esp_flash_partitions.h` of ESP-IDF.

use core::cell::RefCell;

use embedded_storage::nor_flash::{NorFlash, ReadNorFlash};
use esp_nvs::platform::software_crc32;
use firstpass_agent::EspError;

use crate::flash::{RegionError, RegionFlash, SECTOR};
use crate::{Partition, PartitionTable, Region};

const ENTRY: usize = 32;
const STATE: usize = 24;

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

    fn is_rejected(self) -> bool {
        match self {
            Self::Invalid | Self::Aborted => true,
            Self::New | Self::Pending | Self::Valid | Self::Undefined => false,
        }
    }
}

/// An entry that counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Entry {
    sequence: u32,
    state: State,
}

impl Entry {
    fn parse(bytes: &[u8; ENTRY]) -> Option<Self> {
        let word = |at: usize| bytes.get(at..at + 4)?.try_into().ok().map(u32::from_le_bytes);
        let (sequence, state, crc) = (word(0)?, State::of(word(STATE)?), word(28)?);
        let counts = ![0, u32::MAX].contains(&sequence) && !state.is_rejected() && crc == checksum(sequence);
        counts.then_some(Self { sequence, state })
    }

    fn encode(self) -> [u8; ENTRY] {
        let mut entry = [0xff; ENTRY];
        entry[..4].copy_from_slice(&self.sequence.to_le_bytes());
        entry[STATE..STATE + 4].copy_from_slice(&self.state.word().to_le_bytes());
        entry[28..].copy_from_slice(&checksum(self.sequence).to_le_bytes());
        entry
    }
}

fn checksum(sequence: u32) -> u32 {
    software_crc32(u32::MAX, &sequence.to_le_bytes())
}

/// The two entries on a flash.
pub struct OtaData<'a, F> {
    flash: RegionFlash<'a, F>,
    entries: [Option<Entry>; 2],
}

impl<'a, F: NorFlash> OtaData<'a, F> {
    /// Reads both entries.
    pub fn read(flash: &'a RefCell<F>, table: &PartitionTable) -> Result<Self, EspError> {
        let region = table.find(Partition::DATA, Partition::OTADATA).ok_or(EspError("ESP_ERR_NOT_FOUND"))?;
        if region.size < 2 * SECTOR {
            return Err(EspError("ESP_ERR_INVALID_SIZE"));
        }
        let mut flash = RegionFlash { flash, region };
        let mut entry = |sector: u32| {
            let mut bytes = [0; ENTRY];
            flash.read(sector * SECTOR, &mut bytes).map_err(failed)?;
            Ok(Entry::parse(&bytes))
        };
        let entries = [entry(0)?, entry(1)?];
        Ok(Self { flash, entries })
    }

    /// The state of the image that was chosen to boot.
    pub fn state(&self) -> Option<State> {
        self.newest().1.map(|entry| entry.state)
    }

    /// The slot that was chosen to boot, out of `slots`.
    pub fn chosen(&self, slots: &[Region]) -> Option<Region> {
        let sequence = self.newest().1?.sequence as usize;
        slots.get((sequence - 1).checked_rem(slots.len())?).copied()
    }

    /// Makes slot `number` of `slots` the one to boot, on trial; the entry that held until then stays intact.
    pub fn select(&mut self, number: usize, slots: usize) -> Result<(), EspError> {
        let (sector, newest) = self.newest();
        let after = newest.map_or(0, |entry| entry.sequence);
        let boots = |sequence: &u32| (*sequence as usize - 1) % slots == number;
        let sequence = (after + 1..).take(slots).find(boots).ok_or(EspError("ESP_ERR_INVALID_ARG"))?;
        let other = if newest.is_some() { 1 - sector } else { 0 };
        self.write(other, Entry { sequence, state: State::New })
    }

    /// Gives the entry that decides another state.
    pub fn mark(&mut self, state: State) -> Result<(), EspError> {
        match self.newest() {
            (sector, Some(entry)) => self.write(sector, Entry { state, ..entry }),
            (_, None) => Ok(()),
        }
    }

    fn newest(&self) -> (u32, Option<Entry>) {
        let [first, second] = self.entries;
        let sequence = |entry: Option<Entry>| entry.map(|entry| entry.sequence);
        if sequence(second) > sequence(first) { (1, second) } else { (0, first) }
    }

    fn write(&mut self, sector: u32, entry: Entry) -> Result<(), EspError> {
        let at = sector * SECTOR;
        self.flash.erase(at, at + SECTOR).map_err(failed)?;
        self.flash.write(at, &entry.encode()).map_err(failed)?;
        self.entries[sector as usize] = Some(entry);
        Ok(())
    }
}

fn failed(_: RegionError) -> EspError {
    EspError("ESP_ERR_FLASH_OP_FAIL")
}
