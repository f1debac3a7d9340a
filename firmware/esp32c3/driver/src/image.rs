//! How long an image in the flash is and what its hash is, by its own header and segments (ESP-IDF's
//! `esp_app_format.h`).

use alloc::string::String;
use alloc::vec;
use core::fmt::Write;

use embedded_storage::nor_flash::ReadNorFlash;
use firstpass_agent::EspError;
use sha2::{Digest, Sha256};

use crate::flash::SECTOR;

const HEADER: u32 = 24;
const SEGMENT_HEADER: u32 = 8;
const MAGIC: u8 = 0xe9;
const SEGMENTS_MAX: u8 = 16;
/// No image is longer, in bytes.
const LENGTH_MAX: u32 = 16 << 20;

/// SHA-256 of the image that starts at `offset`, without the hash that is appended to it, in hexadecimal digits. `alive` is
/// called now and then.
pub(crate) fn sha256(flash: &mut impl ReadNorFlash, offset: u32, alive: impl Fn()) -> Result<String, EspError> {
    let length = length(flash, offset)?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; SECTOR as usize];
    let mut done = 0;
    while done < length {
        let piece = (length - done).min(SECTOR) as usize;
        flash.read(offset + done, &mut buffer[..piece]).map_err(|_| unreadable())?;
        hash.update(&buffer[..piece]);
        done += piece as u32;
        alive();
    }
    Ok(hex(&hash.finalize()))
}

/// Lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        write!(text, "{byte:02x}").expect("a string takes everything");
    }
    text
}

/// Header, segments, and padding with the checksum up to a multiple of 16.
fn length(flash: &mut impl ReadNorFlash, offset: u32) -> Result<u32, EspError> {
    let mut header = [0; HEADER as usize];
    flash.read(offset, &mut header).map_err(|_| unreadable())?;
    if header[0] != MAGIC || header[1] > SEGMENTS_MAX {
        return Err(EspError("ESP_ERR_IMAGE_INVALID"));
    }
    let mut at = HEADER;
    for _ in 0..header[1] {
        let mut word = [0; 4];
        flash.read(offset + at + 4, &mut word).map_err(|_| unreadable())?;
        at = at.saturating_add(SEGMENT_HEADER).saturating_add(u32::from_le_bytes(word));
        if at > LENGTH_MAX {
            return Err(EspError("ESP_ERR_IMAGE_INVALID"));
        }
    }
    Ok((at + 1).next_multiple_of(16))
}

fn unreadable() -> EspError {
    EspError("ESP_ERR_FLASH_OP_FAIL")
}
