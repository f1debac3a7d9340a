//! The ROM's commands for the flash. Knows no wire.

use super::inflation::Step;
use super::transfer::{Transfer, checksum};
use super::{Handled, Rom, SLOW_READ_MAX, error};
use crate::chip::loader::{Loader, Then};

impl Rom {
    /// Size, block size and the others go unchecked into the notion of the chip; only its size matters here.
    pub(super) fn spi_set_params(&mut self) -> Result<(), u8> {
        if self.inbox.length() != 24 {
            return Err(error::INVALID);
        }
        self.spi_flash.size = self.inbox.word(1);
        Ok(())
    }

    /// Erases all that is to be written. A chip that encrypts what the loader writes is not modelled: this one forbids it.
    pub(super) fn flash_begin(&mut self, loader: &Loader) -> Result<(), u8> {
        let begun = Transfer::begin(&self.inbox, 20)?;
        if self.inbox.word(4) != 0 {
            return Err(error::ENCRYPTED);
        }
        self.plain = begun;
        self.erase(loader, begun)
    }

    pub(super) fn deflated_begin(&mut self, loader: &Loader) -> Result<(), u8> {
        let begun = Transfer::begin(&self.inbox, 20)?;
        if self.inbox.word(4) != 0 {
            return Err(error::ENCRYPTED);
        }
        self.deflated = begun;
        self.inflation.begin();
        self.erase(loader, begun)
    }

    fn erase(&self, loader: &Loader, begun: Transfer) -> Result<(), u8> {
        let erased = self.spi_flash.erase(&loader.flash, begun.address, begun.size);
        if erased { Ok(()) } else { Err(error::FAILED) }
    }

    pub(super) fn flash_data(&mut self, loader: &Loader) -> Handled {
        let result = self.plain.accept(&self.inbox, 4);
        match result.and_then(|length| self.write_back(loader, length).map(|()| length)) {
            Ok(length) => {
                self.plain.advance(length);
                Handled { result: Ok(()), then: loader.departure_after(length).unwrap_or(Then::Listen) }
            }
            Err(error) => Err(error).into(),
        }
    }

    /// Writes a block, and looks at the checksum of what stands there then.
    fn write_back(&self, loader: &Loader, length: u32) -> Result<(), u8> {
        let (address, block) = (self.plain.address, self.inbox.block(length as usize));
        if self.plain.encrypted {
            // Reached without a begin only, when the address is one that no flash has.
            return if (address | length).is_multiple_of(16) { Ok(()) } else { Err(error::ENCRYPTED) };
        }
        self.spi_flash.write(&loader.flash, address, block);
        let stands = self.spi_flash.read(&loader.flash, address, length);
        let sound = stands.is_none_or(|bytes| checksum(&bytes) == self.inbox.checksum());
        if sound { Ok(()) } else { Err(error::WRITE) }
    }

    pub(super) fn deflated_data(&mut self, loader: &Loader) -> Handled {
        let length = match self.deflated.accept(&self.inbox, 1) {
            Ok(length) => length as usize,
            Err(error) => return Err(error).into(),
        };
        let (before, last) = (self.deflated.address, self.deflated.has_all_blocks());
        let (transfer, spi_flash) = (&mut self.deflated, &self.spi_flash);
        let step = self.inflation.feed(self.inbox.block(length), last, |window| {
            spi_flash.write(&loader.flash, transfer.address, window);
            transfer.address = transfer.address.wrapping_add(u32::try_from(window.len()).expect("a window is short"));
        });
        match step {
            Step::Broken(status) => return Err(error::inflate(status)).into(),
            Step::Stuck => return Handled::then(Then::Hang),
            Step::Taken => {}
        }
        let mut written = self.deflated.address.wrapping_sub(before);
        if last {
            let rest = self.inflation.rest();
            self.spi_flash.write(&loader.flash, self.deflated.address, rest);
            written += u32::try_from(rest.len()).expect("a window is short");
        }
        Handled { result: Ok(()), then: loader.departure_after(written).unwrap_or(Then::Listen) }
    }

    /// Leaves the loader in any case: into a reset when all has come and a reboot is asked for, else to user code that is
    /// not there. In secure download mode it is always a reset.
    pub(super) fn flash_end(&mut self, loader: &Loader) -> Handled {
        let result = if self.plain.is_complete() { Ok(()) } else { Err(error::FAILED) };
        let then = match result {
            Ok(()) if self.wants_reboot() => self.restart(),
            Ok(()) | Err(_) if loader.is_secured() => Then::Restart { announced: false },
            Ok(()) | Err(_) => Then::Leave,
        };
        Handled { result, then }
    }

    /// Stays in the loader, unless all has come and a reboot is asked for.
    pub(super) fn deflated_end(&mut self) -> Handled {
        if !self.deflated.has_all_blocks() {
            return Err(error::FAILED).into();
        }
        if self.wants_reboot() { Handled::then(self.restart()) } else { Ok(()).into() }
    }

    fn wants_reboot(&self) -> bool {
        self.inbox.word(0).to_le_bytes()[0] == 0
    }

    fn restart(&mut self) -> Then {
        self.response.error = 0;
        Then::Restart { announced: true }
    }

    /// The answer always has 64 bytes; those that were not read are what stood there.
    pub(super) fn read_flash_slow(&mut self, loader: &Loader) -> Result<(), u8> {
        let [address, length] = [0, 1].map(|index| self.inbox.word(index));
        if length > SLOW_READ_MAX {
            return Err(error::READ_LENGTH);
        }
        let bytes = self.spi_flash.read(&loader.flash, address, length).ok_or(error::READ)?;
        self.response.data[..bytes.len()].copy_from_slice(&bytes);
        self.response.error = 0;
        Ok(())
    }

    /// A length beyond 2 GiB is negative to the ROM, which hashes nothing then.
    pub(super) fn flash_md5(&mut self, loader: &Loader) -> Result<(), u8> {
        let [address, length] = [0, 1].map(|index| self.inbox.word(index));
        let length = if i32::try_from(length).is_ok() { length } else { 0 };
        let mut bytes = match length {
            0 => Vec::new(),
            // It reads whole words, which may lead beyond the end.
            _ => {
                let whole = length.checked_next_multiple_of(4).ok_or(error::READ)?;
                self.spi_flash.read(&loader.flash, address, whole).ok_or(error::READ)?
            }
        };
        bytes.truncate(length as usize);
        let digest = loader.digest(&bytes).map(|byte| format!("{byte:02x}")).concat();
        self.response.data[..digest.len()].copy_from_slice(digest.as_bytes());
        self.response.error = 0;
        Ok(())
    }
}
