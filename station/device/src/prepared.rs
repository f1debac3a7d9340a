//! What is written to flash, made ready once per recipe: compressed, cut into blocks and framed for the wire, so that
//! any number of slots can send the same bytes without working on them again. Knows no port.

use std::fmt;
use std::io::Write;
use std::sync::Arc;

use espflash::command::Command;
use firstpass_domain::Sha256Digest;
use flate2::write::{ZlibDecoder, ZlibEncoder};
use md5::{Digest, Md5};

use crate::link::slip;

/// Compressed bytes in one block; the stub's own block size (espflash, `stub_flash_write_size`).
pub(crate) const BLOCK_LEN: usize = 0x4000;
/// Flash is written in words; a content that ends within one is filled with erased flash.
const WORD: usize = 4;

/// A piece of flash content with its name and place.
#[derive(Debug, Clone)]
pub struct Region {
    /// Name in the policy, such as `app`.
    pub name: String,
    /// First byte in flash.
    pub offset: u32,
    /// What is written there.
    pub image: Arc<PreparedImage>,
}

/// A flash content, ready to be sent.
pub struct PreparedImage {
    len: u32,
    sha256: Sha256Digest,
    md5: [u8; 16],
    compressed_len: usize,
    blocks: Vec<Block>,
}

/// One block as it goes over the wire.
pub(crate) struct Block {
    /// The whole SLIP frame of its `FLASH_DEFL_DATA` command.
    pub(crate) frame: Vec<u8>,
    /// Flash bytes that it unpacks to.
    pub(crate) unpacked: u32,
}

impl PreparedImage {
    /// Compresses `content`, best level. Content of 4 GiB or more does not exist on these chips.
    ///
    /// # Panics
    /// When the content is 4 GiB long or more.
    pub fn new(content: &[u8]) -> Self {
        let len = u32::try_from(content.len()).expect("flash content is shorter than 4 GiB");
        let compressed = compress(&padded(content));
        let blocks = compressed.chunks(BLOCK_LEN).zip(unpacked_lengths(&compressed)).enumerate();
        let blocks = blocks.map(|(index, (data, unpacked))| Block { frame: frame(index, data), unpacked }).collect();
        Self {
            len,
            sha256: Sha256Digest::of(content),
            md5: Md5::digest(content).into(),
            compressed_len: compressed.len(),
            blocks,
        }
    }

    /// Length of the content in bytes.
    pub fn len(&self) -> u32 {
        self.len
    }

    /// Whether there is nothing to write.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// SHA-256 of the content.
    pub fn sha256(&self) -> Sha256Digest {
        self.sha256
    }

    /// Bytes that go over the wire, framing not counted: the measure of the flashing speed.
    pub fn compressed_len(&self) -> usize {
        self.compressed_len
    }

    /// MD5 of the content, as the chip is asked for it.
    pub(crate) fn md5(&self) -> [u8; 16] {
        self.md5
    }

    /// Length with the last word filled up.
    pub(crate) fn padded_len(&self) -> u32 {
        self.len.next_multiple_of(WORD as u32)
    }

    /// The blocks in order.
    pub(crate) fn blocks(&self) -> &[Block] {
        &self.blocks
    }
}

impl fmt::Debug for PreparedImage {
    /// Length and hash only: the content may be an NVS image, which holds secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PreparedImage").field("len", &self.len).field("sha256", &self.sha256).finish_non_exhaustive()
    }
}

fn padded(content: &[u8]) -> Vec<u8> {
    let mut bytes = content.to_vec();
    bytes.resize(content.len().next_multiple_of(WORD), 0xff);
    bytes
}

fn compress(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).and_then(|()| encoder.finish()).expect("a vector takes every write")
}

/// How many bytes each block unpacks to: what the chip has to write while it handles the block.
fn unpacked_lengths(compressed: &[u8]) -> Vec<u32> {
    let mut decoder = ZlibDecoder::new(Vec::new());
    let mut lengths = Vec::new();
    for block in compressed.chunks(BLOCK_LEN) {
        decoder.write_all(block).and_then(|()| decoder.flush()).expect("what was compressed here unpacks again");
        lengths.push(u32::try_from(decoder.get_ref().len()).expect("the content is shorter than 4 GiB"));
        decoder.get_mut().clear();
    }
    lengths
}

fn frame(index: usize, data: &[u8]) -> Vec<u8> {
    let sequence = u32::try_from(index).expect("the content is shorter than 4 GiB");
    slip::frame(&Command::FlashDeflData { data, pad_to: 0, pad_byte: 0xff, sequence })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_blocks_unpack_to_the_whole_content_filled_to_a_word() {
        let content: Vec<u8> = (0..100_001_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
        let image = PreparedImage::new(&content);
        assert_eq!(image.len(), 100_001);
        assert_eq!(image.padded_len(), 100_004);
        assert_eq!(image.blocks().iter().map(|block| block.unpacked).sum::<u32>(), 100_004);
        assert_eq!(image.blocks().len(), image.compressed_len().div_ceil(BLOCK_LEN));
    }

    #[test]
    fn a_content_does_not_show_in_debug_output() {
        let shown = format!("{:?}", PreparedImage::new(&[0xa5; 64]));
        assert!(shown.starts_with("PreparedImage { len: 64, sha256: ") && shown.ends_with(", .. }"), "{shown}");
    }

    #[test]
    fn erased_flash_takes_next_to_nothing_on_the_wire() {
        assert!(PreparedImage::new(&[0xff; 0x10000]).compressed_len() < 200);
    }
}
