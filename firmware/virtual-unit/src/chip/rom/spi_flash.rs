//! The flash chip as the ROM uses it: as large as the host has said, whatever it is. Knows no command.

use crate::flash::{Flash, SECTOR};

/// The size that the ROM assumes until SPI_SET_PARAMS.
const SIZE: u32 = 0x20_0000;

/// The ROM's notion of the flash chip.
#[derive(Debug)]
pub(super) struct SpiFlash {
    /// Its size in bytes.
    pub(super) size: u32,
}

impl SpiFlash {
    pub(super) fn new() -> Self {
        Self { size: SIZE }
    }

    /// Erases the sectors that `length` bytes from `address` need; returns whether it could.
    pub(super) fn erase(&self, flash: &Flash, address: u32, length: u32) -> bool {
        let Some(whole) = length.checked_next_multiple_of(SECTOR) else { return false };
        let allowed = self.holds(address, length) && address.is_multiple_of(SECTOR);
        allowed && pieces(flash, address, whole).all(|(offset, length)| flash.erase(offset, length).is_ok())
    }

    /// Writes `bytes`. Whether that could be done is not looked at.
    pub(super) fn write(&self, flash: &Flash, address: u32, bytes: &[u8]) {
        let Some(length) = u32::try_from(bytes.len()).ok().filter(|length| self.holds(address, *length)) else {
            return;
        };
        let mut rest = bytes;
        for (offset, length) in pieces(flash, address, length) {
            let (piece, behind) = rest.split_at(length as usize);
            if let Err(error) = flash.write(offset, piece) {
                tracing::debug!(offset, %error, "the flash was not written");
            }
            rest = behind;
        }
    }

    /// Reads whole words: `length` bytes, and up to three more.
    pub(super) fn read(&self, flash: &Flash, address: u32, length: u32) -> Option<Vec<u8>> {
        if !self.holds(address, length) {
            return None;
        }
        let mut bytes = Vec::with_capacity(length as usize + 3);
        for (offset, length) in pieces(flash, address, length.next_multiple_of(4)) {
            bytes.extend(flash.read_vec(offset, length).ok()?);
        }
        Some(bytes)
    }

    fn holds(&self, address: u32, length: u32) -> bool {
        address.checked_add(length).is_some_and(|end| end <= self.size)
    }
}

/// The parts of a range that lie together in the flash chip, for which addresses beyond its end begin anew.
fn pieces(flash: &Flash, address: u32, length: u32) -> impl Iterator<Item = (u32, u32)> + use<> {
    let size = flash.size().bytes();
    let (mut at, mut left) = (address, length);
    std::iter::from_fn(move || {
        let offset = at % size;
        let piece = left.min(size - offset);
        (at, left) = (at.wrapping_add(piece), left - piece);
        (piece > 0).then_some((offset, piece))
    })
}
