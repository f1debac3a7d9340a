//! What is wrong with an image, where, and what to do about it.

use firstpass_domain::Chip;
use thiserror::Error;

use super::chip_of;

/// An image that must not be written. Offsets count from the image's first byte.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ImageError {
    /// The first byte is not an image's.
    #[error("byte 0 is {}, not 0xe9: this is no ESP image", first.map_or("missing".to_owned(), |byte| format!("{byte:#04x}")))]
    NoImage {
        /// What stands there; `None` in an empty file.
        first: Option<u8>,
    },
    /// The file ends early.
    #[error("the image is cut short: {needs} bytes are needed at offset {offset:#x}, the file has {len} in all")]
    CutShort {
        /// Where something is missing.
        offset: usize,
        /// How long it should be.
        needs: usize,
        /// Length of the file.
        len: usize,
    },
    /// The image is for another chip.
    #[error("the image is for {}, not for {wanted} (chip id at offset 0xc)", name_of(*found))]
    OtherChip {
        /// Chip id in the header.
        found: u16,
        /// The recipe's chip.
        wanted: Chip,
    },
    /// The header tells of no segments, or of more than a boot loader takes.
    #[error("the header counts {count} segments (offset 0x1); 1 to 16 are possible")]
    Segments {
        /// The count.
        count: u8,
    },
    /// The checksum of the segments is wrong.
    #[error("the checksum at offset {offset:#x} is {stored:#04x}, the segments give {computed:#04x}")]
    Checksum {
        /// Where it stands.
        offset: usize,
        /// What stands there.
        stored: u8,
        /// What should.
        computed: u8,
    },
    /// The appended SHA-256 is wrong.
    #[error("the SHA-256 at offset {offset:#x} is not that of the image")]
    Hash {
        /// Where it stands.
        offset: usize,
    },
    /// The app has no appended SHA-256.
    #[error("the app image has no SHA-256 appended (offset 0x17)")]
    NoHash,
    /// The first segment does not begin with an application description.
    #[error("there is no application description at offset 0x20")]
    NoDescription,
    /// It does not fit.
    #[error("the image of {len} bytes is larger than its space of {space} bytes")]
    TooLarge {
        /// Length of the file.
        len: usize,
        /// Length of its partition, or of the room for the boot loader.
        space: u32,
    },
}

impl ImageError {
    /// What a person does about it.
    pub const fn remedy(&self) -> &'static str {
        match self {
            Self::NoImage { .. } => "Name the .bin file that the build made (not the .elf, nor a merged image).",
            Self::CutShort { .. } | Self::Checksum { .. } | Self::Hash { .. } | Self::Segments { .. } => {
                "The file is damaged: build it again, or copy it again and compare its SHA-256."
            }
            Self::OtherChip { .. } => "Build the firmware for the recipe's chip, or correct the chip in the recipe.",
            Self::NoHash => "Build the app with its SHA-256 appended (esptool elf2image does so by default).",
            Self::NoDescription => {
                "Build the app with ESP-IDF, or with esp_app_desc!() in Rust; a boot loader is no app."
            }
            Self::TooLarge { .. } => "Make the partition larger or the image smaller.",
        }
    }
}

fn name_of(id: u16) -> String {
    chip_of(id).map_or_else(|| format!("a chip that is not known (id {id})"), |chip| chip.to_string())
}
