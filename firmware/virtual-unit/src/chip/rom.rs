//! The loader in the ROM: what it makes of each packet. Knows no wire.
//!
//! It answers as the real ROM does, with all its peculiarities: `tests/stories/rom_transcript.rs` holds it against a
//! transcript of the ROM that was taken in Espressif's emulator.

mod error;
mod flashing;
mod inbox;
mod inflation;
mod response;
mod spi_flash;
mod transfer;

use self::inbox::Inbox;
use self::inflation::Inflation;
use self::response::Response;
use self::spi_flash::SpiFlash;
use self::transfer::Transfer;
use super::loader::{Loader, Then};
use super::registers::RegisterFault;

/// Replies to a SYNC after the first one.
const SYNC_REPEATS: usize = 7;
const SYNC: u8 = 0x08;
/// What secure download mode leaves: enough to write flash, and nothing that reads or runs something.
const SECURE_COMMANDS: [u8; 8] = [0x02, 0x03, 0x04, 0x08, 0x0b, 0x0d, 0x0f, 0x14];
/// The most bytes that READ_FLASH_SLOW reads.
const SLOW_READ_MAX: u32 = 64;
/// Clock of the UART, in sixteenths of a Hertz: its divider counts them.
const UART_CLOCK_16: u32 = 640_000_000;

/// What the ROM does about a packet.
#[derive(Debug)]
pub(crate) struct Reaction {
    /// The frame of the answer, if there is one.
    pub(crate) frame: Option<Vec<u8>>,
    /// What happens when it has been sent.
    pub(crate) then: Then,
    /// Whether it answers a block for the flash.
    pub(crate) to_block: bool,
}

/// The outcome of a command: success, or an error byte, and what happens when that has been sent.
struct Handled {
    result: Result<(), u8>,
    then: Then,
}

impl From<Result<(), u8>> for Handled {
    fn from(result: Result<(), u8>) -> Self {
        Self { result, then: Then::Listen }
    }
}

impl Handled {
    fn then(then: Then) -> Self {
        Self { result: Ok(()), then }
    }
}

/// The state of the ROM loader.
#[derive(Debug)]
pub(crate) struct Rom {
    inbox: Inbox,
    response: Response,
    /// The upload to RAM, and to flash as it comes: the ROM has one account for both.
    plain: Transfer,
    deflated: Transfer,
    inflation: Inflation,
    spi_flash: SpiFlash,
}

impl Rom {
    /// The loader after a reset.
    pub(crate) fn new() -> Self {
        Self {
            inbox: Inbox::new(),
            response: Response::new(),
            plain: Transfer::leftover(),
            deflated: Transfer::default(),
            inflation: Inflation::new(),
            spi_flash: SpiFlash::new(),
        }
    }

    /// Takes a byte from the wire; returns what the ROM does about the packet that it completes.
    pub(crate) fn push(&mut self, byte: u8, loader: &mut Loader) -> Option<Reaction> {
        self.inbox.push(byte).then(|| self.packet(loader))
    }

    fn packet(&mut self, loader: &mut Loader) -> Reaction {
        let command = self.inbox.command();
        let known = (0x02..=0x14).contains(&command) && command != 0x0c;
        let allowed = !loader.is_secured() || SECURE_COMMANDS.contains(&command);
        let Handled { result, then } = if self.inbox.direction() == 0 && known && allowed {
            self.response.command = command;
            self.obey(command, loader)
        } else {
            return self.react(0, Err(error::INVALID), Then::Listen);
        };
        if then.is_silent() {
            return Reaction { frame: None, then, to_block: false };
        }
        self.react(data_length(command), result, then)
    }

    /// Answers in the name of the last command that was known.
    fn react(&mut self, length: usize, result: Result<(), u8>, then: Then) -> Reaction {
        let frame = Some(self.response.frame(length, result));
        let then = match then {
            Then::Listen if self.response.command == SYNC => Then::Repeat(SYNC_REPEATS),
            then => then,
        };
        Reaction { frame, then, to_block: matches!(self.response.command, 0x03 | 0x11) }
    }

