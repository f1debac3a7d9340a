//! Puts a unit's code in the place that an image keeps for it, and makes checksum and appended hash right again.

use std::ops::Range;
use std::sync::Arc;

use firstpass_domain::Sha256Digest;
use sha2::{Digest, Sha256};

use super::segments::{self, Segment};
use super::signature::looks_encrypted;
use super::{AT_SEGMENT_COUNT, DIGEST_LEN, ImageError, PatchError, inspect};
use crate::PreparedImage;
use crate::prepared::{HOLE_LEN_MAX, Template};

/// An image with a place for each unit's code: prepared once, filled for each unit in a few milliseconds.
pub struct Placeholder {
    template: Template,
    /// SHA-256 of what stands before the hole, not finished.
    head: Sha256,
    /// Checksum with nothing but NULs in the hole.
    checksum: u8,
    hole_len: usize,
    /// What stands behind the appended hash.
    rest: Vec<u8>,
}

/// The image of one unit.
#[derive(Debug)]
pub struct OwnImage {
    /// As it is written; its `sha256` is that of the whole region.
    pub image: PreparedImage,
    /// The SHA-256 appended to it, which the running app names as its own.
    pub app_sha256: Sha256Digest,
}

/// `image` with `value` in the place of `placeholder`, filled up with NULs; checksum and appended SHA-256 are right.
pub fn patch(image: &[u8], placeholder: &[u8], value: &[u8]) -> Result<Vec<u8>, PatchError> {
    let place = find(image, placeholder)?;
    check_value(value, placeholder.len())?;
    let mut patched = image.to_vec();
    let hole = &mut patched[place.hole.clone()];
    hole.fill(0);
    hole[..value.len()].copy_from_slice(value);
    patched[place.end - 1] = segments::checksum(&patched, &place.segments);
    let hash = Sha256Digest::of(&patched[..place.end]);
    patched[place.end..place.end + DIGEST_LEN].copy_from_slice(hash.bytes());
    Ok(patched)
}

/// Checks that `placeholder` is a whole text of `image`, from a byte that is no text to its NUL, as a person who names it
/// may not know.
pub fn check_whole_text(image: &[u8], placeholder: &[u8]) -> Result<(), PatchError> {
    let Place { hole, .. } = find(image, placeholder)?;
    let begins_earlier = image[hole.start - 1].is_ascii_graphic() || image[hole.start - 1] == b' ';
    if begins_earlier || image[hole.end] != 0 {
        return Err(PatchError::PartOfText { at: offset(hole.start), begins_earlier });
    }
    Ok(())
}

impl Placeholder {
    /// Finds `placeholder` in `image` and prepares everything that does not depend on the value.
    pub fn prepare(image: &[u8], placeholder: &[u8]) -> Result<Self, PatchError> {
        let place = find(image, placeholder)?;
        let mut blank = image.to_vec();
        blank[place.hole.clone()].fill(0);
        Ok(Self {
            head: Sha256::new_with_prefix(&image[..place.hole.start]),
            checksum: segments::checksum(&blank, &place.segments),
            hole_len: place.hole.len(),
            rest: image[place.end + DIGEST_LEN..].to_vec(),
            template: Template::new(Arc::from(image), place.hole, place.end - 1),
        })
    }

    /// Longest value.
    pub fn max_len(&self) -> usize {
        self.hole_len
    }

    /// The image with `value` in it, ready to be written.
    pub fn patch(&self, value: &[u8]) -> Result<OwnImage, PatchError> {
        check_value(value, self.hole_len)?;
        let mut filled = value.to_vec();
        filled.resize(self.hole_len, 0);
        let checksum = filled.iter().fold(self.checksum, |sum, byte| sum ^ byte);
        let covered = self.head.clone().chain_update(&filled).chain_update(self.template.middle());
        let covered = covered.chain_update([checksum]);
        let hash: [u8; DIGEST_LEN] = covered.clone().finalize().into();
        let whole: [u8; DIGEST_LEN] = covered.chain_update(hash).chain_update(&self.rest).finalize().into();
        let end = [&[checksum], hash.as_slice(), &self.rest].concat();
        let image = self.template.fill(&filled, &end, Sha256Digest::new(whole));
        Ok(OwnImage { image, app_sha256: Sha256Digest::new(hash) })
    }
}

impl std::fmt::Debug for Placeholder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Placeholder").field("max_len", &self.hole_len).finish_non_exhaustive()
    }
}

/// Where things stand in an image that can be patched.
struct Place {
    hole: Range<usize>,
    segments: Vec<Segment>,
    /// Where the appended hash begins.
    end: usize,
}

fn find(image: &[u8], placeholder: &[u8]) -> Result<Place, PatchError> {
    let segments = check(image)?;
    match placeholder.len() {
        0 => return Err(PatchError::NoPlaceholder),
        1..=HOLE_LEN_MAX => {}
        len => return Err(PatchError::PlaceholderTooLong { len, max: HOLE_LEN_MAX }),
    }
    let within = |segment: &Segment| {
        let at = segment.range().start;
        image[segment.range()]
            .windows(placeholder.len())
            .enumerate()
            .filter_map(move |(index, text)| (text == placeholder).then_some(at + index))
    };
    let mut found = segments.iter().flat_map(within);
    let at = found.next().ok_or(PatchError::NotFound)?;
    if let Some(second) = found.next() {
        return Err(PatchError::Ambiguous { first: offset(at), second: offset(second) });
    }
    drop(found);
    let end = segments::end(image, image[AT_SEGMENT_COUNT])?;
    Ok(Place { hole: at..at + placeholder.len(), segments, end })
}

/// The segments of an image that is sound, plain and not signed.
fn check(image: &[u8]) -> Result<Vec<Segment>, PatchError> {
    let report = inspect(image).map_err(|error| match error {
        ImageError::NoImage { .. } if looks_encrypted(image) => PatchError::Encrypted,
        other => PatchError::Image(other),
    })?;
    if let Some(signature) = report.signature {
        return Err(PatchError::Signed { signature });
    }
    let sum = report.checksum;
    if sum.stored != sum.computed {
        let (offset, stored, computed) = (sum.offset as usize, sum.stored, sum.computed);
        return Err(ImageError::Checksum { offset, stored, computed }.into());
    }
    let hash = report.sha256.ok_or(ImageError::NoHash)?;
    if hash.stored != hash.computed {
        return Err(ImageError::Hash { offset: hash.offset as usize }.into());
    }
    Ok(report.segments)
}

fn check_value(value: &[u8], max: usize) -> Result<(), PatchError> {
    if value.is_empty() {
        return Err(PatchError::NoValue);
    }
    if value.len() > max {
        return Err(PatchError::ValueTooLong { len: value.len(), max });
    }
    value.iter().position(|byte| *byte == 0).map_or(Ok(()), |at| Err(PatchError::ValueWithNul { at }))
}

fn offset(at: usize) -> u32 {
    u32::try_from(at).expect("segments end below 4 GiB")
}
