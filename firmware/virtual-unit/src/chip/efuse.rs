//! The eFuse words of a virgin ESP32-C3: MAC and revision, nothing burned. Knows no bus.
//!
//! Field positions after the eFuse table of ESP-IDF (`esp_efuse_table.csv`): in block 1, MAC at bits 0 to 47, wafer
//! version minor at 114 (3 bits) and 183 (1 bit), major at 184 (2 bits).

use crate::mac::Mac;

/// Major and minor number of the chip revision: v0.3, as in the boot logs.
pub(crate) const REVISION: (u32, u32) = (0, 3);

/// Offset of block 1 from the base of the eFuse controller.
const BLOCK_1: u32 = 0x44;

/// The word at `offset` from the base of the eFuse controller.
pub(crate) fn word(offset: u32, mac: Mac) -> u32 {
    let [a, b, c, d, e, f] = mac.0;
    let (major, minor) = REVISION;
    match offset.wrapping_sub(BLOCK_1) {
        0x00 => u32::from_be_bytes([c, d, e, f]),
        0x04 => u32::from_be_bytes([0, 0, a, b]),
        0x0c => (minor & 0b111) << 18,
        0x14 => (minor >> 3) << 23 | major << 24,
        _ => 0,
    }
}
