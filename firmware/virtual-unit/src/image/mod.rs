//! ESP32-C3 images: the format, its verification, and images made for demos and tests. Knows no flash and no unit.
//!
//! Format after Espressif's "Firmware Image Format" and ESP-IDF's `esp_image_format.h`: a header of 24 bytes, segments
//! (load address, length, data), zeros up to a checksum byte that ends a block of 16, and the SHA-256 of all of it.

mod build;
mod code;
mod compiled_code;
mod description;
mod rodata;
mod verify;

pub use self::build::{AppImage, app, app_with_code, bootloader};
pub use self::compiled_code::CompiledCode;
pub use self::description::{AppDescription, DESCRIPTION_LENGTH};
pub use self::verify::{ImageError, Inspection, Segment, SegmentUse, Verified, inspect};

/// First byte of an image.
pub const MAGIC: u8 = 0xe9;
/// Length of the header.
pub const HEADER_LENGTH: usize = 24;
/// The chip id of an ESP32-C3.
pub const CHIP_ID: u16 = 5;
/// Segments that the boot loader accepts.
pub const SEGMENTS_MAX: u8 = 16;
/// What the checksum starts from.
const CHECKSUM_SEED: u8 = 0xef;
/// Blocks of this length end with the checksum.
const CHECKSUM_BLOCK: usize = 16;
/// Pages that the flash cache maps.
const PAGE: usize = 0x1_0000;
