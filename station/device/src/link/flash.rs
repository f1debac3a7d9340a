//! Writes prepared content through the stub and has the chip hash it. Knows no file and no recipe.
//!
//! The stub acknowledges a block before it writes it, so the next block travels while the flash works; the wait for the
//! flash shows up in the answer to the command after.

use std::time::Duration;

use espflash::command::{Command, CommandType};
use firstpass_domain::evidence::RegionDigest;

use super::error::WireError;
use super::wire::Wire;
use super::{ANSWER_TIMEOUT, ProgressSink};
use crate::prepared::BLOCK_LEN;
use crate::{PreparedImage, Region};

/// Time that flash may take to erase and write a mebibyte (espflash, `ERASE_WRITE_TIMEOUT_PER_MB`).
const WRITE_TIMEOUT_PER_MIB: Duration = Duration::from_secs(40);
/// Time that the chip may take to hash a mebibyte (espflash, `FLASH_MD5_TIMEOUT_PER_MB`).
const MD5_TIMEOUT_PER_MIB: Duration = Duration::from_secs(8);
const MIB: u64 = 1024 * 1024;
/// A stub's error for an end without a beginning (espflash, `RomErrorKind::NotInFlashMode`).
const NOT_IN_FLASH_MODE: u8 = 0xc6;

/// Writes `region` from its start and has the chip hash it.
pub(super) fn write_region(
    wire: &mut Wire,
    region: &Region,
    progress: &mut dyn ProgressSink,
) -> Result<RegionDigest, WireError> {
    let image = &region.image;
    progress.progress(&region.name, 0, image.len());
    wire.request(&begin(region.offset, image), write_timeout(image.len()))?;
    let (mut written, mut in_work) = (0, 0);
    for block in image.blocks() {
        wire.send(&block.frame)?;
        wire.answer(CommandType::FlashDeflData, write_timeout(in_work + block.unpacked))?;
        in_work = block.unpacked;
        written += block.unpacked;
        progress.progress(&region.name, written.min(image.len()), image.len());
    }
    digest(wire, region, in_work)
}

fn begin(offset: u32, image: &PreparedImage) -> Command<'static> {
    let blocks = u32::try_from(image.blocks().len()).expect("the content is shorter than 4 GiB");
    let block_size = u32::try_from(BLOCK_LEN).expect("a block is short");
    Command::FlashDeflBegin { size: image.padded_len(), blocks, block_size, offset, supports_encryption: false }
}

/// Asks the chip for the MD5 of `region`; `in_work` bytes may still be on their way into the flash.
pub(super) fn digest(wire: &mut Wire, region: &Region, in_work: u32) -> Result<RegionDigest, WireError> {
    let (offset, len) = (region.offset, region.image.len());
    let md5 = md5(wire, offset, len, in_work)?;
    Ok(RegionDigest {
        name: region.name.clone(),
        offset,
        len,
        sha256: region.image.sha256(),
        md5_matches: md5 == region.image.md5(),
    })
}

/// Asks the chip for the MD5 of `len` bytes at `offset`.
pub(super) fn md5(wire: &mut Wire, offset: u32, len: u32, in_work: u32) -> Result<[u8; 16], WireError> {
    let timeout = write_timeout(in_work) + per_mib(MD5_TIMEOUT_PER_MIB, len);
    let answer = wire.request(&Command::FlashMd5 { offset, size: len }, timeout)?;
    answer.data.as_slice().try_into().map_err(|_| WireError::Garbled { bytes: answer.data.len() })
}

/// Takes the stub out of its flashing mode and leaves it running. A stub that was loaded anew is not in that mode.
pub(super) fn finish(wire: &mut Wire) -> Result<(), WireError> {
    match wire.request(&Command::FlashDeflEnd { reboot: false }, ANSWER_TIMEOUT) {
        Ok(_) | Err(WireError::Rejected { code: NOT_IN_FLASH_MODE, .. }) => Ok(()),
        Err(err) => Err(err),
    }
}

fn write_timeout(bytes: u32) -> Duration {
    ANSWER_TIMEOUT + per_mib(WRITE_TIMEOUT_PER_MIB, bytes)
}

fn per_mib(time: Duration, bytes: u32) -> Duration {
    Duration::from_micros(u64::try_from(time.as_micros()).expect("a time-out is short") * u64::from(bytes) / MIB)
}
