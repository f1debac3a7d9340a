//! What is written to flash, made ready once per recipe: compressed, cut into blocks and framed for the wire, so that
//! any number of slots can send the same bytes without working on them again. Knows no port.

mod piece;
mod template;

use std::fmt;
use std::sync::Arc;

use firstpass_domain::Sha256Digest;
use md5::{Digest, Md5};

use self::piece::{Block, End, Piece};

pub(crate) use self::piece::BLOCK_LEN;
pub(crate) use self::template::{HOLE_LEN_MAX, Template};

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
    blocks: Vec<Arc<Block>>,
    personal: bool,
}

impl PreparedImage {
    /// Compresses `content`, best level. Content of 4 GiB or more does not exist on these chips.
    ///
    /// # Panics
    /// When the content is 4 GiB long or more.
    pub fn new(content: &[u8]) -> Self {
        let len = u32::try_from(content.len()).expect("flash content is shorter than 4 GiB");
        let whole = Piece::first(&padded(content), End::Last);
        Self {
            len,
            sha256: Sha256Digest::of(content),
            md5: Md5::digest(content).into(),
            compressed_len: whole.compressed_len(),
            blocks: whole.into_blocks(),
            personal: false,
        }
    }

    /// The same for a content that was made for one unit, and may hold its code: NVS, or an app with the code in it.
    /// A search of the flash never passes over it.
    ///
    /// # Panics
    /// When the content is 4 GiB long or more.
    pub fn personal(content: &[u8]) -> Self {
        Self { personal: true, ..Self::new(content) }
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
    pub(crate) fn blocks(&self) -> &[Arc<Block>] {
        &self.blocks
    }

    /// Whether the content was made for one unit.
    pub(crate) fn is_personal(&self) -> bool {
        self.personal
    }
}

/// The packet in a frame.
#[cfg(test)]
fn unframed(frame: &[u8]) -> Vec<u8> {
    let mut bytes = frame[1..frame.len() - 1].iter();
    let mut packet = Vec::new();
    while let Some(byte) = bytes.next() {
        packet.push(match (byte, if *byte == 0xdb { bytes.next() } else { None }) {
            (byte, None) => *byte,
            (_, Some(0xdc)) => 0xc0,
            (_, Some(_)) => 0xdb,
        });
    }
    packet
}

#[cfg(test)]
impl PreparedImage {
    /// What a unit makes of the blocks: frames undone, unpacked as one stream, without what fills the last word.
    pub(crate) fn content(&self) -> Vec<u8> {
        use std::io::Read;
        let mut stream = Vec::new();
        for (index, block) in self.blocks.iter().enumerate() {
            let packet = unframed(&block.frame);
            assert_eq!(packet[12..16], u32::try_from(index).expect("few blocks").to_le_bytes(), "in order");
            stream.extend(&packet[24..]);
        }
        assert_eq!(stream.len(), self.compressed_len);
        let mut content = Vec::new();
        flate2::read::ZlibDecoder::new(stream.as_slice()).read_to_end(&mut content).expect("a valid stream");
        assert_eq!(content.len(), self.padded_len() as usize);
        content.truncate(self.len as usize);
        content
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
