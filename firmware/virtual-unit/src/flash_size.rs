//! The flash sizes a module can have, and how they are written. Knows no flash.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The size of a flash chip.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum FlashSize {
    /// 2 MiB.
    #[serde(rename = "2MB")]
    Mb2,
    /// 4 MiB.
    #[default]
    #[serde(rename = "4MB")]
    Mb4,
    /// 8 MiB.
    #[serde(rename = "8MB")]
    Mb8,
    /// 16 MiB.
    #[serde(rename = "16MB")]
    Mb16,
}

impl FlashSize {
    /// All sizes, smallest first.
    pub const ALL: [Self; 4] = [Self::Mb2, Self::Mb4, Self::Mb8, Self::Mb16];

    /// The size in bytes.
    #[must_use]
    pub fn bytes(self) -> u32 {
        self.mebibytes() << 20
    }

    /// The capacity byte of the chip's JEDEC id: the logarithm of the size in bytes.
    #[must_use]
    pub fn jedec_capacity(self) -> u8 {
        match self {
            Self::Mb2 => 0x15,
            Self::Mb4 => 0x16,
            Self::Mb8 => 0x17,
            Self::Mb16 => 0x18,
        }
    }

    fn mebibytes(self) -> u32 {
        match self {
            Self::Mb2 => 2,
            Self::Mb4 => 4,
            Self::Mb8 => 8,
            Self::Mb16 => 16,
        }
    }
}

/// A text that names no flash size.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is no flash size: write 2MB, 4MB, 8MB or 16MB")]
pub struct FlashSizeError(String);

impl FromStr for FlashSize {
    type Err = FlashSizeError;

    fn from_str(text: &str) -> Result<Self, FlashSizeError> {
        let named = |size: &Self| size.to_string().eq_ignore_ascii_case(text);
        Self::ALL.into_iter().find(named).ok_or_else(|| FlashSizeError(text.to_owned()))
    }
}

impl fmt::Display for FlashSize {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}MB", self.mebibytes())
    }
}
