//! From a row's encoding and text to a value. Errors name the key and the limit, never the value: it may be a secret.

use std::{io, path::Path, str::FromStr};

use base64::{Engine, engine::general_purpose::STANDARD};
use firstpass_contract::Secret;
use firstpass_device::nvs::NvsValue;

use super::{bounded, csv_file::Place};
use crate::exit::Failure;

/// Largest file of a `file` row, in bytes: the longest blob (508 000 bytes) takes twice its length in hexadecimal.
const FILE_BYTES_MAX: u64 = 2 * 1024 * 1024;

/// The value of a `data` row.
pub(super) fn of_text(at: Place<'_>, key: &str, encoding: &str, text: &str) -> Result<NvsValue, Failure> {
    match encoding {
        "u8" => number(at, key, text, NvsValue::U8, u8::MIN, u8::MAX),
        "i8" => number(at, key, text, NvsValue::I8, i8::MIN, i8::MAX),
        "u16" => number(at, key, text, NvsValue::U16, u16::MIN, u16::MAX),
        "i16" => number(at, key, text, NvsValue::I16, i16::MIN, i16::MAX),
        "u32" => number(at, key, text, NvsValue::U32, u32::MIN, u32::MAX),
        "i32" => number(at, key, text, NvsValue::I32, i32::MIN, i32::MAX),
        "u64" => number(at, key, text, NvsValue::U64, u64::MIN, u64::MAX),
        "i64" => number(at, key, text, NvsValue::I64, i64::MIN, i64::MAX),
        _ => of_bytes(at, key, encoding, text.as_bytes()),
    }
}

/// The value of a `file` row: the content of the file at `path`.
pub(super) fn of_file(at: Place<'_>, key: &str, encoding: &str, path: &str) -> Result<NvsValue, Failure> {
    let unreadable = |error: &io::Error| {
        let what = format!("{key:?}: the file {path:?} cannot be read: {error}");
        at.wrong("file_missing", &what, "Check the path; it is relative to the current folder.")
    };
    let content = match bounded::read(Path::new(path), FILE_BYTES_MAX) {
        Ok(content) => content,
        Err(error) if error.kind() == io::ErrorKind::FileTooLarge => {
            let what = format!("{key:?}: the file {path:?} is too long: {error}");
            return Err(at.wrong("value_too_long", &what, "Blobs hold at most 507999 bytes."));
        }
        Err(error) => return Err(unreadable(&error)),
    };
    of_bytes(at, key, encoding, &content)
}

fn of_bytes(at: Place<'_>, key: &str, encoding: &str, content: &[u8]) -> Result<NvsValue, Failure> {
    let wrong = |what: &str, remedy: &str| at.wrong("nvs_value", &format!("{key:?}: {what}"), remedy);
    match encoding {
        "string" => match str::from_utf8(content) {
            Ok(text) => Ok(NvsValue::Str(Secret::new(text))),
            Err(_) => Err(wrong("the text is not UTF-8", "Store it as a blob: encoding binary.")),
        },
        "binary" => Ok(NvsValue::Blob(content.to_vec())),
        "hex2bin" => hex::decode(content.trim_ascii())
            .map(NvsValue::Blob)
            .map_err(|_| wrong("the value is not hexadecimal", "Write two digits for each byte, and nothing between.")),
        "base64" => {
            let packed: Vec<u8> = content.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
            STANDARD
                .decode(packed)
                .map(NvsValue::Blob)
                .map_err(|_| wrong("the value is not Base64", "Encode it again, with padding."))
        }
        _ => {
            let what = format!("{key:?}: {encoding:?} is no encoding for it");
            let remedy = "Encodings are string, hex2bin, base64 and binary, and in data rows u8 to i64.";
            Err(at.wrong("nvs_encoding", &what, remedy))
        }
    }
}

/// A decimal number that fits its type.
fn number<T: FromStr + std::fmt::Display>(
    at: Place<'_>,
    key: &str,
    text: &str,
    wrap: impl FnOnce(T) -> NvsValue,
    min: T,
    max: T,
) -> Result<NvsValue, Failure> {
    text.trim().parse().map(wrap).map_err(|_| {
        let what = format!("{key:?}: the value is no whole number from {min} to {max}");
        at.wrong("nvs_value", &what, "Write a decimal number that fits the encoding, or choose a wider one.")
    })
}
