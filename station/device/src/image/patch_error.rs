//! Why an image takes no code, and what to do about it.

use thiserror::Error;

use super::{ImageError, Signature};

/// An image into which no value can be put. It never names the value, which is a secret.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PatchError {
    /// The image is damaged, or none.
    #[error(transparent)]
    Image(#[from] ImageError),
    /// The file may be an encrypted image.
    #[error("the file does not begin like an image, and its bytes are spread like those of an encrypted one")]
    Encrypted,
    /// The image is signed: whatever is changed in it, units with secure boot would refuse it.
    #[error("the image is signed ({signature}); a change makes the signature wrong")]
    Signed {
        /// The signature.
        signature: Signature,
    },
    /// The placeholder is empty.
    #[error("the placeholder is empty")]
    NoPlaceholder,
    /// The placeholder is longer than can be patched.
    #[error("the placeholder has {len} bytes; at most {max} are possible")]
    PlaceholderTooLong {
        /// Its length.
        len: usize,
        /// The most.
        max: usize,
    },
    /// The placeholder does not stand in the image.
    #[error("the placeholder does not stand in the image")]
    NotFound,
    /// The placeholder stands there more than once, so nobody can say which one the app reads.
    #[error("the placeholder stands in the image more than once, at {first:#x} and at {second:#x}")]
    Ambiguous {
        /// First place, from the image's first byte.
        first: u32,
        /// Second place.
        second: u32,
    },
    /// What was named is only a part of a longer text: an app that reads all of it would read a wrong code.
    #[error("the placeholder is only a part of the text at {at:#x}: that {}", if *.begins_earlier { "begins earlier" } else { "goes on behind it" })]
    PartOfText {
        /// Where the placeholder stands, from the image's first byte.
        at: u32,
        /// Whether the text begins earlier, or else goes on.
        begins_earlier: bool,
    },
    /// The value is empty.
    #[error("the value is empty")]
    NoValue,
    /// The value is longer than the placeholder.
    #[error("the value has {len} bytes, the placeholder has room for {max}")]
    ValueTooLong {
        /// Length of the value.
        len: usize,
        /// Length of the placeholder.
        max: usize,
    },
    /// The value holds a NUL, where a C program would take it to end.
    #[error("the value holds a NUL byte (byte {at})")]
    ValueWithNul {
        /// Where.
        at: usize,
    },
}

impl PatchError {
    /// What a person does about it.
    pub const fn remedy(&self) -> &'static str {
        match self {
            Self::Image(error) => error.remedy(),
            Self::Encrypted => {
                "Patch the plain image before it is encrypted, or let units take their code from NVS (injection nvs)."
            }
            Self::Signed { .. } => {
                "Patch before signing, and sign each unit's image, or let units take their code from NVS \
                 (injection nvs)."
            }
            Self::NoPlaceholder => "Name the text that stands in the image for the code.",
            Self::PlaceholderTooLong { .. } => "Use a shorter placeholder in firmware and recipe.",
            Self::NotFound => {
                "Build the firmware with the placeholder as its auth code (CONFIG_IOTMER_PROVISION_AUTH_CODE), \
                 letter by letter as in the recipe."
            }
            Self::Ambiguous { .. } => "Use a placeholder that stands nowhere else in the firmware, and build it again.",
            Self::PartOfText { .. } => {
                "Name the whole text: it begins behind a byte that is no text, and a NUL ends it."
            }
            Self::NoValue => "Give a code.",
            Self::ValueTooLong { .. } => "Build the firmware with a placeholder at least as long as a code.",
            Self::ValueWithNul { .. } => "Give a code without NUL bytes.",
        }
    }

    /// Stable name of the error.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Image(_) => "image_damaged",
            Self::Encrypted => "image_encrypted",
            Self::Signed { .. } => "image_signed",
            Self::NoPlaceholder | Self::PlaceholderTooLong { .. } => "placeholder_unusable",
            Self::PartOfText { .. } => "placeholder_partial",
            Self::NotFound => "placeholder_missing",
            Self::Ambiguous { .. } => "placeholder_ambiguous",
            Self::NoValue | Self::ValueTooLong { .. } | Self::ValueWithNul { .. } => "code_unusable",
        }
    }
}
