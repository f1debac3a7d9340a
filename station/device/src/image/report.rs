//! All that an image says of itself, and whether it is true. Judges nothing: a wrong checksum is reported, not refused.

use firstpass_domain::{Chip, Revision, Sha256Digest};
use serde::Serialize;

use super::segments::{self, Segment};
use super::{
    AT_ENTRY, AT_HASH_APPENDED, AT_MAX_REVISION, AT_MIN_REVISION, AT_SEGMENT_COUNT, AppDescription, DIGEST_LEN,
    ImageError, Signature, check_form, chip_of, id_of, revision,
};

/// What stands in an image file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ImageReport {
    /// The chip that it is for; `None` when the line does not know it.
    pub chip: Option<Chip>,
    /// That chip's number.
    pub chip_id: u16,
    /// Oldest silicon revision that it runs on.
    pub min_revision: Revision,
    /// Newest silicon revision that it runs on.
    pub max_revision: Revision,
    /// Address of the first instruction.
    pub entry: u32,
    /// Its segments in order.
    pub segments: Vec<Segment>,
    /// The checksum of the segments.
    pub checksum: Checksum,
    /// The appended SHA-256; `None` when the header says that there is none.
    pub sha256: Option<Hash>,
    /// Description of the app; `None` in a boot loader.
    pub app: Option<AppDescription>,
    /// The secure boot signature behind it.
    pub signature: Option<Signature>,
    /// Length of the image with its hash, without what stands behind.
    pub len: u32,
    /// Length of the file.
    pub file_len: u64,
}

/// A checksum and what it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Checksum {
    /// Where it stands.
    pub offset: u32,
    /// What stands there.
    pub stored: u8,
    /// What should.
    pub computed: u8,
}

/// An appended hash and what it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Hash {
    /// Where it stands.
    pub offset: u32,
    /// What stands there.
    pub stored: Sha256Digest,
    /// What should.
    pub computed: Sha256Digest,
}

impl ImageReport {
    /// Whether checksum and hash are right: a unit would start it.
    pub fn is_sound(&self) -> bool {
        self.checksum.stored == self.checksum.computed && self.sha256.is_none_or(|hash| hash.stored == hash.computed)
    }
}

/// Reads the image `file`. An error means that there is none, or that it ends early.
pub fn inspect(file: &[u8]) -> Result<ImageReport, ImageError> {
    check_form(file)?;
    let segments = segments::read(file, file[AT_SEGMENT_COUNT])?;
    let end = segments::end(file, file[AT_SEGMENT_COUNT])?;
    let sha256 = if file[AT_HASH_APPENDED] == 1 { Some(hash(file, end)?) } else { None };
    let len = end + sha256.map_or(0, |_| DIGEST_LEN);
    let chip_id = id_of(file);
    let [entry0, entry1, entry2, entry3] = [0, 1, 2, 3].map(|index| file[AT_ENTRY + index]);
    Ok(ImageReport {
        chip: chip_of(chip_id),
        chip_id,
        min_revision: revision(file, AT_MIN_REVISION),
        max_revision: revision(file, AT_MAX_REVISION),
        entry: u32::from_le_bytes([entry0, entry1, entry2, entry3]),
        checksum: checksum(file, &segments, end),
        segments,
        sha256,
        app: AppDescription::read(file),
        signature: Signature::find(file, len),
        len: offset(len),
        file_len: file.len() as u64,
    })
}

fn checksum(file: &[u8], segments: &[Segment], end: usize) -> Checksum {
    Checksum { offset: offset(end - 1), stored: file[end - 1], computed: segments::checksum(file, segments) }
}

fn hash(file: &[u8], end: usize) -> Result<Hash, ImageError> {
    let cut = ImageError::CutShort { offset: end, needs: DIGEST_LEN, len: file.len() };
    let stored: [u8; DIGEST_LEN] = *file[end..].first_chunk().ok_or(cut)?;
    Ok(Hash { offset: offset(end), stored: Sha256Digest::new(stored), computed: Sha256Digest::of(&file[..end]) })
}

/// Segments end below 4 GiB, and what comes after them is short.
fn offset(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}
