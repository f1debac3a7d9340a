//! A flash in memory that behaves like one: bits only fall until a sector is erased.

use embedded_storage::nor_flash::{ErrorType, NorFlash, NorFlashError, NorFlashErrorKind, ReadNorFlash};

const SECTOR: usize = 4096;

pub(crate) struct MemoryFlash(pub(crate) Vec<u8>);

#[derive(Debug)]
pub(crate) struct Beyond;

impl NorFlashError for Beyond {
    fn kind(&self) -> NorFlashErrorKind {
        NorFlashErrorKind::OutOfBounds
    }
}

impl ErrorType for MemoryFlash {
    type Error = Beyond;
}

impl ReadNorFlash for MemoryFlash {
    const READ_SIZE: usize = 1;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Beyond> {
        let from = offset as usize;
        bytes.copy_from_slice(self.0.get(from..from + bytes.len()).ok_or(Beyond)?);
        Ok(())
    }

    fn capacity(&self) -> usize {
        self.0.len()
    }
}

impl NorFlash for MemoryFlash {
    const WRITE_SIZE: usize = 4;
    const ERASE_SIZE: usize = SECTOR;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), Beyond> {
        assert!((from as usize).is_multiple_of(SECTOR) && (to as usize).is_multiple_of(SECTOR), "whole sectors");
        self.0.get_mut(from as usize..to as usize).ok_or(Beyond)?.fill(0xff);
        Ok(())
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), Beyond> {
        assert!(offset.is_multiple_of(4) && bytes.len().is_multiple_of(4), "whole words, as the chip wants them");
        let from = offset as usize;
        let old = self.0.get_mut(from..from + bytes.len()).ok_or(Beyond)?;
        old.iter_mut().zip(bytes).for_each(|(old, new)| *old &= new);
        Ok(())
    }
}
