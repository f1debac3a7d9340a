//! What the chip on the wire is: by its security information, or by the register that tells its kind. Knows no flash.
//!
//! Source: Espressif, "Serial Protocol", GET_SECURITY_INFO: flags (u32), count of burned encryption bits (u8), key
//! purposes (7 bytes), and, but for the ESP32-S2, chip id (u32) and version (u32).

use espflash::command::Command;
use espflash::target::Chip;

use super::ANSWER_TIMEOUT;
use super::error::WireError;
use super::wire::Wire;

/// A register that every chip lets read (espflash, `CHIP_DETECT_MAGIC_REG_ADDR`).
pub(super) const MAGIC_REGISTER: u32 = 0x4000_1000;
/// Flag: secure boot is on.
const SECURE_BOOT: u32 = 1 << 0;
/// Flag: secure download mode is on.
const SECURE_DOWNLOAD: u32 = 1 << 2;

/// What a chip tells of its security.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SecurityInfo {
    flags: u32,
    crypt_count: u8,
    chip_id: Option<u16>,
}

impl SecurityInfo {
    /// Reads an answer's data; `None` when it is too short to be one.
    pub(crate) fn parse(data: &[u8]) -> Option<Self> {
        let (flags, rest) = data.split_first_chunk::<4>()?;
        let (crypt_count, rest) = rest.split_first()?;
        let chip_id = rest.get(7..)?.first_chunk::<4>().map(|id| u32::from_le_bytes(*id));
        Some(Self {
            flags: u32::from_le_bytes(*flags),
            crypt_count: *crypt_count,
            chip_id: chip_id.and_then(|id| u16::try_from(id).ok()),
        })
    }

    pub(super) fn has_secure_boot(&self) -> bool {
        self.flags & SECURE_BOOT != 0
    }

    pub(super) fn has_secure_download(&self) -> bool {
        self.flags & SECURE_DOWNLOAD != 0
    }

    pub(super) fn has_flash_encryption(&self) -> bool {
        is_odd(u32::from(self.crypt_count))
    }
}

/// Encryption is on while an odd number of the counter's bits is burned.
pub(super) fn is_odd(counter: u32) -> bool {
    counter.count_ones() % 2 == 1
}

pub(super) fn security_info(wire: &mut Wire) -> Result<SecurityInfo, WireError> {
    let answer = wire.request(&Command::GetSecurityInfo, ANSWER_TIMEOUT)?;
    SecurityInfo::parse(&answer.data).ok_or(WireError::Garbled { bytes: answer.data.len() })
}

/// The chip whose ROM loader answers. An ESP32 rejects GET_SECURITY_INFO or does not answer it, and an ESP32-S2 tells no
/// chip; an ESP32 in secure download mode shows it only by what it lets nobody read.
pub(super) fn detect(wire: &mut Wire) -> Result<Chip, WireError> {
    let info = match security_info(wire) {
        Ok(info) if info.has_secure_download() => return Err(WireError::SecureDownload),
        Ok(info) => Some(info),
        Err(WireError::Rejected { .. } | WireError::NoAnswer { .. }) => None,
        Err(err) => return Err(err),
    };
    if let Some(id) = info.and_then(|info| info.chip_id) {
        return Chip::try_from(id).map_err(|_| WireError::UnknownChip { id: u32::from(id) });
    }
    match read(wire, MAGIC_REGISTER) {
        Ok(magic) => Chip::from_magic(magic).map_err(|_| WireError::UnknownChip { id: magic }),
        Err(WireError::Rejected { .. }) if info.is_none() => Err(WireError::SecureDownload),
        Err(err) => Err(err),
    }
}

/// Reads a register.
pub(super) fn read(wire: &mut Wire, address: u32) -> Result<u32, WireError> {
    Ok(wire.request(&Command::ReadReg { address }, ANSWER_TIMEOUT)?.value)
}

/// Writes a register.
pub(super) fn write(wire: &mut Wire, address: u32, value: u32) -> Result<(), WireError> {
    wire.request(&Command::WriteReg { address, value, mask: None }, ANSWER_TIMEOUT).map(drop)
}
