//! The chip in download mode: bytes in, bytes and effects out. Knows no terminal and no time.

pub(crate) mod efuse;
pub(crate) mod identity;
mod loader;
mod ram;
mod readout;
mod registers;
mod reply;
mod request;
mod rom;
pub mod slip;
mod spi;
mod stub;
#[cfg(test)]
mod tests;
mod upload;

use self::loader::{Loader, Outcome, Then};
use self::readout::Readout;
use self::request::{Medium, Request};
use self::rom::{Reaction, Rom};
use self::slip::Decoder;
use crate::faults::{Fault, Faults};
use crate::flash::Flash;
use crate::mac::Mac;

/// What the ROM prints when user code has returned to it, before it returns itself, to nowhere.
const USER_CODE_DONE: &[u8] = b"user code done\r\n";
/// What the ROM prints after an access to nothing, before it dumps registers and stack.
const LOAD_FAULT: &[u8] = b"Guru Meditation Error: Core 0 panic'ed (Load access fault)\r\n";
/// What the ROM sends before it changes its baud rate or resets the chip.
const EMPTY_FRAME: [u8; 2] = [0xc0, 0xc0];
/// Baud rates that the UART can make.
const BAUD: std::ops::RangeInclusive<u32> = 1_200..=5_000_000;

/// What the chip does, in this order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Output {
    /// Sends these bytes.
    Bytes(Vec<u8>),
    /// Changes the baud rate when all bytes before have gone out.
    Baud(u32),
    /// Resets the chip when all bytes before have gone out.
    Restart,
    /// Takes the terminal away.
    Vanish,
    /// Takes the terminal away and brings another one.
    Renumber,
}

/// A chip in download mode.
#[derive(Debug)]
pub(crate) struct Chip {
    stage: Stage,
    loader: Loader,
    rom: Rom,
    /// What the stub hears.
    decoder: Decoder,
    readout: Option<Readout>,
    faults: Faults,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// The ROM loader answers.
    Rom,
    /// The stub answers.
    Stub,
    /// The loader has been left; nobody answers.
    Left,
}

impl Chip {
    /// A chip that has just entered the ROM loader.
    pub(crate) fn new(mac: Mac, flash: Flash, faults: Faults) -> Self {
        let loader = Loader::new(mac, flash, faults.clone());
        Self { stage: Stage::Rom, loader, rom: Rom::new(), decoder: Decoder::default(), readout: None, faults }
    }

    /// Who answers.
    pub(crate) fn stage(&self) -> Stage {
        self.stage
    }

    /// Takes bytes from the wire.
    pub(crate) fn receive(&mut self, bytes: &[u8]) -> Vec<Output> {
        let mut outputs = Vec::new();
        if self.faults.is_on(&Fault::LoaderMute) {
            return outputs;
        }
        for &byte in bytes {
            match self.stage {
                Stage::Rom => {
                    if let Some(reaction) = self.rom.push(byte, &mut self.loader) {
                        self.react(reaction, &mut outputs);
                    }
                }
                Stage::Stub => {
                    if let Some(packet) = self.decoder.push(byte) {
                        self.packet(&packet, &mut outputs);
                    }
                }
                Stage::Left => {}
            }
        }
        outputs
    }

    /// The next piece of a read-out, if one is under way and the host has room for it.
    pub(crate) fn next_block(&mut self) -> Option<Vec<u8>> {
        let readout = self.readout.as_mut()?;
        match readout.next_block(&self.loader.flash) {
            Ok(Some(block)) => Some(slip::encode(&block)),
            Ok(None) => {
                let digest = readout.finish()?;
                self.readout = None;
                Some(slip::encode(&digest))
            }
            // The real stub has no word for it either: it stops sending, and the host gives up.
            Err(_) => {
                self.readout = None;
                None
            }
        }
    }

    fn packet(&mut self, packet: &[u8], outputs: &mut Vec<Output>) {
        if let (Some(readout), Ok(total)) = (&mut self.readout, <[u8; 4]>::try_from(packet)) {
            return readout.acknowledge(u32::from_le_bytes(total));
        }
        let Some(opcode) = request::opcode(packet) else { return };
        self.readout = None;
        let request = request::parse(packet);
        let to_block = matches!(request, Some(Request::Data { medium: Medium::Flash | Medium::Deflated, .. }));
        let Outcome { result, then } = match request {
            Some(request) => stub::act(&mut self.loader, request),
            None => Err(reply::Failure::Command).into(),
        };
        let frame = (!then.is_silent()).then(|| slip::encode(&reply::packet(opcode, &result)));
        self.react(Reaction { frame, then, to_block }, outputs);
    }

    fn react(&mut self, reaction: Reaction, outputs: &mut Vec<Output>) {
        let Reaction { frame, then, to_block } = reaction;
        if let Some(frame) = &frame {
            let answer =
                if to_block { self.acknowledgement(frame.clone()) } else { Some(Output::Bytes(frame.clone())) };
            outputs.extend(answer);
        }
        self.follow(then, &frame.unwrap_or_default(), outputs);
    }

    fn follow(&mut self, then: Then, frame: &[u8], outputs: &mut Vec<Output>) {
        match then {
            Then::Listen => {}
            Then::Repeat(times) => outputs.extend((0..times).map(|_| Output::Bytes(frame.to_vec()))),
            Then::Baud(baud) => self.change_baud(baud, outputs),
            Then::Vanish => outputs.push(Output::Vanish),
            Then::Renumber => outputs.push(Output::Renumber),
            Then::StartStub => {
                self.stage = Stage::Stub;
                outputs.push(Output::Bytes(slip::encode(stub::GREETING)));
            }
            Then::Leave => self.leave(USER_CODE_DONE, outputs),
            Then::Fault => self.leave(LOAD_FAULT, outputs),
            Then::Hang => self.stage = Stage::Left,
            Then::Restart { announced } => {
                outputs.extend(announced.then(|| Output::Bytes(EMPTY_FRAME.to_vec())));
                self.stage = Stage::Left;
                outputs.push(Output::Restart);
            }
            Then::Send(readout) => self.readout = Some(*readout),
        }
    }

    fn leave(&mut self, last_words: &[u8], outputs: &mut Vec<Output>) {
        self.stage = Stage::Left;
        outputs.push(Output::Bytes(last_words.to_vec()));
    }

    /// A rate that the UART cannot make changes nothing.
    fn change_baud(&self, baud: u32, outputs: &mut Vec<Output>) {
        if self.stage == Stage::Rom {
            outputs.push(Output::Bytes(EMPTY_FRAME.to_vec()));
        }
        outputs.extend(BAUD.contains(&baud).then_some(Output::Baud(baud)));
    }

    /// The acknowledgement of a data block, as the faults leave it.
    fn acknowledgement(&self, mut frame: Vec<u8>) -> Option<Output> {
        let due = |fault: &mut Fault| {
            let (Fault::DropAck { nth } | Fault::CorruptAck { nth }) = fault else { return false };
            *nth = nth.saturating_sub(1);
            *nth == 0
        };
        for fault in self.faults.count(due) {
            if matches!(fault, Fault::DropAck { .. }) {
                return None;
            }
            // The second byte of the frame is the direction: no tool takes it for a reply.
            frame[1] ^= 0x55;
            let status = frame.len() - 3;
            frame[status] ^= 0x55;
        }
        Some(Output::Bytes(frame))
    }
}
