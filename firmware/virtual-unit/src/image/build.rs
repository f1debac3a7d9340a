//! Makes images that are valid in every byte and hold nothing that runs. Knows where a linker puts what on a C3.
//!
//! The same seed gives the same image, so that a demo can be repeated and a hash be looked up.

use sha2::{Digest, Sha256};

use super::code::code;
use super::compiled_code;
use super::description::AppDescription;
use super::rodata::rodata;
use super::{CHECKSUM_BLOCK, CHECKSUM_SEED, CHIP_ID, HEADER_LENGTH, MAGIC, PAGE};
use crate::random::Random;

const DROM: u32 = 0x3c00_0020;
const DRAM: u32 = 0x3fc8_c800;
const IRAM: u32 = 0x4038_0000;
const IROM: u32 = 0x4200_0020;
/// Smallest app image that can be made.
pub(crate) const APP_SIZE_MIN: usize = 0x2000;
/// From this size on an app has code that runs from flash, in pages of its own.
const MAPPED_CODE_FROM: usize = 3 * PAGE;
/// Addresses and lengths of the boot loader's segments, as in the captured logs.
const BOOTLOADER: [(u32, usize); 3] = [(0x3fcd_5830, 0x1404), (0x403c_bf10, 0xc98), (0x403c_e710, 0x2f5c)];
const BOOTLOADER_ENTRY: u32 = 0x403c_bf1a;

/// What an app image is to be.
#[derive(Clone, Debug)]
pub struct AppImage {
    /// Length of the whole image in bytes; rounded down to a multiple of 16, and at least 8 KiB.
    pub size: usize,
    /// What all of its contents follow from.
    pub seed: u64,
    /// Its version.
    pub version: String,
    /// Its project name.
    pub project: String,
}

/// Makes an app image of firmware that reads its code from NVS.
#[must_use]
pub fn app(wanted: &AppImage) -> Vec<u8> {
    app_with_code(wanted, "")
}

/// Makes an app image of stock firmware: its code is compiled in, and `placeholder` stands in its place, as text that ends
/// with a NUL. An empty placeholder is none.
#[must_use]
pub fn app_with_code(wanted: &AppImage, placeholder: &str) -> Vec<u8> {
    let mut random = Random::new(wanted.seed);
    let size = wanted.size.max(APP_SIZE_MIN) / CHECKSUM_BLOCK * CHECKSUM_BLOCK;
    let mut segments: Vec<(u32, Vec<u8>)> = Vec::new();
    for (address, length) in layout(size) {
        let mut data = match address {
            DROM => described(wanted, rodata(&mut random, length)),
            DRAM => rodata(&mut random, length),
            _ => code(&mut random, length),
        };
        if address == DROM && !placeholder.is_empty() {
            compiled_code::put(&mut data, placeholder);
        }
        segments.push((address, data));
    }
    assemble(IRAM + 0x1e4, &segments)
}

/// Makes a boot loader image of about 20 kB, for offset 0.
#[must_use]
pub fn bootloader(seed: u64) -> Vec<u8> {
    let mut random = Random::new(seed);
    let segments = BOOTLOADER.map(|(address, length)| match address {
        0x3fcd_5830 => (address, rodata(&mut random, length)),
        _ => (address, code(&mut random, length)),
    });
    assemble(BOOTLOADER_ENTRY, &segments)
}

/// Addresses and lengths of the segments of an app of `size` bytes. A mapped segment stands at the same offset within
/// its page in flash and in the address space, so segments for RAM fill the gap before the code, as a linker does it.
fn layout(size: usize) -> Vec<(u32, usize)> {
    let room = |segments: usize| size - 32 - CHECKSUM_BLOCK - HEADER_LENGTH - 8 * segments;
    if size < MAPPED_CODE_FROM {
        let (drom, dram) = (room(3) / 8 * 4, room(3) / 40 * 4);
        return fill(size, vec![(DROM, drom), (DRAM, dram)], IRAM);
    }
    let drom = room(4) / 5 / PAGE * PAGE + PAGE / 2;
    let dram = 0x2c00;
    let code_at = (HEADER_LENGTH + 24 + drom + dram).next_multiple_of(PAGE) + 0x20;
    let iram = code_at - 8 - (HEADER_LENGTH + 24 + drom + dram);
    let page = (drom / PAGE + 1) * PAGE;
    let irom = IROM + u32::try_from(page).expect("an image is small");
    fill(size, vec![(DROM, drom), (DRAM, dram), (IRAM, iram)], irom)
}

/// Appends the segment that fills the image up to `size`.
fn fill(size: usize, mut segments: Vec<(u32, usize)>, address: u32) -> Vec<(u32, usize)> {
    let before: usize = segments.iter().map(|(_, length)| 8 + length).sum();
    let end = size - 32 - 4;
    segments.push((address, (end - HEADER_LENGTH - before - 8) / 4 * 4));
    segments
}

fn described(wanted: &AppImage, mut data: Vec<u8>) -> Vec<u8> {
    let description = AppDescription {
        version: wanted.version.clone(),
        project: wanted.project.clone(),
        time: "12:00:00".into(),
        date: "Jan  1 2026".into(),
        idf_version: "v6.1".into(),
        elf_sha256: Sha256::digest(wanted.seed.to_le_bytes()).into(),
    }
    .encode();
    data[..description.len()].copy_from_slice(&description);
    data
}

fn assemble(entry: u32, segments: &[(u32, Vec<u8>)]) -> Vec<u8> {
    let mut image = header(entry, u8::try_from(segments.len()).expect("few segments")).to_vec();
    let mut sum = CHECKSUM_SEED;
    for (address, data) in segments {
        image.extend(address.to_le_bytes());
        image.extend(u32::try_from(data.len()).expect("a segment is short").to_le_bytes());
        image.extend(data);
        sum = data.iter().fold(sum, |sum, byte| sum ^ byte);
    }
    let end = (image.len() + 1).next_multiple_of(CHECKSUM_BLOCK);
    image.resize(end - 1, 0);
    image.push(sum);
    let hash = Sha256::digest(&image);
    image.extend(hash);
    image
}

/// Mode DIO, 40 MHz, 4 MB, no write-protect pin, any revision from v0.3, hash appended.
fn header(entry: u32, segments: u8) -> [u8; HEADER_LENGTH] {
    let mut header = [0; HEADER_LENGTH];
    header[..4].copy_from_slice(&[MAGIC, segments, 2, 0x20]);
    header[4..8].copy_from_slice(&entry.to_le_bytes());
    header[8] = 0xee;
    header[12..14].copy_from_slice(&CHIP_ID.to_le_bytes());
    header[14] = 3;
    header[15..17].copy_from_slice(&3_u16.to_le_bytes());
    header[17..19].copy_from_slice(&199_u16.to_le_bytes());
    header[23] = 1;
    header
}
