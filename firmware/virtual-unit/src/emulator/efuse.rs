//! The eFuses of an emulated chip as the file that the emulator reads: block after block, as the controller's registers
//! show them from 0x2c on. Positions after the eFuse table of ESP-IDF (`esp_efuse_table.csv`).

use crate::mac::Mac;

/// Length of the file; the blocks end at 336 bytes, and what follows is not looked at.
const LENGTH: usize = 1024;
/// Where block 1 stands in it: behind the six words of block 0.
const BLOCK_1: usize = 24;
/// The minor number of the revision, v0.3, from bit 114 of block 1.
const REVISION: (usize, u8) = (BLOCK_1 + 114 / 8, 3 << (114 % 8));

/// A virgin chip with this MAC.
pub(super) fn file(mac: Mac) -> Vec<u8> {
    let mut file = vec![0; LENGTH];
    file[BLOCK_1..BLOCK_1 + 6].copy_from_slice(&mac.0);
    file[BLOCK_1..BLOCK_1 + 6].reverse();
    let (at, bits) = REVISION;
    file[at] |= bits;
    file
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_block_1_are_those_of_a_virtual_unit() {
        let mac = Mac([1, 2, 3, 4, 5, 6]);
        let fuses = crate::chip::efuse::Fuses::under(&crate::faults::Faults::new(Vec::new()));
        let file = file(mac);
        for word in 0..6 {
            let at = BLOCK_1 + 4 * word;
            let found = u32::from_le_bytes(file[at..at + 4].try_into().unwrap());
            assert_eq!(found, fuses.word(0x44 + 4 * word as u32, mac), "word {word}");
        }
    }
}
