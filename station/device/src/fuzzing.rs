//! Doors into what is private, for fuzzing only: each takes bytes as they come from outside, and panics when a promise is
//! broken.

use espflash::command::CommandType;

use crate::link::chip::SecurityInfo;
use crate::link::slip::{self, Decoder};
use crate::link::wire::{self, Dialect};

/// Bytes that arrive at once; more wait in the port.
const PIECE_LEN: usize = 64;
const COMMANDS: [CommandType; 4] =
    [CommandType::Sync, CommandType::ReadReg, CommandType::FlashMd5, CommandType::GetSecurityInfo];

/// What a loader sends: in pieces, each answer held against several commands and both dialects.
pub fn loader(bytes: &[u8]) {
    let mut decoder = Decoder::default();
    for piece in bytes.chunks(PIECE_LEN) {
        decoder.push(piece);
        while let Some(packet) = decoder.pop() {
            answer(&packet);
            let mut again = Decoder::default();
            again.push(&slip::encode(&packet));
            assert_eq!(again.pop(), Some(packet), "a packet survives the wire");
        }
    }
    assert!(decoder.stray() <= bytes.len());
}

fn answer(packet: &[u8]) {
    for command in COMMANDS {
        for dialect in [Dialect::Rom, Dialect::Stub] {
            if let Ok(Some(answer)) = wire::parse(packet, command, dialect) {
                let _ = SecurityInfo::parse(&answer.data);
            }
        }
    }
}
