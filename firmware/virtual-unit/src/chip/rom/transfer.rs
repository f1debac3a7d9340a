//! An upload as the ROM keeps account of it: what a begin announced, and how far the blocks have come. Knows neither
//! flash nor RAM.

use super::error;
use super::inbox::Inbox;

/// The longest block that may be announced.
const BLOCK_MAX: u32 = 0x1800;
/// The longest data of a block's packet.
const BLOCK_DATA_MAX: usize = 0x1810;
const CHECKSUM_SEED: u8 = 0xef;

/// The account.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Transfer {
    pub(super) size: u32,
    blocks: u32,
    block_size: u32,
    /// The number that the next block must have.
    sequence: u32,
    received: u32,
    /// Where the next block goes.
    pub(super) address: u32,
    /// Whether the flash is to be written encrypted. A begin for RAM leaves it as it was.
    pub(super) encrypted: bool,
}

impl Transfer {
    /// What the account for flash and RAM holds before any begin: the ROM does not clear it, and this is what its own
    /// start leaves there. So a block without a begin goes nowhere, and is acknowledged.
    pub(super) fn leftover() -> Self {
        Self { block_size: 0x4004_7dd2, received: 1, address: 0x3ff1_b9f0, encrypted: true, ..Self::default() }
    }

    /// A begin with data of `length` bytes: size, blocks, block size, address.
    pub(super) fn begin(inbox: &Inbox, length: usize) -> Result<Self, u8> {
        let [size, blocks, block_size, address] = [0, 1, 2, 3].map(|index| inbox.word(index));
        let valid = inbox.length() == length && block_size <= BLOCK_MAX;
        let begun = Self { size, blocks, block_size, address, ..Self::default() };
        if valid { Ok(begun) } else { Err(error::INVALID) }
    }

    /// The same, to be encrypted or not.
    pub(super) fn encrypted(self, encrypted: bool) -> Self {
        Self { encrypted, ..self }
    }

    /// Takes a block in, whose length must be a multiple of `unit`; returns its length. A block that has the right number
    /// counts, even if its checksum is wrong.
    pub(super) fn accept(&mut self, inbox: &Inbox, unit: u32) -> Result<u32, u8> {
        let [length, sequence] = [0, 1].map(|index| inbox.word(index));
        let in_order = inbox.length() <= BLOCK_DATA_MAX && sequence == self.sequence;
        if !in_order || length > self.block_size || !length.is_multiple_of(unit) {
            return Err(error::INVALID);
        }
        self.sequence = self.sequence.wrapping_add(1);
        let sum = checksum(inbox.block(length as usize));
        if sum == inbox.checksum() { Ok(length) } else { Err(error::CHECKSUM) }
    }

    /// Goes on behind a block.
    pub(super) fn advance(&mut self, length: u32) {
        self.received = self.received.wrapping_add(length);
        self.address = self.address.wrapping_add(length);
    }

    /// Whether as many blocks have come as were announced.
    pub(super) fn has_all_blocks(&self) -> bool {
        self.sequence == self.blocks
    }

    /// Whether as many blocks and as many bytes have come as were announced.
    pub(super) fn is_complete(&self) -> bool {
        self.has_all_blocks() && self.received == self.size
    }
}

/// The checksum of a block.
pub(super) fn checksum(bytes: &[u8]) -> u8 {
    bytes.iter().fold(CHECKSUM_SEED, |sum, byte| sum ^ byte)
}