    fn obey(&mut self, command: u8, loader: &mut Loader) -> Handled {
        match command {
            0x02 => self.flash_begin(loader).into(),
            0x03 => self.flash_data(loader),
            0x04 => self.flash_end(loader),
            0x05 => self.mem_begin(loader).into(),
            0x06 => self.mem_end(loader),
            0x07 => self.mem_data(loader).into(),
            SYNC => self.success_with(self.inbox.word(0)),
            0x09 => self.write_registers(loader),
            0x0a => self.read_register(loader),
            0x0b => self.spi_set_params().into(),
            0x0d => self.success(),
            0x0e => self.read_flash_slow(loader).into(),
            0x0f => self.change_baud(),
            0x10 => self.deflated_begin(loader).into(),
            0x11 => self.deflated_data(loader),
            0x12 => self.deflated_end(),
            0x13 => self.flash_md5(loader).into(),
            0x14 => self.security_info(loader),
            _ => Err(error::INVALID).into(),
        }
    }

    /// A success that also clears the error of an earlier command, which not every success does.
    fn success(&mut self) -> Handled {
        self.response.error = 0;
        Ok(()).into()
    }

    fn success_with(&mut self, value: u32) -> Handled {
        self.response.value = value;
        self.success()
    }

    fn write_registers(&mut self, loader: &mut Loader) -> Handled {
        for group in 0..self.inbox.length() / 16 {
            let [address, value, mask] = [0, 1, 2].map(|index| self.inbox.word(group * 4 + index));
            if let Err(RegisterFault) = loader.write_register(address, value, mask) {
                return Handled::then(Then::Fault);
            }
        }
        self.success()
    }

    fn read_register(&mut self, loader: &Loader) -> Handled {
        match loader.read_register(self.inbox.word(0)) {
            Ok(value) => self.success_with(value),
            Err(RegisterFault) => Handled::then(Then::Fault),
        }
    }

    /// After a second word of zero comes a rate; otherwise the first one is the divider itself.
    fn change_baud(&mut self) -> Handled {
        let [rate, is_divider] = [0, 1].map(|index| self.inbox.word(index));
        self.response.error = 0;
        match (rate, is_divider.to_le_bytes()[0]) {
            (rate, 0) => Handled::then(Then::Baud(rate)),
            (0, _) => Ok(()).into(),
            (divider, _) => Handled::then(Then::Baud(UART_CLOCK_16 / divider)),
        }
    }

    fn security_info(&mut self, loader: &Loader) -> Handled {
        let info = loader.security_info();
        self.response.data[..info.len()].copy_from_slice(&info);
        Ok(()).into()
    }

    fn mem_begin(&mut self, loader: &mut Loader) -> Result<(), u8> {
        let begun = Transfer::begin(&self.inbox, 16)?;
        self.plain = begun.encrypted(self.plain.encrypted);
        loader.ram.begin(self.plain.address, self.plain.size);
        Ok(())
    }

    fn mem_data(&mut self, loader: &mut Loader) -> Result<(), u8> {
        let length = self.plain.accept(&self.inbox, 1)?;
        loader.ram.data(self.plain.address, self.inbox.block(length as usize));
        self.plain.advance(length);
        Ok(())
    }

    fn mem_end(&mut self, loader: &Loader) -> Handled {
        if self.inbox.length() > 8 {
            return Err(error::INVALID).into();
        }
        let [stay, entry] = [0, 1].map(|index| self.inbox.word(index));
        if stay.to_le_bytes()[0] != 0 { Ok(()).into() } else { Handled::then(loader.jump(entry)) }
    }
}

/// Bytes of data in the answer to a command, in success and failure.
fn data_length(command: u8) -> usize {
    match command {
        0x0e => SLOW_READ_MAX as usize,
        0x13 => 32,
        0x14 => 20,
        _ => 0,
    }
}
