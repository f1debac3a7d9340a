//! What the ROM loader and the stub have in common: flash, registers, uploads, and how each request acts on them.
//! Knows no wire.

use md5::{Digest, Md5};

use super::efuse::Fuses;
use super::identity::Identity;
use super::ram::Ram;
use super::readout::Readout;
use super::registers::Registers;
use super::reply::{Answer, Dialect, Failure};
use super::request::{Begin, Medium};
use super::upload::Upload;
use crate::faults::{Fault, Faults};
use crate::flash::{Flash, SECTOR};
use crate::mac::Mac;

/// Bytes that READ_FLASH_SLOW answers, however few were asked for.
const SLOW_READ: u32 = 64;

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
    /// The loader is left; nothing answers until a reset.
    Leave,
    /// Flash is sent.
    Send(Box<Readout>),
    /// The terminal disappears.
    Vanish,
    /// The terminal disappears and comes back under another number.
    Renumber,
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
    pub(crate) registers: Registers,
    ram: Ram,
    upload: Option<Upload>,
    faults: Faults,
}

impl Loader {
    /// The state after a reset.
    pub(crate) fn new(mac: Mac, flash: Flash, faults: Faults) -> Self {
        let registers = Registers::new(mac, flash.size(), faults.clone());
        Self { flash, registers, ram: Ram::default(), upload: None, faults }
    }

    /// A begin of any medium.
    pub(crate) fn begin(&mut self, medium: Medium, begin: Begin, dialect: Dialect) -> Result<Answer, Failure> {
        match medium {
            Medium::Ram => self.ram.begin(begin),
            Medium::Flash | Medium::Deflated => {
                self.upload = Some(Upload::begin(medium, begin, dialect, &self.flash)?);
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
            Medium::Ram => self.ram.data(bytes).then(Answer::default).ok_or(Failure::NotBegun).into(),
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
    fn departure_after(&self, written: u32) -> Option<Then> {
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

    /// The end of an upload to RAM: a jump to `entry`, unless the loader is to stay.
    pub(crate) fn jump(&self, entry: u32, stay: bool) -> Outcome {
        if stay {
            Ok(Answer::default()).into()
        } else if self.ram.holds_stub(entry) {
            Outcome::then(Then::StartStub)
        } else {
            Outcome::then(Then::Leave)
        }
    }

    /// The MD5 of a region: raw from the stub, in hexadecimal from the ROM.
    pub(crate) fn md5(&self, offset: u32, length: u32, dialect: Dialect) -> Result<Answer, Failure> {
        let bytes = self.flash.read_vec(offset, length).map_err(Failure::read)?;
        let mut digest: [u8; 16] = Md5::digest(&bytes).into();
        if self.faults.is_on(&Fault::BadMd5) {
            digest[0] ^= 0xff;
        }
        Ok(match dialect {
            Dialect::Rom => Answer::data(digest.map(|byte| format!("{byte:02x}")).concat()),
            Dialect::Stub => Answer::data(digest),
        })
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

    /// READ_FLASH_SLOW: the answer always has 64 bytes.
    pub(crate) fn read_slow(&self, offset: u32, length: u32) -> Result<Answer, Failure> {
        let mut bytes = self.flash.read_vec(offset, length.min(SLOW_READ)).map_err(Failure::read)?;
        bytes.resize(SLOW_READ as usize, 0);
        Ok(Answer::data(bytes))
    }

    /// GET_SECURITY_INFO.
    pub(crate) fn security_info(&self) -> Answer {
        Answer::data(Fuses::under(&self.faults).security_info(Identity::under(&self.faults).chip_id))
    }
}
