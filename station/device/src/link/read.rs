//! Reads flash back through the stub.
//!
//! Source: Espressif, "Serial Protocol", READ_FLASH: the stub sends packets of raw data; each is acknowledged with the
//! number of bytes received so far (u32); after the last comes the MD5 of all.

use std::time::Duration;

use espflash::command::Command;
use md5::{Digest, Md5};

use super::ANSWER_TIMEOUT;
use super::error::WireError;
use super::slip;
use super::wire::Wire;

/// Bytes in one packet: a flash sector.
const PACKET_LEN: u32 = 0x1000;
/// Packets that may be on their way unacknowledged.
const IN_FLIGHT: u32 = 64;
/// Time for one packet, also at 115 200 baud.
const PACKET_TIMEOUT: Duration = Duration::from_secs(3);

pub(super) fn read(wire: &mut Wire, offset: u32, len: u32) -> Result<Vec<u8>, WireError> {
    if len == 0 {
        return Ok(Vec::new());
    }
    let command = Command::ReadFlash { offset, size: len, block_size: PACKET_LEN, max_in_flight: IN_FLIGHT };
    wire.request(&command, ANSWER_TIMEOUT)?;
    let mut content: Vec<u8> = Vec::new();
    while content.len() < len as usize {
        let packet = wire.packet(PACKET_TIMEOUT)?;
        // All packets but the last are full, so that the time for all of them is bounded as well.
        if packet.len() != (len as usize - content.len()).min(PACKET_LEN as usize) {
            return Err(WireError::Garbled { bytes: packet.len() });
        }
        content.extend(&packet);
        let received = u32::try_from(content.len()).expect("it is at most `len`");
        wire.send(&slip::encode(&received.to_le_bytes()))?;
    }
    let md5 = wire.packet(PACKET_TIMEOUT)?;
    if md5 == Md5::digest(&content).as_slice() { Ok(content) } else { Err(WireError::ReadBack) }
}
