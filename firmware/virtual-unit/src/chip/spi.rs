//! The SPI controller through which a loader talks to the flash chip. Knows the controller's registers and the few
//! flash commands that tools send through it.
//!
//! Register offsets after espflash 4.7 (`SpiRegisters`) and the technical reference manual; commands after JEDEC.

use crate::flash_size::FlashSize;

const CMD: u32 = 0x00;
const USR2: u32 = 0x20;
const MISO_LENGTH: u32 = 0x28;
const W0: u32 = 0x58;
const REGISTERS: usize = 0x28;
/// The bit of CMD that starts a transaction, and reads as zero when it is done.
const CMD_USR: u32 = 1 << 18;
/// GigaDevice GD25Q.
const MANUFACTURER_AND_TYPE: u32 = 0x40c8;
const READ_ID: u8 = 0x9f;
const READ_STATUS: [u8; 3] = [0x05, 0x35, 0x15];

/// The register file of the controller.
#[derive(Clone, Debug)]
pub(crate) struct Spi {
    registers: [u32; REGISTERS],
}

impl Spi {
    /// The controller after a reset.
    pub(crate) fn new() -> Self {
        Self { registers: [0; REGISTERS] }
    }

    /// Whether `offset` from the base of the controller is one of its registers.
    pub(crate) fn owns(offset: u32) -> bool {
        offset.is_multiple_of(4) && (offset as usize) < REGISTERS * 4
    }

    /// Reads the register at `offset`.
    pub(crate) fn read(&self, offset: u32) -> u32 {
        self.registers[offset as usize / 4]
    }

    /// Writes the register at `offset`; a write to CMD runs a transaction with a flash chip of `size`, or
    /// with none.
    pub(crate) fn write(&mut self, offset: u32, value: u32, size: Option<FlashSize>) {
        self.registers[offset as usize / 4] = value;
        if offset == CMD && value & CMD_USR != 0 {
            self.transact(size);
            self.registers[0] = value & !CMD_USR;
        }
    }

    fn transact(&mut self, size: Option<FlashSize>) {
        let bits = self.read(MISO_LENGTH) & 0x3ff;
        let mask = if bits >= 31 { u32::MAX } else { (2 << bits) - 1 };
        let command = self.read(USR2).to_le_bytes()[0];
        self.registers[W0 as usize / 4] = size.map_or(u32::MAX, |size| answer(command, size)) & mask;
    }
}

/// The first four bytes that the flash chip sends, the first in the lowest bits.
fn answer(command: u8, size: FlashSize) -> u32 {
    if command == READ_ID {
        MANUFACTURER_AND_TYPE | u32::from(size.jedec_capacity()) << 16
    } else if READ_STATUS.contains(&command) {
        0
    } else {
        // The chip does not drive the line for a command that it does not know.
        u32::MAX
    }
}
