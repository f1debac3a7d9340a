//! A host that speaks the loader's protocol by hand, one request at a time.

use std::io::{Read, Write};

use serialport::TTYPort;
use virtual_unit::slip;

/// A reply of the ROM: its value, its data, and whether it says success.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Reply {
    pub(crate) value: u32,
    pub(crate) data: Vec<u8>,
    pub(crate) ok: bool,
}

/// Sends a request, and reads the reply to it; `None` when the unit stays silent.
pub(crate) fn ask(port: &mut TTYPort, opcode: u8, data: &[u8]) -> Option<Reply> {
    let sum = data.get(16..).unwrap_or_default().iter().fold(0xef, |sum, byte| sum ^ byte);
    let mut packet = vec![0, opcode];
    packet.extend(u16::try_from(data.len()).expect("short data").to_le_bytes());
    packet.extend([sum, 0, 0, 0]);
    packet.extend(data);
    port.write_all(&slip::encode(&packet)).expect("the port takes bytes");
    let mut decoder = slip::Decoder::default();
    loop {
        let mut bytes = [0; 512];
        let count = port.read(&mut bytes).ok()?;
        let replies = bytes[..count].iter().filter_map(|byte| decoder.push(*byte));
        // What the ROM does not know it answers in the name of the last command that it knew.
        let ours = |reply: &Vec<u8>| reply.get(1) == Some(&opcode) || reply.get(8..10) == Some(&[1, 5]);
        if let Some(reply) = replies.into_iter().find(|reply| ours(reply) && reply.len() >= 12) {
            let (data, status) = reply[8..].split_at(reply.len() - 12);
            let value = u32::from_le_bytes(reply[4..8].try_into().expect("four bytes"));
            return Some(Reply { value, data: data.to_vec(), ok: status[0] == 0 });
        }
    }
}

pub(crate) fn words(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

/// The word in a register of the chip.
pub(crate) fn register(port: &mut TTYPort, address: u32) -> u32 {
    ask(port, 0x0a, &words(&[address])).expect("the loader answers").value
}

/// Writes one block of `bytes` to flash.
pub(crate) fn write(port: &mut TTYPort, offset: u32, bytes: &[u8]) -> Option<Reply> {
    let length = u32::try_from(bytes.len()).expect("short data");
    ask(port, 0x02, &words(&[length, 1, length, offset, 0]))?;
    ask(port, 0x03, &[words(&[length, 0, 0, 0]), bytes.to_vec()].concat())
}

/// What stands in 64 bytes of flash.
pub(crate) fn read(port: &mut TTYPort, offset: u32) -> Vec<u8> {
    ask(port, 0x0e, &words(&[offset, 64])).expect("the loader answers").data
}
