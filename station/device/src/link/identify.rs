//! Who the unit is, by its eFuses, its flash's JEDEC id and its security information.

use espflash::target::{Chip as LoaderChip, efuse};
use firstpass_domain::Chip;
use firstpass_domain::evidence::{Identity, Security};

use super::chip::{is_odd, security_info};
use super::error::WireError;
use super::wire::Wire;
use super::{efuse as fuses, flash_id};

pub(super) fn identify(wire: &mut Wire, chip: LoaderChip) -> Result<Identity, WireError> {
    let id = flash_id::read(wire, chip)?;
    Ok(Identity {
        chip: known(chip),
        revision: fuses::revision(wire, chip)?,
        mac: fuses::mac(wire, chip)?,
        security: security(wire, chip)?,
        flash_size: flash_id::size(id),
        flash_id: Some(id),
    })
}

/// Length of the flash in bytes.
pub(super) fn flash_len(wire: &mut Wire, chip: LoaderChip) -> Result<u32, WireError> {
    let id = flash_id::read(wire, chip)?;
    flash_id::size(id).map(|size| size.bytes()).ok_or(WireError::NoFlashSize { id })
}

/// The chip by our name; `None` for one that the line does not know.
fn known(chip: LoaderChip) -> Option<Chip> {
    match chip {
        LoaderChip::Esp32 => Some(Chip::Esp32),
        LoaderChip::Esp32s2 => Some(Chip::Esp32s2),
        LoaderChip::Esp32s3 => Some(Chip::Esp32s3),
        LoaderChip::Esp32c2 => Some(Chip::Esp32c2),
        LoaderChip::Esp32c3 => Some(Chip::Esp32c3),
        LoaderChip::Esp32c5 => Some(Chip::Esp32c5),
        LoaderChip::Esp32c6 => Some(Chip::Esp32c6),
        LoaderChip::Esp32h2 => Some(Chip::Esp32h2),
        LoaderChip::Esp32p4 => Some(Chip::Esp32p4),
        // espflash may learn chips before we do.
        _ => None,
    }
}

/// The ESP32 has no GET_SECURITY_INFO; its eFuses say the same.
fn security(wire: &mut Wire, chip: LoaderChip) -> Result<Security, WireError> {
    if chip == LoaderChip::Esp32 {
        return security_of_esp32(wire);
    }
    let info = security_info(wire)?;
    Ok(Security {
        secure_boot: info.has_secure_boot(),
        flash_encryption: info.has_flash_encryption(),
        secure_download: info.has_secure_download(),
    })
}

fn security_of_esp32(wire: &mut Wire) -> Result<Security, WireError> {
    use efuse::esp32::{ABS_DONE_0, ABS_DONE_1, FLASH_CRYPT_CNT};
    let mut read = |field| fuses::field(wire, LoaderChip::Esp32, field);
    let [first, second, crypt] = [read(ABS_DONE_0)?, read(ABS_DONE_1)?, read(FLASH_CRYPT_CNT)?];
    Ok(Security { secure_boot: first + second > 0, flash_encryption: is_odd(crypt), secure_download: false })
}
