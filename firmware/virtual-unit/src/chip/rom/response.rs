//! The one packet in which the ROM answers everything. Knows no command.
//!
//! Nothing of it is cleared between answers, as was seen in the real ROM: a command that has no value sends the last one;
//! the two bytes behind the status are those that stood there; an error stays behind a status of success until a
//! command clears it; and what the ROM does not know is answered in the name of the last command that it knew.

use crate::chip::slip;

const RESPONSE: u8 = 1;
/// Data that an answer can hold: 64 bytes of flash and the status.
const DATA_MAX: usize = 68;
/// Bytes behind the data: status, error, and two that are not used.
const STATUS: usize = 4;

/// The packet.
#[derive(Debug)]
pub(super) struct Response {
    pub(super) command: u8,
    pub(super) value: u32,
    pub(super) data: [u8; DATA_MAX],
    pub(super) error: u8,
}

impl Response {
    pub(super) fn new() -> Self {
        Self { command: 0, value: 0, data: [0; DATA_MAX], error: 0 }
    }

    /// The answer with `length` bytes of data, as a frame.
    pub(super) fn frame(&mut self, length: usize, result: Result<(), u8>) -> Vec<u8> {
        if let Err(error) = result {
            self.error = error;
        }
        (self.data[length], self.data[length + 1]) = (u8::from(result.is_err()), self.error);
        let [low, high] = u16::try_from(length + STATUS).expect("answers are short").to_le_bytes();
        let mut packet = vec![RESPONSE, self.command, low, high];
        packet.extend(self.value.to_le_bytes());
        packet.extend(&self.data[..length + STATUS]);
        slip::encode(&packet)
    }
}
