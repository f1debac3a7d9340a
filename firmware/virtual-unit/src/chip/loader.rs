//! What the ROM loader and the stub have in common: flash, registers, uploads, and how each request acts on them.
//! Knows no wire.

use md5::{Digest, Md5};

use super::efuse::Fuses;
use super::identity::Identity;
use super::ram::Ram;
use super::readout::Readout;
use super::registers::{RegisterFault, Registers};
use super::reply::{Answer, Failure};
use super::request::{Begin, Medium};
use super::upload::Upload;
use crate::faults::{Fault, Faults};
use crate::flash::{Flash, SECTOR};
use crate::mac::Mac;

/// The outcome of one request.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) result: Result<Answer, Failure>,
    pub(crate) then: Then,
}

/// What happens when the reply has been sent.
#[derive(Debug)]
pub(crate) enum Then {
    /// Nothing.
    Listen,
    /// The reply is sent `times` more, as SYNC does.
    Repeat(usize),
    /// The UART changes to this baud rate.
    Baud(u32),
    /// The uploaded stub takes over.
    StartStub,
    /// The loader is left, for user code that is not there; nothing answers until a reset.
    Leave,
    /// The chip resets itself, which the ROM announces by an empty frame when it was told to.
    Restart { announced: bool },
    /// There is no reply: the access was to no memory at all, and nothing answers until a reset.
    Fault,
    /// There is no reply, and none until a reset.
    Hang,
    /// Flash is sent.
    Send(Box<Readout>),
    /// The terminal disappears.
    Vanish,
    /// The terminal disappears and comes back under another number.
    Renumber,
}

impl Then {
    /// Whether it happens in place of a reply.
    pub(crate) fn is_silent(&self) -> bool {
        match self {
            Self::Fault | Self::Hang | Self::Vanish | Self::Renumber => true,
            Self::Listen
            | Self::Repeat(_)
            | Self::Baud(_)
            | Self::StartStub
            | Self::Leave
            | Self::Restart { .. }
            | Self::Send(_) => false,
        }
    }
}

impl From<Result<Answer, Failure>> for Outcome {
    fn from(result: Result<Answer, Failure>) -> Self {
        Self { result, then: Then::Listen }
    }
}

impl Outcome {
    /// Success, and `then` something more.
    pub(crate) fn then(then: Then) -> Self {
        Self { result: Ok(Answer::default()), then }
    }
}

/// The state that requests act on.
#[derive(Debug)]
pub(crate) struct Loader {
    pub(crate) flash: Flash,
    registers: Registers,
    pub(crate) ram: Ram,
    upload: Option<Upload>,
    faults: Faults,
}

impl Loader {
    /// The state after a reset.
    pub(crate) fn new(mac: Mac, flash: Flash, faults: Faults) -> Self {
        let registers = Registers::new(mac, flash.size(), faults.clone());
        Self { flash, registers, ram: Ram::new(), upload: None, faults }
    }

    /// A begin of any medium.
    pub(crate) fn begin(&mut self, medium: Medium, begin: Begin) -> Result<Answer, Failure> {
        match medium {
            Medium::Ram => self.ram.begin(begin.offset, begin.size),
            Medium::Flash | Medium::Deflated => {
                self.upload = Some(Upload::begin(medium, begin, &self.flash)?);
            }
        }
        Ok(Answer::default())
    }

    /// A data block of any medium.
    pub(crate) fn data(&mut self, medium: Medium, bytes: &[u8], sound: bool) -> Outcome {
        if !sound {
            return Err(Failure::Checksum).into();
        }
        match medium {
            Medium::Ram => match self.ram.cursor() {
                Some(address) => {
                    self.ram.data(address, bytes);
                    Ok(Answer::default()).into()
                }
                None => Err(Failure::NotBegun).into(),
            },
            Medium::Flash | Medium::Deflated => self.flash_data(bytes),
        }
    }

    fn flash_data(&mut self, bytes: &[u8]) -> Outcome {
        let Some(upload) = &mut self.upload else { return Err(Failure::NotBegun).into() };
        match upload.data(bytes, &self.flash) {
            Ok(written) => match self.departure_after(written) {
                Some(departure) => Outcome::then(departure),
                None => Ok(Answer::default()).into(),
            },
            Err(failure) => Err(failure).into(),
        }
    }

    /// What becomes of the terminal when `written` more bytes stand in the flash.
    pub(crate) fn departure_after(&self, written: u32) -> Option<Then> {
        let spent = |fault: &mut Fault| {
            let (Fault::Vanish { bytes } | Fault::Renumber { bytes }) = fault else { return false };
            *bytes = bytes.saturating_sub(written);
            *bytes == 0
        };
        match self.faults.count(spent).first() {
            Some(Fault::Vanish { .. }) => Some(Then::Vanish),
            Some(_) => Some(Then::Renumber),
            None => None,
        }
    }

    /// Whether the ROM is in secure download mode.
    pub(crate) fn is_secured(&self) -> bool {
        self.faults.is_on(&Fault::SecureDownload)
    }

    /// The end of an upload to flash.
    pub(crate) fn end(&mut self) {
        self.upload = None;
    }

    /// What a jump to `entry` leads to.
    pub(crate) fn jump(&self, entry: u32) -> Then {
        if self.ram.holds_stub(entry) { Then::StartStub } else { Then::Leave }
    }

    /// READ_REG.
    pub(crate) fn read_register(&self, address: u32) -> Result<u32, RegisterFault> {
        self.ram.read(address).map_or_else(|| self.registers.read(address), Ok)
    }

    /// WRITE_REG: changes the bits of `mask`.
    pub(crate) fn write_register(&mut self, address: u32, value: u32, mask: u32) -> Result<(), RegisterFault> {
        let value = self.read_register(address)? & !mask | value & mask;
        match self.ram.read(address) {
            Some(_) => self.ram.store(address, &value.to_le_bytes()),
            None => self.registers.write(address, value),
        }
        Ok(())
    }

    /// The MD5 of `bytes`, which are those of a region.
    pub(crate) fn digest(&self, bytes: &[u8]) -> [u8; 16] {
        let mut digest: [u8; 16] = Md5::digest(bytes).into();
        if self.faults.is_on(&Fault::BadMd5) {
            digest[0] ^= 0xff;
        }
        digest
    }

    /// The MD5 of a region.
    pub(crate) fn md5(&self, offset: u32, length: u32) -> Result<Answer, Failure> {
        let bytes = self.flash.read_vec(offset, length).map_err(Failure::read)?;
        Ok(Answer::data(self.digest(&bytes)))
    }

    /// Erases whole sectors; the stub refuses anything else.
    pub(crate) fn erase(&self, offset: u32, length: u32) -> Result<Answer, Failure> {
        self.flash.erase(offset, length).map_err(Failure::write)?;
        Ok(Answer::default())
    }

    /// Erases all of the chip.
    pub(crate) fn erase_all(&self) -> Result<Answer, Failure> {
        self.erase(0, self.flash.size().bytes() / SECTOR * SECTOR)
    }

    /// What GET_SECURITY_INFO answers.
    pub(crate) fn security_info(&self) -> Vec<u8> {
        Fuses::under(&self.faults).security_info(Identity::under(&self.faults).chip_id)
    }
}
