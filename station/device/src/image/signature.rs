//! Recognises what else may have been done to an image: a secure boot signature behind it, or encryption all over.
//!
//! Source: Espressif, "Secure Boot v1" (a block of 68 bytes, version 0 and an ECDSA signature, ends the file) and "Secure
//! Boot v2" (blocks of 1216 bytes in the first free sector: 0xe7, version, digest, key, signature, CRC-32, padding).

use std::fmt;

use serde::Serialize;

const V1_LEN: usize = 68;
const V2_BLOCK_LEN: usize = 1216;
const V2_BLOCKS_MAX: usize = 3;
const V2_MAGIC: u8 = 0xe7;
const V2_RSA: u8 = 2;
const V2_ECDSA: u8 = 3;
const SECTOR_LEN: usize = 4096;
/// Bytes that are counted to tell encrypted content.
const SAMPLE_LEN: usize = 4096;
/// Bits of information in a byte of encrypted content, about: such a sample of random bytes has 7.95 on average and
/// never less than 7.93; compiled code and text have 5 to 7.
const ENTROPY_MIN: f64 = 7.9;

/// A secure boot signature behind an image. Only who has the key can change a signed image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "scheme", rename_all = "snake_case")]
pub enum Signature {
    /// Secure boot v1, ECDSA.
    V1 {
        /// First byte of the signature block.
        offset: u32,
    },
    /// Secure boot v2, RSA-PSS.
    V2Rsa {
        /// First byte of the first signature block.
        offset: u32,
        /// How many keys have signed.
        blocks: u8,
    },
    /// Secure boot v2, ECDSA.
    V2Ecdsa {
        /// First byte of the first signature block.
        offset: u32,
        /// How many keys have signed.
        blocks: u8,
    },
}

impl Signature {
    /// The signature behind the image that ends at `end`.
    pub(super) fn find(image: &[u8], end: usize) -> Option<Self> {
        Self::find_v2(image, end.next_multiple_of(SECTOR_LEN)).or_else(|| Self::find_v1(image, end))
    }

    fn find_v1(image: &[u8], end: usize) -> Option<Self> {
        let block = image.get(end..)?;
        let is_block = block.len() == V1_LEN && block.starts_with(&[0; 4]) && block[4..].iter().any(|byte| *byte != 0);
        is_block.then_some(Self::V1 { offset: u32::try_from(end).ok()? })
    }

    fn find_v2(image: &[u8], at: usize) -> Option<Self> {
        let sector = image.get(at..)?;
        let version = *sector.get(1)?;
        let is_block = |block: &&[u8]| block.len() == V2_BLOCK_LEN && block.starts_with(&[V2_MAGIC, version]);
        let blocks = sector.chunks(V2_BLOCK_LEN).take(V2_BLOCKS_MAX).take_while(is_block).count();
        let (offset, blocks) = (u32::try_from(at).ok()?, u8::try_from(blocks).ok().filter(|blocks| *blocks > 0)?);
        match version {
            V2_RSA => Some(Self::V2Rsa { offset, blocks }),
            V2_ECDSA => Some(Self::V2Ecdsa { offset, blocks }),
            _ => None,
        }
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::V1 { offset } => write!(f, "secure boot v1 (ECDSA), at {offset:#x}"),
            Self::V2Rsa { offset, blocks } => write!(f, "secure boot v2 (RSA), {blocks} block(s) at {offset:#x}"),
            Self::V2Ecdsa { offset, blocks } => write!(f, "secure boot v2 (ECDSA), {blocks} block(s) at {offset:#x}"),
        }
    }
}

/// Whether a file that is no image may be an encrypted one: its bytes are spread evenly.
pub(super) fn looks_encrypted(file: &[u8]) -> bool {
    let Some(sample) = file.get(..SAMPLE_LEN) else { return false };
    let mut counts = [0_u32; 256];
    sample.iter().for_each(|byte| counts[usize::from(*byte)] += 1);
    let shares = counts.iter().filter(|count| **count > 0).map(|count| f64::from(*count) / SAMPLE_LEN as f64);
    shares.map(|share| -share * share.log2()).sum::<f64>() > ENTROPY_MIN
}
