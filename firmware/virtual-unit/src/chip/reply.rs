//! The replies of the stub. Knows their layout, not their meaning.
//!
//! After Espressif's "Serial Protocol": direction 1, command, size of data and status (u16), value (u32), data,
//! status (two bytes).

use crate::flash::FlashError;

/// Why a request failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The command is unknown, or not in this state.
    Command,
    /// The checksum or the length of a block is wrong.
    Checksum,
    /// The flash could not be read.
    FlashRead,
    /// The flash could not be written or erased.
    FlashWrite,
    /// The zlib stream is broken.
    Inflate,
    /// Data came without a begin.
    NotBegun,
    /// The zlib stream ended before the announced size.
    TooLittle,
    /// More came than was announced.
    TooMuch,
}

impl Failure {
    /// The error byte.
    fn code(self) -> u8 {
        match self {
            Self::Command => 0xff,
            Self::Checksum => 0xc1,
            Self::FlashRead | Self::FlashWrite => 0xc4,
            Self::Inflate => 0xc7,
            Self::NotBegun => 0xc6,
            Self::TooLittle => 0xc8,
            Self::TooMuch => 0xc9,
        }
    }

    pub(crate) fn read(_: FlashError) -> Self {
        Self::FlashRead
    }

    pub(crate) fn write(_: FlashError) -> Self {
        Self::FlashWrite
    }
}

/// What a request yields when it succeeds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Answer {
    /// The value field.
    pub(crate) value: u32,
    /// The data.
    pub(crate) data: Vec<u8>,
}

impl Answer {
    /// An answer that is only a value.
    pub(crate) fn value(value: u32) -> Self {
        Self { value, data: Vec::new() }
    }

    /// An answer that carries data.
    pub(crate) fn data(data: impl Into<Vec<u8>>) -> Self {
        Self { value: 0, data: data.into() }
    }
}

/// The packet of a reply.
pub(crate) fn packet(opcode: u8, result: &Result<Answer, Failure>) -> Vec<u8> {
    let nothing = Answer::default();
    let (answer, status) = match result {
        Ok(answer) => (answer, [0, 0]),
        Err(failure) => (&nothing, [1, failure.code()]),
    };
    let length = u16::try_from(answer.data.len() + status.len()).expect("replies are short");
    let mut packet = vec![1, opcode];
    packet.extend(length.to_le_bytes());
    packet.extend(answer.value.to_le_bytes());
    packet.extend(&answer.data);
    packet.extend(status);
    packet
}
