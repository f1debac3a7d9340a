//! One partition of the flash, addressed from its own first byte, for those that share the flash.

use core::cell::RefCell;
use core::fmt::Debug;

use embedded_storage::nor_flash::{ErrorType, NorFlash, NorFlashError, NorFlashErrorKind, ReadNorFlash};
use esp_nvs::platform::{Crc, software_crc32};

use crate::Region;

/// The smallest piece that can be erased, in bytes.
pub(crate) const SECTOR: u32 = 4096;

/// A partition of a shared flash.
pub(crate) struct RegionFlash<'a, F> {
    pub(crate) flash: &'a RefCell<F>,
    pub(crate) region: Region,
}

/// An access that the partition or the flash refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RegionError {
    /// Beyond the partition.
    Range,
    /// By the flash.
    Flash,
}

impl<F> RegionFlash<'_, F> {
    fn absolute(&self, offset: u32, length: usize) -> Result<u32, RegionError> {
        let end = u64::from(offset) + length as u64;
        (end <= u64::from(self.region.size)).then(|| self.region.offset + offset).ok_or(RegionError::Range)
    }
}

impl NorFlashError for RegionError {
    fn kind(&self) -> NorFlashErrorKind {
        match self {
            Self::Range => NorFlashErrorKind::OutOfBounds,
            Self::Flash => NorFlashErrorKind::Other,
        }
    }
}

impl<F> ErrorType for RegionFlash<'_, F> {
    type Error = RegionError;
}

impl<F: ReadNorFlash> ReadNorFlash for RegionFlash<'_, F> {
    const READ_SIZE: usize = F::READ_SIZE;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), RegionError> {
        let at = self.absolute(offset, bytes.len())?;
        self.flash.borrow_mut().read(at, bytes).map_err(|_| RegionError::Flash)
    }

    fn capacity(&self) -> usize {
        self.region.size as usize
    }
}

impl<F: NorFlash> NorFlash for RegionFlash<'_, F> {
    const WRITE_SIZE: usize = F::WRITE_SIZE;
    const ERASE_SIZE: usize = F::ERASE_SIZE;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), RegionError> {
        let length = to.checked_sub(from).ok_or(RegionError::Range)?;
        let at = self.absolute(from, length as usize)?;
        self.flash.borrow_mut().erase(at, at + length).map_err(|_| RegionError::Flash)
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), RegionError> {
        let at = self.absolute(offset, bytes.len())?;
        self.flash.borrow_mut().write(at, bytes).map_err(|_| RegionError::Flash)
    }
}

impl<F> Crc for RegionFlash<'_, F> {
    fn crc32(init: u32, data: &[u8]) -> u32 {
        software_crc32(init, data)
    }
}
