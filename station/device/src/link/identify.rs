//! Who the unit is, by its eFuses, its flash's JEDEC id and its security information.

use std::time::Duration;

use espflash::command::Command;
use espflash::target::{Chip as LoaderChip, efuse};
use firstpass_domain::evidence::{Identity, Security};
use firstpass_domain::{Chip, FlashSize, Mac, Revision};

use super::error::WireError;
use super::wire::Wire;
use super::{ANSWER_TIMEOUT, Link};

/// JEDEC "read identification" (every SPI NOR data sheet).
const READ_ID: u32 = 0x9f;
const ID_BITS: u32 = 24;
/// Bits of the SPI controller's USER register: a command phase, an answer phase (ESP32-C3 TRM, SPI_USER_REG).
const USER_COMMAND_AND_MISO: u32 = 1 << 31 | 1 << 28;
/// Bit of the CMD register that starts a transaction and clears when it is done (SPI_USR).
const START: u32 = 1 << 18;
/// Polls until a flash that does not finish counts as silent.
const BUSY_POLLS_MAX: u32 = 10;
/// Bits of GET_SECURITY_INFO's flags (Espressif, "Serial Protocol").
const SECURE_BOOT: u32 = 1 << 0;
pub(super) const SECURE_DOWNLOAD: u32 = 1 << 2;

pub(super) fn identify(link: &mut Link) -> Result<Identity, WireError> {
    let chip = link.chip;
    let (major, minor) = link.with_espflash(|connection| chip.revision(connection))?;
    let flash_id = flash_id(link.wire(), chip)?;
    Ok(Identity {
        chip: known(chip),
        revision: Some(Revision { major, minor }),
        mac: mac(link)?,
        security: security(link)?,
        flash_size: flash_size(flash_id),
        flash_id: Some(flash_id),
    })
}

/// Length of the flash in bytes.
pub(super) fn flash_len(link: &mut Link) -> Result<u32, WireError> {
    let chip = link.chip;
    let id = flash_id(link.wire(), chip)?;
    flash_size(id).map(FlashSize::bytes).ok_or(WireError::NoFlashSize { id })
}

pub(super) fn mac(link: &mut Link) -> Result<Mac, WireError> {
    let chip = link.chip;
    let text = link.with_espflash(|connection| chip.mac_address(connection))?;
    text.parse().map_err(|_| WireError::Garbled { bytes: text.len() })
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
fn security(link: &mut Link) -> Result<Security, WireError> {
    if link.chip == LoaderChip::Esp32 {
        return security_of_esp32(link);
    }
    let info = link.with_espflash(|connection| connection.security_info(true))?;
    Ok(Security {
        secure_boot: info.flags & SECURE_BOOT != 0,
        flash_encryption: is_odd(u32::from(info.flash_crypt_cnt)),
        secure_download: info.flags & SECURE_DOWNLOAD != 0,
    })
}

fn security_of_esp32(link: &mut Link) -> Result<Security, WireError> {
    use efuse::esp32::{ABS_DONE_0, ABS_DONE_1, FLASH_CRYPT_CNT};
    let [first, second, crypt] = link.with_espflash(|connection| {
        let mut read = |field| LoaderChip::Esp32.read_efuse_le::<u32>(connection, field);
        Ok([read(ABS_DONE_0)?, read(ABS_DONE_1)?, read(FLASH_CRYPT_CNT)?])
    })?;
    Ok(Security { secure_boot: first + second > 0, flash_encryption: is_odd(crypt), secure_download: false })
}

/// Encryption is on while an odd number of the counter's bits is burned.
fn is_odd(counter: u32) -> bool {
    counter.count_ones() % 2 == 1
}

/// Size by the third byte of the JEDEC id. espflash takes 4 MB for an id that it does not know, so the id is read here.
fn flash_size([_, _, capacity]: [u8; 3]) -> Option<FlashSize> {
    let size = espflash::flasher::FlashSize::from_detected(capacity).ok();
    size.and_then(|size| FlashSize::from_bytes(size.size()).ok())
}

/// Has the SPI controller ask the flash for its id: manufacturer, type, capacity.
fn flash_id(wire: &mut Wire, chip: LoaderChip) -> Result<[u8; 3], WireError> {
    let spi = chip.spi_registers();
    let (user, user2) = (read(wire, spi.usr())?, read(wire, spi.usr2())?);
    write(wire, spi.usr(), USER_COMMAND_AND_MISO)?;
    write(wire, spi.usr2(), 7 << 28 | READ_ID)?;
    match spi.miso_length() {
        Some(register) => write(wire, register, ID_BITS - 1)?,
        None => write(wire, spi.usr1(), (ID_BITS - 1) << 8)?,
    }
    write(wire, spi.w0(), 0)?;
    write(wire, spi.cmd(), START)?;
    await_idle(wire, spi.cmd())?;
    let id = read(wire, spi.w0())?;
    write(wire, spi.usr(), user)?;
    write(wire, spi.usr2(), user2)?;
    let [manufacturer, kind, capacity, _] = id.to_le_bytes();
    Ok([manufacturer, kind, capacity])
}

fn await_idle(wire: &mut Wire, command_register: u32) -> Result<(), WireError> {
    for _ in 0..BUSY_POLLS_MAX {
        if read(wire, command_register)? & START == 0 {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    Err(WireError::NoAnswer { after: Duration::from_millis(u64::from(BUSY_POLLS_MAX)) })
}

fn read(wire: &mut Wire, address: u32) -> Result<u32, WireError> {
    Ok(wire.request(&Command::ReadReg { address }, ANSWER_TIMEOUT)?.value)
}

fn write(wire: &mut Wire, address: u32, value: u32) -> Result<(), WireError> {
    wire.request(&Command::WriteReg { address, value, mask: None }, ANSWER_TIMEOUT).map(drop)
}
