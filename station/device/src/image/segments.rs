//! The segments of an image and their checksum.

use super::{HEADER_LEN, ImageError};

const SEGMENT_HEADER_LEN: usize = 8;
/// What the XOR of all segment data starts from.
const CHECKSUM_SEED: u8 = 0xef;
/// The checksum is the last byte of a block of this length.
const CHECKSUM_BLOCK: usize = 16;

/// Where the image ends, the checksum included: what the appended hash covers.
pub(super) fn end(image: &[u8], count: u8) -> Result<usize, ImageError> {
    let data_end = spans(image, count)?.last().map_or(HEADER_LEN, |(_, end)| *end);
    let end = (data_end + 1).next_multiple_of(CHECKSUM_BLOCK);
    if image.len() < end {
        return Err(ImageError::CutShort { offset: data_end, needs: end - data_end, len: image.len() });
    }
    Ok(end)
}

pub(super) fn check_checksum(image: &[u8], end: usize) -> Result<(), ImageError> {
    let (offset, stored) = (end - 1, image[end - 1]);
    let data = spans(image, image[1])?.into_iter().flat_map(|(begin, end)| &image[begin..end]);
    let computed = data.fold(CHECKSUM_SEED, |sum, byte| sum ^ byte);
    if stored == computed { Ok(()) } else { Err(ImageError::Checksum { offset, stored, computed }) }
}

/// Begin and end of the data of every segment.
fn spans(image: &[u8], count: u8) -> Result<Vec<(usize, usize)>, ImageError> {
    let mut spans = Vec::new();
    let mut at = HEADER_LEN;
    for _ in 0..count {
        let begin = at + SEGMENT_HEADER_LEN;
        let cut = |needs| ImageError::CutShort { offset: at, needs, len: image.len() };
        let header = image.get(at..begin).ok_or_else(|| cut(SEGMENT_HEADER_LEN))?;
        let len = u32::from_le_bytes([header[4], header[5], header[6], header[7]]) as usize;
        let end = begin.checked_add(len).filter(|end| *end <= image.len());
        let end = end.ok_or_else(|| cut(SEGMENT_HEADER_LEN.saturating_add(len)))?;
        spans.push((begin, end));
        at = end;
    }
    Ok(spans)
}
