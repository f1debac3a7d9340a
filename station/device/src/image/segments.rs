//! The segments of an image and their checksum.

use std::ops::Range;

use serde::Serialize;

use super::{HEADER_LEN, ImageError};

const SEGMENT_HEADER_LEN: usize = 8;
/// What the XOR of all segment data starts from.
const CHECKSUM_SEED: u8 = 0xef;
/// The checksum is the last byte of a block of this length.
const CHECKSUM_BLOCK: usize = 16;

/// A segment: where its data stands in the image, and where the boot loader puts or maps it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Segment {
    /// First byte of its data in the image.
    pub offset: u32,
    /// Address on the chip.
    pub address: u32,
    /// Length of its data in bytes.
    pub len: u32,
}

impl Segment {
    /// Where its data stands.
    pub(super) fn range(&self) -> Range<usize> {
        let begin = self.offset as usize;
        begin..begin + self.len as usize
    }
}

/// Where the image ends, the checksum included: what the appended hash covers.
pub(super) fn end(image: &[u8], count: u8) -> Result<usize, ImageError> {
    let data_end = read(image, count)?.last().map_or(HEADER_LEN, |segment| segment.range().end);
    let end = (data_end + 1).next_multiple_of(CHECKSUM_BLOCK);
    if image.len() < end {
        return Err(ImageError::CutShort { offset: data_end, needs: end - data_end, len: image.len() });
    }
    Ok(end)
}

pub(super) fn check_checksum(image: &[u8], end: usize) -> Result<(), ImageError> {
    let (offset, stored) = (end - 1, image[end - 1]);
    let computed = checksum(image, &read(image, image[1])?);
    if stored == computed { Ok(()) } else { Err(ImageError::Checksum { offset, stored, computed }) }
}

/// The checksum that the data of `segments` gives.
pub(super) fn checksum(image: &[u8], segments: &[Segment]) -> u8 {
    let data = segments.iter().flat_map(|segment| &image[segment.range()]);
    data.fold(CHECKSUM_SEED, |sum, byte| sum ^ byte)
}

/// The segments in order; each lies within the image.
pub(super) fn read(image: &[u8], count: u8) -> Result<Vec<Segment>, ImageError> {
    let mut segments = Vec::new();
    let mut at = HEADER_LEN;
    for _ in 0..count {
        let begin = at + SEGMENT_HEADER_LEN;
        let cut = |needs| ImageError::CutShort { offset: at, needs, len: image.len() };
        let header: &[u8; SEGMENT_HEADER_LEN] =
            image.get(at..).and_then(|rest| rest.first_chunk()).ok_or_else(|| cut(SEGMENT_HEADER_LEN))?;
        let [a0, a1, a2, a3, l0, l1, l2, l3] = *header;
        let (address, len) = (u32::from_le_bytes([a0, a1, a2, a3]), u32::from_le_bytes([l0, l1, l2, l3]));
        let end = begin.checked_add(len as usize).filter(|end| *end <= image.len() && u32::try_from(*end).is_ok());
        let end = end.ok_or_else(|| cut(SEGMENT_HEADER_LEN.saturating_add(len as usize)))?;
        let offset = u32::try_from(begin).expect("the end, which comes after it, is one");
        segments.push(Segment { offset, address, len });
        at = end;
    }
    Ok(segments)
}
