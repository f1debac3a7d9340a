//! READ_FLASH of the stub: blocks go out while acknowledgements come in, and a MD5 ends it. Knows no packet header.
//!
//! After Espressif's "Serial Protocol": each block is a frame, the host answers with the number of bytes it has in all
//! (u32), at most `in_flight` blocks are under way, and the last frame is the MD5 (16 bytes).

use md5::{Digest, Md5};

use crate::flash::{Flash, FlashError};

/// The longest block a host may ask for.
const BLOCK_MAX: u32 = 0x4000;

/// A read-out in progress.
#[derive(Debug)]
pub(crate) struct Readout {
    offset: u32,
    length: u32,
    block: u32,
    window: u32,
    sent: u32,
    acknowledged: u32,
    digest: Md5,
}

impl Readout {
    /// Begins a read-out; `None` when the numbers make no sense.
    pub(crate) fn begin(offset: u32, length: u32, block: u32, in_flight: u32, flash: &Flash) -> Option<Self> {
        let end = offset.checked_add(length)?;
        let sensible = end <= flash.size().bytes() && (1..=BLOCK_MAX).contains(&block) && in_flight > 0;
        let window = block.saturating_mul(in_flight);
        sensible.then(|| Self { offset, length, block, window, sent: 0, acknowledged: 0, digest: Md5::new() })
    }

    /// The host has `total` bytes.
    pub(crate) fn acknowledge(&mut self, total: u32) {
        self.acknowledged = self.acknowledged.max(total.min(self.sent));
    }

    /// The next block, if the window has room for it.
    pub(crate) fn next_block(&mut self, flash: &Flash) -> Result<Option<Vec<u8>>, FlashError> {
        let size = self.block.min(self.length - self.sent);
        if size == 0 || self.sent - self.acknowledged + size > self.window {
            return Ok(None);
        }
        let bytes = flash.read_vec(self.offset + self.sent, size)?;
        self.digest.update(&bytes);
        self.sent += size;
        Ok(Some(bytes))
    }

    /// The MD5 of all, when the host has acknowledged all.
    pub(crate) fn finish(&self) -> Option<[u8; 16]> {
        (self.acknowledged == self.length).then(|| self.digest.clone().finalize().into())
    }
}
