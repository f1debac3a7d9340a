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
use self::reply::Dialect;
use self::request::{Medium, Request};
use self::slip::Decoder;
use crate::faults::{Fault, Faults};
use crate::flash::Flash;
use crate::mac::Mac;

/// What the ROM prints when user code has returned to it.
const USER_CODE_DONE: &[u8] = b"user code done\r\n";
/// Baud rates that the UART can make.
const BAUD: std::ops::RangeInclusive<u32> = 1_200..=5_000_000;

/// What the chip does, in this order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Output {
    /// Sends these bytes.
    Bytes(Vec<u8>),
    /// Changes the baud rate when all bytes before have gone out.
    Baud(u32),
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
        Self { stage: Stage::Rom, loader, decoder: Decoder::default(), readout: None, faults }
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
            if let Some(packet) = self.decoder.push(byte) {
                self.packet(&packet, &mut outputs);
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
        let (Some(opcode), Some(dialect)) = (request::opcode(packet), self.dialect()) else { return };
        self.readout = None;
        let request = request::parse(packet);
        let is_block = matches!(request, Some(Request::Data { medium: Medium::Flash | Medium::Deflated, .. }));
        let outcome = self.act(request, dialect);
        if matches!(outcome.then, Then::Vanish) {
            return outputs.push(Output::Vanish);
        }
        if matches!(outcome.then, Then::Renumber) {
            return outputs.push(Output::Renumber);
        }
        let frame = slip::encode(&reply::packet(dialect, opcode, &outcome.result));
        if is_block {
            outputs.extend(self.acknowledgement(frame.clone()));
        } else {
            outputs.push(Output::Bytes(frame.clone()));
        }
        self.follow(outcome.then, &frame, outputs);
    }

    fn dialect(&self) -> Option<Dialect> {
        match self.stage {
            Stage::Rom => Some(Dialect::Rom),
            Stage::Stub => Some(Dialect::Stub),
            Stage::Left => None,
        }
    }

    fn act(&mut self, request: Option<Request<'_>>, dialect: Dialect) -> Outcome {
        let Some(request) = request else { return Err(reply::Failure::Command).into() };
        match dialect {
            Dialect::Rom => rom::act(&mut self.loader, request),
            Dialect::Stub => stub::act(&mut self.loader, request),
        }
    }

    fn follow(&mut self, then: Then, frame: &[u8], outputs: &mut Vec<Output>) {
        match then {
            Then::Listen => {}
            Then::Repeat(times) => outputs.extend((0..times).map(|_| Output::Bytes(frame.to_vec()))),
            Then::Baud(baud) if BAUD.contains(&baud) => outputs.push(Output::Baud(baud)),
            Then::Baud(_) | Then::Vanish | Then::Renumber => {}
            Then::StartStub => {
                self.stage = Stage::Stub;
                outputs.push(Output::Bytes(slip::encode(stub::GREETING)));
            }
            Then::Leave => {
                self.stage = Stage::Left;
                outputs.push(Output::Bytes(USER_CODE_DONE.to_vec()));
            }
            Then::Send(readout) => self.readout = Some(*readout),
        }
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
