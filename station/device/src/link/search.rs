//! Accounts for every byte of the flash: what the chip's MD5 shows to be known content or erased need not be read; all
//! else is read and searched. Knows no partition.

use std::ops::Range;

use md5::{Digest, Md5};

use super::error::WireError;
use super::{Link, flash, identify, read};
use crate::Region;
use crate::nvs::CodeSearch;

/// Lengths at which a range that is not erased as a whole is asked for in parts: a few blocks, then their sectors.
const PART_LENS: [u32; 2] = [0x1_0000, 0x1000];
/// Flash that is read at once.
const READ_LEN: u32 = 0x1_0000;
/// Erased flash that is hashed at once.
const ERASED: [u8; 0x1000] = [0xff; 0x1000];

/// What a search of the whole flash came to. `known` and `searched` add up to the flash's size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FlashSearch {
    /// Bytes that the chip's MD5 showed to be known or erased.
    pub known: u64,
    /// Bytes that were read and searched.
    pub searched: u64,
    /// First byte of the code, when it was found.
    pub found_at: Option<u32>,
}

pub(super) fn search(link: &mut Link, needle: &CodeSearch, known: &[Region]) -> Result<FlashSearch, WireError> {
    let flash_len = link.steadily(identify::flash_len)?;
    let unknown = unknown(link, flash_len, known)?;
    let searched = unknown.iter().map(|range| u64::from(range.end - range.start)).sum();
    let mut found_at = None;
    for range in widened(&unknown, needle.len, flash_len) {
        found_at = earlier(found_at, search_range(link, range, needle)?);
    }
    Ok(FlashSearch { known: u64::from(flash_len) - searched, searched, found_at })
}

/// The ranges that hold neither what is known nor erased flash, in order.
fn unknown(link: &mut Link, flash_len: u32, known: &[Region]) -> Result<Vec<Range<u32>>, WireError> {
    let mut regions: Vec<&Region> = known.iter().filter(|region| !region.image.is_personal()).collect();
    regions.sort_by_key(|region| region.offset);
    let (mut unknown, mut at) = (Vec::new(), 0);
    for region in regions {
        let end = region.offset.checked_add(region.image.len()).filter(|end| *end <= flash_len);
        // A region that overlaps another, or ends beyond the flash, is read like any unknown content.
        let Some(end) = end.filter(|_| region.offset >= at) else { continue };
        if link.steadily(|wire, _| flash::digest(wire, region, 0))?.md5_matches {
            not_erased(link, at..region.offset, &mut unknown)?;
            at = end;
        }
    }
    not_erased(link, at..flash_len, &mut unknown)?;
    Ok(unknown)
}

/// Adds those parts of `range` to `unknown` that are not erased.
fn not_erased(link: &mut Link, range: Range<u32>, unknown: &mut Vec<Range<u32>>) -> Result<(), WireError> {
    let mut ranges = vec![range];
    for part_len in PART_LENS {
        let parts = ranges.into_iter().flat_map(|range| parts(range, part_len));
        ranges = keep_not_erased(link, parts.collect())?;
    }
    unknown.extend(ranges);
    Ok(())
}

fn keep_not_erased(link: &mut Link, ranges: Vec<Range<u32>>) -> Result<Vec<Range<u32>>, WireError> {
    let mut kept = Vec::new();
    for range in ranges {
        if !is_erased(link, &range)? {
            kept.push(range);
        }
    }
    Ok(kept)
}

fn is_erased(link: &mut Link, range: &Range<u32>) -> Result<bool, WireError> {
    let len = range.end - range.start;
    let md5 = link.steadily(|wire, _| flash::md5(wire, range.start, len, 0))?;
    Ok(md5 == md5_of_erased(len))
}

fn md5_of_erased(len: u32) -> [u8; 16] {
    let mut hash = Md5::new();
    let mut rest = len as usize;
    while rest > 0 {
        let part = rest.min(ERASED.len());
        hash.update(&ERASED[..part]);
        rest -= part;
    }
    hash.finalize().into()
}

/// Cuts `range` at the multiples of `part_len` within it; an empty range has no parts.
fn parts(range: Range<u32>, part_len: u32) -> impl Iterator<Item = Range<u32>> {
    let mut at = range.start;
    std::iter::from_fn(move || {
        let begin = at;
        at = (begin / part_len + 1).saturating_mul(part_len).min(range.end);
        (begin < range.end).then_some(begin..at)
    })
}

/// The ranges to read: a code may begin in known flash or end there, so that each range takes in as much of its
/// neighbours; ranges that meet are one.
fn widened(unknown: &[Range<u32>], needle_len: usize, flash_len: u32) -> Vec<Range<u32>> {
    let margin = u32::try_from(needle_len.saturating_sub(1)).unwrap_or(u32::MAX);
    let mut ranges: Vec<Range<u32>> = Vec::new();
    for range in unknown {
        let wide = range.start.saturating_sub(margin)..range.end.saturating_add(margin).min(flash_len);
        match ranges.last_mut() {
            Some(last) if last.end >= wide.start => last.end = wide.end,
            Some(_) | None => ranges.push(wide),
        }
    }
    ranges
}

/// Reads `range` piece by piece and looks for the needle, also where it lies across two pieces.
fn search_range(link: &mut Link, range: Range<u32>, needle: &CodeSearch) -> Result<Option<u32>, WireError> {
    let mut found = None;
    let (mut carried, mut carried_at): (Vec<u8>, u32) = (Vec::new(), range.start);
    for piece in pieces(range) {
        let (at, len) = (piece.start, piece.end - piece.start);
        carried.extend(link.steadily(|wire, _| read::read(wire, at, len))?);
        let here = needle.find_in(&carried).map(|at| carried_at + u32::try_from(at).expect("a piece is short"));
        found = earlier(found, here);
        let passed = carried.len().saturating_sub(needle.len.saturating_sub(1));
        carried.drain(..passed);
        carried_at += u32::try_from(passed).expect("a piece is short");
    }
    Ok(found)
}

fn pieces(range: Range<u32>) -> impl Iterator<Item = Range<u32>> {
    let end = range.end;
    range.step_by(READ_LEN as usize).map(move |begin| begin..begin.saturating_add(READ_LEN).min(end))
}

fn earlier(first: Option<u32>, second: Option<u32>) -> Option<u32> {
    match (first, second) {
        (Some(first), Some(second)) => Some(first.min(second)),
        (Some(at), None) | (None, Some(at)) => Some(at),
        (None, None) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_cut_at_multiples_only() {
        assert_eq!(parts(0x1800..0x3010, 0x1000).collect::<Vec<_>>(), [0x1800..0x2000, 0x2000..0x3000, 0x3000..0x3010]);
        assert!(parts(0x10..0x20, 0x1000).eq(std::iter::once(0x10..0x20)));
        assert_eq!(parts(0x10..0x10, 0x1000).count(), 0);
    }

    #[test]
    fn ranges_take_in_their_neighbours_and_join() {
        let unknown = [0x0..0x1000, 0x1000..0x2000, 0x2020..0x3000, 0x8000..0x9000];
        assert_eq!(widened(&unknown, 33, 0x9000), [0..0x3020, 0x7fe0..0x9000]);
    }

    #[test]
    fn the_hash_of_erased_flash_is_that_of_its_bytes() {
        for len in [0, 1, 0x1000, 0x1_2345] {
            assert_eq!(md5_of_erased(len), <[u8; 16]>::from(Md5::digest(vec![0xff; len as usize])), "{len}");
        }
    }
}
