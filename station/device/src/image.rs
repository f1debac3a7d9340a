//! Checks images before they are written: boot loaders and apps. Knows bytes, no file and no unit.
//!
//! Source: Espressif, "Firmware Image Format" and "App Image Format" (`esp_image_header_t`, `esp_app_desc_t`).

mod description;
mod error;
mod patch;
mod patch_error;
mod report;
mod segments;
mod signature;

use firstpass_domain::{Chip, Revision, Sha256Digest};

pub use self::description::AppDescription;
pub use self::error::ImageError;
pub use self::patch::{OwnImage, Placeholder, check_whole_text, patch};
pub use self::patch_error::PatchError;
pub use self::report::{Checksum, Hash, ImageReport, inspect};
pub use self::segments::Segment;
pub use self::signature::Signature;

const HEADER_LEN: usize = 24;
const MAGIC: u8 = 0xe9;
const SEGMENTS_MAX: u8 = 16;
const DIGEST_LEN: usize = 32;
const AT_SEGMENT_COUNT: usize = 1;
const AT_CHIP_ID: usize = 12;
/// Oldest revision as `major * 100 + minor`.
const AT_MIN_REVISION: usize = 15;
const AT_MAX_REVISION: usize = 17;
const AT_ENTRY: usize = 4;
const AT_HASH_APPENDED: usize = 23;

/// What an app image says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppInfo {
    /// Version in the application description.
    pub version: String,
    /// Project name in the application description.
    pub project: String,
    /// SHA-256 appended to the image, which the unit reports as its own.
    pub sha256: Sha256Digest,
    /// Oldest silicon revision that it runs on.
    pub min_revision: Revision,
    /// Length of the image in bytes, the appended hash included.
    pub len: u32,
}

/// Checks an app image: form, chip, checksum, hash, description, and that it fits a partition of `partition_len` bytes.
pub fn check_app(image: &[u8], chip: Chip, partition_len: u32) -> Result<AppInfo, ImageError> {
    let checked = check(image, chip, partition_len)?;
    let sha256 = checked.sha256.ok_or(ImageError::NoHash)?;
    let description = AppDescription::read(image).ok_or(ImageError::NoDescription)?;
    let AppDescription { version, project, .. } = description;
    Ok(AppInfo { version, project, sha256, min_revision: revision(image, AT_MIN_REVISION), len: checked.len })
}

/// Checks a boot loader image: form, chip, checksum, hash when it has one, and that it fits `space` bytes.
pub fn check_bootloader(image: &[u8], chip: Chip, space: u32) -> Result<(), ImageError> {
    check(image, chip, space).map(drop)
}

/// Where the ROM looks for the boot loader (espflash, `Chip::boot_address`).
pub const fn bootloader_offset(chip: Chip) -> u32 {
    match chip {
        Chip::Esp32 | Chip::Esp32s2 => 0x1000,
        Chip::Esp32c5 | Chip::Esp32p4 => 0x2000,
        Chip::Esp32s3 | Chip::Esp32c2 | Chip::Esp32c3 | Chip::Esp32c6 | Chip::Esp32h2 => 0,
    }
}

struct Checked {
    len: u32,
    sha256: Option<Sha256Digest>,
}

fn check(image: &[u8], chip: Chip, space: u32) -> Result<Checked, ImageError> {
    check_header(image, chip)?;
    let end = segments::end(image, image[AT_SEGMENT_COUNT])?;
    segments::check_checksum(image, end)?;
    let sha256 = if image[AT_HASH_APPENDED] == 1 { Some(check_hash(image, end)?) } else { None };
    let len = end + sha256.map_or(0, |_| DIGEST_LEN);
    if image.len() > space as usize {
        return Err(ImageError::TooLarge { len: image.len(), space });
    }
    Ok(Checked { len: u32::try_from(len).expect("it is at most the partition's length"), sha256 })
}

fn check_header(image: &[u8], chip: Chip) -> Result<(), ImageError> {
    check_form(image)?;
    let found = id_of(image);
    if found != chip_id(chip) {
        return Err(ImageError::OtherChip { found, wanted: chip });
    }
    Ok(())
}

/// Checks what every image's header has, whatever its chip.
fn check_form(image: &[u8]) -> Result<(), ImageError> {
    if image.first() != Some(&MAGIC) {
        return Err(ImageError::NoImage { first: image.first().copied() });
    }
    if image.len() < HEADER_LEN {
        return Err(ImageError::CutShort { offset: 0, needs: HEADER_LEN, len: image.len() });
    }
    match image[AT_SEGMENT_COUNT] {
        1..=SEGMENTS_MAX => Ok(()),
        count => Err(ImageError::Segments { count }),
    }
}

fn check_hash(image: &[u8], end: usize) -> Result<Sha256Digest, ImageError> {
    let cut = ImageError::CutShort { offset: end, needs: DIGEST_LEN, len: image.len() };
    let stored: [u8; DIGEST_LEN] = *image[end..].first_chunk().ok_or(cut)?;
    let digest = Sha256Digest::of(&image[..end]);
    if digest.bytes() == &stored { Ok(digest) } else { Err(ImageError::Hash { offset: end }) }
}

fn id_of(image: &[u8]) -> u16 {
    u16::from_le_bytes([image[AT_CHIP_ID], image[AT_CHIP_ID + 1]])
}

fn revision(image: &[u8], at: usize) -> Revision {
    let revision = u16::from_le_bytes([image[at], image[at + 1]]);
    Revision { major: u32::from(revision / 100), minor: u32::from(revision % 100) }
}

/// The chip's number in image headers (ESP-IDF, `esp_chip_id_t`).
const fn chip_id(chip: Chip) -> u16 {
    match chip {
        Chip::Esp32 => 0,
        Chip::Esp32s2 => 2,
        Chip::Esp32c3 => 5,
        Chip::Esp32s3 => 9,
        Chip::Esp32c2 => 12,
        Chip::Esp32c6 => 13,
        Chip::Esp32h2 => 16,
        Chip::Esp32p4 => 18,
        Chip::Esp32c5 => 23,
    }
}

/// The chip of that number; `None` for one that the line does not know.
fn chip_of(id: u16) -> Option<Chip> {
    use Chip::{Esp32, Esp32c2, Esp32c3, Esp32c5, Esp32c6, Esp32h2, Esp32p4, Esp32s2, Esp32s3};
    let chips = [Esp32, Esp32s2, Esp32s3, Esp32c2, Esp32c3, Esp32c5, Esp32c6, Esp32h2, Esp32p4];
    chips.into_iter().find(|chip| chip_id(*chip) == id)
}

#[cfg(test)]
mod patch_tests;
#[cfg(test)]
mod tests;
