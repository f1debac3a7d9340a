//! An auth code that is compiled into an image, as the stock SDK has it: a text constant with room for another one.
//!
//! Real firmware finds its constant through its code. These images hold no code that runs, so a mark stands before the
//! constant: `firstpass:auth` and two NULs, the length of the placeholder (u32), and its SHA-256, by which an app knows
//! that nobody has put a code there. Knows no NVS.

use std::fmt;

use sha2::{Digest, Sha256};

use super::DESCRIPTION_LENGTH;

const MARK: &[u8; 16] = b"firstpass:auth\0\0";
/// Where the mark stands in the first segment: behind the app's description.
const AT: usize = DESCRIPTION_LENGTH;
const LENGTH_AT: usize = AT + MARK.len();
const HASH_AT: usize = LENGTH_AT + 4;
const TEXT_AT: usize = HASH_AT + 32;
/// Longest placeholder, in bytes.
const PLACEHOLDER_MAX: usize = 512;

/// What stands in the place of the code.
#[derive(Clone, PartialEq, Eq)]
pub enum CompiledCode {
    /// The placeholder, or nothing: the app has no code.
    Empty,
    /// A code.
    Code(String),
}

impl CompiledCode {
    /// Reads the place for a code in the first segment; `None` when the firmware has none.
    #[must_use]
    pub fn find(segment: &[u8]) -> Option<Self> {
        if segment.get(AT..LENGTH_AT)? != MARK {
            return None;
        }
        let length = u32::from_le_bytes(segment.get(LENGTH_AT..HASH_AT)?.try_into().ok()?);
        let text = segment.get(TEXT_AT..TEXT_AT.checked_add(length as usize)?)?;
        let text = text.split(|&byte| byte == 0).next().unwrap_or_default();
        let untouched = Sha256::digest(text).as_slice() == segment.get(HASH_AT..TEXT_AT)?;
        Some(match untouched || text.is_empty() {
            true => Self::Empty,
            false => Self::Code(String::from_utf8_lossy(text).into_owned()),
        })
    }

    /// Checks that a text can be a placeholder.
    pub fn check(placeholder: &str) -> Result<(), String> {
        let sound = placeholder.len() <= PLACEHOLDER_MAX && !placeholder.contains('\0');
        sound.then_some(()).ok_or_else(|| format!("a placeholder is a text of at most {PLACEHOLDER_MAX} bytes"))
    }
}

impl fmt::Debug for CompiledCode {
    /// A code is a secret.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => out.write_str("Empty"),
            Self::Code(_) => out.write_str("Code(…)"),
        }
    }
}

/// Puts a place for a code into the first segment.
pub(super) fn put(segment: &mut [u8], placeholder: &str) {
    let length = u32::try_from(placeholder.len()).expect("a placeholder is short");
    segment[AT..LENGTH_AT].copy_from_slice(MARK);
    segment[LENGTH_AT..HASH_AT].copy_from_slice(&length.to_le_bytes());
    segment[HASH_AT..TEXT_AT].copy_from_slice(&Sha256::digest(placeholder));
    segment[TEXT_AT..TEXT_AT + placeholder.len()].copy_from_slice(placeholder.as_bytes());
    segment[TEXT_AT + placeholder.len()] = 0;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_placeholder_is_no_code_and_what_is_put_into_its_place_is_one() {
        let mut segment = vec![0x5a; 1024];
        assert_eq!(CompiledCode::find(&segment), None);
        put(&mut segment, "@@CODE-GOES-HERE@@");
        assert_eq!(CompiledCode::find(&segment), Some(CompiledCode::Empty));
        segment[TEXT_AT..TEXT_AT + 18].copy_from_slice(b"C-1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0");
        assert_eq!(CompiledCode::find(&segment), Some(CompiledCode::Code("C-1".into())));
        segment[TEXT_AT] = 0;
        assert_eq!(CompiledCode::find(&segment), Some(CompiledCode::Empty));
    }
}
