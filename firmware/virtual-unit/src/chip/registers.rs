//! The address space that READ_REG and WRITE_REG reach. Knows which words matter to tools; the rest is plain memory.

use std::collections::HashMap;
use std::ops::Range;

use super::efuse::Fuses;
use super::identity::{ESP32C3, Identity};
use super::spi::Spi;
use crate::faults::{Fault, Faults};
use crate::flash_size::FlashSize;
use crate::mac::Mac;

const MAGIC: u32 = 0x4000_1000;
/// Where an ESP32-C3 has something: flash, RAM, ROM, RAM of the RTC, and peripherals (technical reference manual, "System
/// and Memory").
const MAPPED: [Range<u32>; 8] = [
    0x3c00_0000..0x3c80_0000,
    0x3fc8_0000..0x3fce_0000,
    0x3ff0_0000..0x3ff2_0000,
    0x4000_0000..0x4006_0000,
    0x4037_c000..0x403e_0000,
    0x4200_0000..0x4280_0000,
    0x5000_0000..0x5000_2000,
    0x6000_0000..0x600d_1000,
];
const EFUSE_WORDS: u32 = 0x200;
/// Words that are remembered; a host that writes more of them is told nothing and reads zeros.
const WORDS_MAX: usize = 4096;

/// An access to an address where there is nothing, which throws the processor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RegisterFault;

/// What one chip shows on its bus.
#[derive(Clone, Debug)]
pub(crate) struct Registers {
    mac: Mac,
    flash_size: FlashSize,
    faults: Faults,
    spi: Spi,
    words: HashMap<u32, u32>,
}

impl Registers {
    /// The registers after a reset.
    pub(crate) fn new(mac: Mac, flash_size: FlashSize, faults: Faults) -> Self {
        Self { mac, flash_size, faults, spi: Spi::new(), words: HashMap::new() }
    }

    /// READ_REG.
    pub(crate) fn read(&self, address: u32) -> Result<u32, RegisterFault> {
        let identity = Identity::under(&self.faults);
        // Other chips have their own map.
        if identity.chip_id == ESP32C3 && !MAPPED.iter().any(|range| range.contains(&address)) {
            return Err(RegisterFault);
        }
        let spi = address.wrapping_sub(identity.spi);
        let fuses = address.wrapping_sub(identity.efuse);
        Ok(if address == MAGIC {
            identity.magic
        } else if Spi::owns(spi) {
            self.spi.read(spi)
        } else if fuses < EFUSE_WORDS {
            Fuses::under(&self.faults).word(fuses, self.mac)
        } else {
            self.words.get(&address).copied().unwrap_or(0)
        })
    }

    /// WRITE_REG.
    pub(crate) fn write(&mut self, address: u32, value: u32) {
        let spi = address.wrapping_sub(Identity::under(&self.faults).spi);
        if Spi::owns(spi) {
            self.spi.write(spi, value, self.claimed_flash_size());
        } else if self.words.len() < WORDS_MAX {
            self.words.insert(address, value);
        }
    }

    /// What the flash chip says of itself; `None` when it says nothing.
    fn claimed_flash_size(&self) -> Option<FlashSize> {
        let lie = |fault: &Fault| if let Fault::WrongFlashSize { size } = fault { Some(*size) } else { None };
        let silent = self.faults.is_on(&Fault::FlashSilent);
        (!silent).then(|| self.faults.find(lie).unwrap_or(self.flash_size))
    }
}
