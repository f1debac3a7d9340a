//! Where the ROM receives its packets: bytes of the wire, taken out of SLIP as the ROM does it. Knows no command.
//!
//! The buffer is never cleared: whatever reads beyond its packet finds what earlier packets left there. All that comes
//! between frames is passed over, what does not fit is dropped, and after a wrong escape the byte stands for itself,
//! be it the END of the frame.

use crate::chip::request::HEADER;

const END: u8 = 0xc0;
const ESC: u8 = 0xdb;
const ESC_END: u8 = 0xdc;
const ESC_ESC: u8 = 0xdd;
/// Bytes of a packet that are kept.
const PACKET_MAX: usize = 0x2000;
/// Where the bytes of a block begin in the data: after length, number, and two words that are not used.
const BLOCK_AT: usize = 16;

/// The receive buffer.
#[derive(Debug)]
pub(super) struct Inbox {
    bytes: Vec<u8>,
    filled: usize,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Outside,
    Inside,
    Escaped,
}

impl Inbox {
    pub(super) fn new() -> Self {
        Self { bytes: vec![0; PACKET_MAX], filled: 0, state: State::Outside }
    }

    /// Takes one byte; returns whether it ends a packet.
    pub(super) fn push(&mut self, byte: u8) -> bool {
        match (self.state, byte) {
            (State::Outside, END) => (self.state, self.filled) = (State::Inside, 0),
            (State::Outside, _) => {}
            (State::Inside, END) if self.filled == 0 => {}
            (State::Inside, END) => {
                self.state = State::Outside;
                return true;
            }
            (State::Inside, ESC) => self.state = State::Escaped,
            (State::Inside, plain) => self.keep(plain),
            (State::Escaped, ESC_END) => self.keep(END),
            (State::Escaped, ESC_ESC) => self.keep(ESC),
            (State::Escaped, other) => self.keep(other),
        }
        false
    }

    fn keep(&mut self, byte: u8) {
        self.state = State::Inside;
        if let Some(free) = self.bytes.get_mut(self.filled) {
            *free = byte;
            self.filled += 1;
        }
    }

    /// Zero in a request.
    pub(super) fn direction(&self) -> u8 {
        self.bytes[0]
    }

    pub(super) fn command(&self) -> u8 {
        self.bytes[1]
    }

    /// How long the data are, as the packet says, which need not be true.
    pub(super) fn length(&self) -> usize {
        usize::from(u16::from_le_bytes([self.bytes[2], self.bytes[3]]))
    }

    pub(super) fn checksum(&self) -> u8 {
        self.bytes[4]
    }

    /// The word at `index` of the data.
    pub(super) fn word(&self, index: usize) -> u32 {
        let at = HEADER + index * 4;
        let bytes = self.bytes.get(at..at + 4).and_then(|bytes| bytes.try_into().ok());
        bytes.map_or(0, u32::from_le_bytes)
    }

    /// The first `length` bytes of a block, as far as the buffer goes.
    pub(super) fn block(&self, length: usize) -> &[u8] {
        let rest = &self.bytes[HEADER + BLOCK_AT..];
        &rest[..length.min(rest.len())]
    }
}
