//! SLIP framing (RFC 1055) as the ROM loader and its stub use it. Knows no port and no command's meaning.
//!
//! Source: Espressif, "Serial Protocol", low-level protocol: a packet stands between two 0xc0; within it 0xc0 is sent as
//! 0xdb 0xdc and 0xdb as 0xdb 0xdd.

use std::collections::VecDeque;

use espflash::command::Command;

const END: u8 = 0xc0;
const ESC: u8 = 0xdb;
const ESC_END: u8 = 0xdc;
const ESC_ESC: u8 = 0xdd;
/// Longest packet that a loader sends: a flash sector and its header, with room.
const PACKET_LEN_MAX: usize = 0x2000;

/// The frame of a command.
pub(crate) fn frame(command: &Command<'_>) -> Vec<u8> {
    let mut packet = Vec::new();
    command.write(&mut packet).expect("a vector takes every write");
    encode(&packet)
}

/// The frame of a packet.
pub(crate) fn encode(packet: &[u8]) -> Vec<u8> {
    let mut frame = Vec::with_capacity(packet.len() + packet.len() / 64 + 2);
    frame.push(END);
    for &byte in packet {
        match byte {
            END => frame.extend([ESC, ESC_END]),
            ESC => frame.extend([ESC, ESC_ESC]),
            _ => frame.push(byte),
        }
    }
    frame.push(END);
    frame
}

/// Finds packets in what arrives.
#[derive(Default)]
pub(crate) struct Decoder {
    state: State,
    packet: Vec<u8>,
    whole: VecDeque<Vec<u8>>,
    stray: usize,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Between packets, where text of the boot ROM may come.
    #[default]
    Outside,
    Inside,
    Escaped,
}

impl Decoder {
    /// Takes in what has arrived.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|&byte| self.push_byte(byte));
    }

    /// The next whole packet; never an empty one.
    pub(crate) fn pop(&mut self) -> Option<Vec<u8>> {
        self.whole.pop_front()
    }

    /// How many bytes so far belonged to no whole packet.
    pub(crate) fn stray(&self) -> usize {
        self.stray + self.packet.len()
    }

    fn push_byte(&mut self, byte: u8) {
        match (self.state, byte) {
            (State::Outside, END) => self.state = State::Inside,
            (State::Outside, _) => self.stray += 1,
            (State::Inside, END) => self.end(),
            (State::Inside, ESC) => self.state = State::Escaped,
            (State::Inside, byte) => self.take(byte),
            (State::Escaped, ESC_END) => self.take(END),
            (State::Escaped, ESC_ESC) => self.take(ESC),
            (State::Escaped, _) => self.give_up(),
        }
    }

    /// Two ends in a row are the end of one packet and the beginning of the next, so an empty packet is none.
    fn end(&mut self) {
        if !self.packet.is_empty() {
            self.whole.push_back(std::mem::take(&mut self.packet));
            self.state = State::Outside;
        }
    }

    fn take(&mut self, byte: u8) {
        self.packet.push(byte);
        self.state = State::Inside;
        if self.packet.len() > PACKET_LEN_MAX {
            self.give_up();
        }
    }

    fn give_up(&mut self) {
        self.stray += self.packet.len() + 1;
        self.packet.clear();
        self.state = State::Outside;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn any_packet_survives_the_wire(packet in proptest::collection::vec(0_u8.., 1..300), cut in 0_usize..300) {
            let frame = encode(&packet);
            let (first, second) = frame.split_at(cut.min(frame.len()));
            let mut decoder = Decoder::default();
            decoder.push(b"boot text\r\n");
            decoder.push(first);
            decoder.push(second);
            proptest::prop_assert_eq!(decoder.pop(), Some(packet));
            proptest::prop_assert_eq!(decoder.pop(), None);
            proptest::prop_assert_eq!(decoder.stray(), 11);
        }

        #[test]
        fn any_noise_is_taken_without_panic(noise in proptest::collection::vec(0_u8.., 0..300)) {
            Decoder::default().push(&noise);
        }
    }

    #[test]
    fn a_packet_after_a_damaged_one_is_found() {
        let mut decoder = Decoder::default();
        decoder.push(&[END, 1, ESC, 7]);
        decoder.push(&encode(&[2, 3]));
        assert_eq!(decoder.pop(), Some(vec![2, 3]));
    }
}
