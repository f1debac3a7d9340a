//! The JEDEC id of the flash, asked for through the chip's SPI controller. espflash takes 4 MB for an id that it does
//! not know, so the id is read here.

use std::time::Duration;

use espflash::target::Chip;
use firstpass_domain::FlashSize;

use super::chip::{read as read_register, write as write_register};
use super::error::WireError;
use super::wire::Wire;

/// JEDEC "read identification" (every SPI NOR data sheet).
const READ_ID: u32 = 0x9f;
const ID_BITS: u32 = 24;
/// Bits of the SPI controller's USER register: a command phase, an answer phase (ESP32-C3 TRM, SPI_USER_REG).
const USER_COMMAND_AND_MISO: u32 = 1 << 31 | 1 << 28;
/// Bit of the CMD register that starts a transaction and clears when it is done (SPI_USR).
const START: u32 = 1 << 18;
/// Polls until a flash that does not finish counts as silent.
const BUSY_POLLS_MAX: u32 = 10;

/// Size by the third byte of the id; `None` when it tells none, such as ff ff ff.
pub(super) fn size([_, _, capacity]: [u8; 3]) -> Option<FlashSize> {
    let size = espflash::flasher::FlashSize::from_detected(capacity).ok();
    size.and_then(|size| FlashSize::from_bytes(size.size()).ok())
}

/// Manufacturer, type, capacity.
pub(super) fn read(wire: &mut Wire, chip: Chip) -> Result<[u8; 3], WireError> {
    let spi = chip.spi_registers();
    let (user, user2) = (read_register(wire, spi.usr())?, read_register(wire, spi.usr2())?);
    write_register(wire, spi.usr(), USER_COMMAND_AND_MISO)?;
    write_register(wire, spi.usr2(), 7 << 28 | READ_ID)?;
    match spi.miso_length() {
        Some(register) => write_register(wire, register, ID_BITS - 1)?,
        None => write_register(wire, spi.usr1(), (ID_BITS - 1) << 8)?,
    }
    write_register(wire, spi.w0(), 0)?;
    write_register(wire, spi.cmd(), START)?;
    await_idle(wire, spi.cmd())?;
    let id = read_register(wire, spi.w0())?;
    write_register(wire, spi.usr(), user)?;
    write_register(wire, spi.usr2(), user2)?;
    let [manufacturer, kind, capacity, _] = id.to_le_bytes();
    Ok([manufacturer, kind, capacity])
}

fn await_idle(wire: &mut Wire, command_register: u32) -> Result<(), WireError> {
    for _ in 0..BUSY_POLLS_MAX {
        if read_register(wire, command_register)? & START == 0 {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    Err(WireError::NoAnswer { after: Duration::from_millis(u64::from(BUSY_POLLS_MAX)) })
}
