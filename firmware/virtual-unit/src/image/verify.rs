//! Verification of an image, in the order in which the second stage does it. Knows no log lines.

use sha2::{Digest, Sha256};

use super::description::AppDescription;
use super::{CHECKSUM_BLOCK, CHECKSUM_SEED, CHIP_ID, HEADER_LENGTH, MAGIC, SEGMENTS_MAX};

/// A segment longer than this is none.
const SEGMENT_LENGTH_MAX: u32 = 16 << 20;

/// What was found: the segments up to the first error, and how it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inspection {
    /// The segments that were read.
    pub segments: Vec<Segment>,
    /// Whether the image may run.
    pub outcome: Result<Verified, ImageError>,
}

/// One segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Where its data starts in the image.
    pub offset: usize,
    /// Where it is loaded or mapped.
    pub address: u32,
    /// Length of its data in bytes.
    pub length: u32,
}

/// What the boot loader does with a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SegmentUse {
    /// It is mapped into the flash cache.
    Map,
    /// It is copied to RAM.
    Load,
    /// It is padding.
    Skip,
}

impl Segment {
    /// What happens to it, by its address (memory map of the ESP32-C3).
    #[must_use]
    pub fn usage(&self) -> SegmentUse {
        match self.address {
            0x3c00_0000..0x3c80_0000 | 0x4200_0000..0x4280_0000 => SegmentUse::Map,
            0x3fc8_0000..0x3fce_0000 | 0x4037_c000..0x403e_0000 | 0x5000_0000..0x5000_2000 => SegmentUse::Load,
            _ => SegmentUse::Skip,
        }
    }
}

/// A sound image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// Where the code starts.
    pub entry: u32,
    /// Length of the image with all that is appended.
    pub length: usize,
    /// The SHA-256 of all before the appended hash; appended and verified if `hash_appended`.
    pub sha256: [u8; 32],
    /// Whether the image carries its hash.
    pub hash_appended: bool,
    /// The oldest chip revision that it runs on, major and minor.
    pub min_revision: (u32, u32),
    /// What the app says about itself, if it is an app.
    pub description: Option<AppDescription>,
}

/// Why an image may not run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ImageError {
    /// It does not begin like an image.
    #[error("invalid magic byte {0:#04x}")]
    Magic(u8),
    /// It is for another chip.
    #[error("image for chip id {0}, not {CHIP_ID}")]
    Chip(u16),
    /// It claims too many segments.
    #[error("{0} segments, more than {SEGMENTS_MAX}")]
    SegmentCount(u8),
    /// A segment's length is no multiple of four, or huge.
    #[error("invalid segment length {0:#x}")]
    SegmentLength(u32),
    /// It is cut short, or larger than its partition.
    #[error("image of {needed} bytes does not fit in {available}")]
    Length {
        /// Bytes up to where it was read.
        needed: usize,
        /// Bytes there are.
        available: usize,
    },
    /// The checksum differs.
    #[error("checksum failed: calculated {calculated:#04x}, read {read:#04x}")]
    Checksum {
        /// Of the segments.
        calculated: u8,
        /// In the image.
        read: u8,
    },
    /// The appended SHA-256 differs.
    #[error("appended SHA-256 does not match")]
    Hash,
}

/// Inspects the image at the start of `bytes`, which may go on behind it.
#[must_use]
pub fn inspect(bytes: &[u8]) -> Inspection {
    let mut segments = Vec::new();
    let outcome = verify(bytes, &mut segments);
    Inspection { segments, outcome }
}

fn verify(bytes: &[u8], segments: &mut Vec<Segment>) -> Result<Verified, ImageError> {
    let header = take(bytes, 0, HEADER_LENGTH)?;
    check_header(header)?;
    let mut at = HEADER_LENGTH;
    let mut sum = CHECKSUM_SEED;
    for _ in 0..header[1] {
        let segment = read_segment(bytes, at)?;
        segments.push(segment);
        let data = take(bytes, segment.offset, segment.length as usize)?;
        sum = data.iter().fold(sum, |sum, byte| sum ^ byte);
        at = segment.offset + segment.length as usize;
    }
    let end = (at + 1).next_multiple_of(CHECKSUM_BLOCK);
    let read = take(bytes, end - 1, 1)?[0];
    if read != sum {
        return Err(ImageError::Checksum { calculated: sum, read });
    }
    finish(bytes, end, segments)
}

fn finish(bytes: &[u8], end: usize, segments: &[Segment]) -> Result<Verified, ImageError> {
    let sha256: [u8; 32] = Sha256::digest(&bytes[..end]).into();
    let hash_appended = bytes[HEADER_LENGTH - 1] == 1;
    if hash_appended && take(bytes, end, sha256.len())? != sha256 {
        return Err(ImageError::Hash);
    }
    let first = segments.first().map(|segment| &bytes[segment.offset..]);
    Ok(Verified {
        entry: word(bytes, 4),
        length: if hash_appended { end + sha256.len() } else { end },
        sha256,
        hash_appended,
        min_revision: min_revision(bytes),
        description: first.and_then(AppDescription::parse),
    })
}

/// `min_chip_rev_full`: a hundred for each major number.
fn min_revision(bytes: &[u8]) -> (u32, u32) {
    let full = u32::from(u16::from_le_bytes([bytes[15], bytes[16]]));
    (full / 100, full % 100)
}

fn check_header(header: &[u8]) -> Result<(), ImageError> {
    let chip = u16::from_le_bytes([header[12], header[13]]);
    if header[0] != MAGIC {
        Err(ImageError::Magic(header[0]))
    } else if chip != CHIP_ID {
        Err(ImageError::Chip(chip))
    } else if header[1] > SEGMENTS_MAX {
        Err(ImageError::SegmentCount(header[1]))
    } else {
        Ok(())
    }
}

fn read_segment(bytes: &[u8], at: usize) -> Result<Segment, ImageError> {
    let header = take(bytes, at, 8)?;
    let (address, length) = (word(header, 0), word(header, 4));
    if !length.is_multiple_of(4) || length >= SEGMENT_LENGTH_MAX {
        return Err(ImageError::SegmentLength(length));
    }
    Ok(Segment { offset: at + 8, address, length })
}

fn take(bytes: &[u8], at: usize, length: usize) -> Result<&[u8], ImageError> {
    bytes.get(at..at + length).ok_or(ImageError::Length { needed: at + length, available: bytes.len() })
}

fn word(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}
