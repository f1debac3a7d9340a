//! Loads the flasher stub into the chip's RAM through the ROM loader, starts it, and has it reach the flash. Every byte of
//! the loader's answers goes through our own wire, with its limits.
//!
//! Source: Espressif, "Serial Protocol", MEM_BEGIN, MEM_DATA, MEM_END, SPI_ATTACH, SPI_SET_PARAMS. A stub that has
//! started says `OHAI`, as a frame.

mod source;

use std::time::{Duration, Instant};

use espflash::command::Command;
use espflash::flasher::{FlashSize as LoaderFlashSize, SpiAttachParams, SpiSetParams};
use espflash::target::Chip;

use super::ANSWER_TIMEOUT;
use super::error::WireError;
use super::wire::{Dialect, Wire};
use super::{chip, efuse, flash_id, slip};

/// Bytes in one block for RAM (espflash, `MAX_RAM_BLOCK_SIZE`).
const RAM_BLOCK_LEN: usize = 0x1800;
const GREETING: &[u8] = b"OHAI";

/// Starts the stub of the chip behind `wire` and attaches the flash. A flash that does not tell its size is no reason
/// to stop here: the unit is to be identified, so that the record says what is wrong with it.
pub(super) fn start(wire: &mut Wire, chip: Chip) -> Result<(), WireError> {
    let revision = match chip {
        Chip::Esp32p4 => efuse::revision(wire, chip)?.map(|revision| revision.major * 100 + revision.minor),
        _ => None,
    };
    if let Some(revision) = revision {
        power_p4_flash(wire, revision)?;
    }
    let stub = source::stub(chip, revision)?;
    for (address, data) in &stub.parts {
        load(wire, *address, data)?;
    }
    enter(wire, stub.entry)?;
    attach_flash(wire, chip)
}

fn load(wire: &mut Wire, address: u32, data: &[u8]) -> Result<(), WireError> {
    let number = |len: usize| u32::try_from(len).expect("a stub is small");
    wire.request(
        &Command::MemBegin {
            size: number(data.len()),
            blocks: number(data.len().div_ceil(RAM_BLOCK_LEN)),
            block_size: number(RAM_BLOCK_LEN),
            offset: address,
            supports_encryption: false,
        },
        ANSWER_TIMEOUT,
    )?;
    for (index, data) in data.chunks(RAM_BLOCK_LEN).enumerate() {
        let block = Command::MemData { data, pad_to: 4, pad_byte: 0, sequence: number(index) };
        wire.request(&block, ANSWER_TIMEOUT)?;
    }
    Ok(())
}

/// Jumps to `entry` and waits for the greeting. The ROM's answer to the jump may be lost in it.
fn enter(wire: &mut Wire, entry: u32) -> Result<(), WireError> {
    wire.send(&slip::frame(&Command::MemEnd { no_entry: false, entry }))?;
    let deadline = Instant::now() + ANSWER_TIMEOUT;
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        if wire.packet(left)? == GREETING {
            break;
        }
    }
    wire.speak(Dialect::Stub);
    Ok(())
}

/// Tells the stub where the flash hangs: on the chip's own pins, or as in an ESP32-PICO.
fn attach_flash(wire: &mut Wire, chip: Chip) -> Result<(), WireError> {
    for spi_params in [SpiAttachParams::default(), SpiAttachParams::esp32_pico_d4()] {
        match wire.request(&Command::SpiAttachStub { spi_params }, ANSWER_TIMEOUT) {
            // Some chips reject it and reach their flash all the same.
            Ok(_) | Err(WireError::Rejected { .. }) => {}
            Err(err) => return Err(err),
        }
        let [_, _, capacity] = flash_id::read(wire, chip)?;
        if let Ok(size) = LoaderFlashSize::from_detected(capacity) {
            let spi_params = SpiSetParams::default(size.size());
            return wire.request(&Command::SpiSetParams { spi_params }, ANSWER_TIMEOUT).map(drop);
        }
        if chip != Chip::Esp32 {
            break;
        }
    }
    Ok(())
}

/// A register of the ESP32-P4, the bits to clear in it, then those to set.
type Change = (u32, u32, u32);
/// What switches the flash of an ESP32-P4 v3.1 or v3.2 on, which is off after a reset, and the pauses after each
/// (registers and order after espflash 4.7, `power_on_flash`).
const P4_POWER_UP: [(Change, Duration); 8] = [
    ((0x5011_010c, u32::MAX, 1), Duration::from_millis(10)),
    ((0x5011_51bc, 0, 1 << 27), Duration::ZERO),
    ((0x5011_51b8, 0, 1 << 7), Duration::ZERO),
    ((0x5011_53fc, 0, 3), Duration::from_micros(50)),
    ((0x5011_51bc, 1 << 27, 0), Duration::ZERO),
    ((0x5011_51b8, 0xff << 23, 0), Duration::ZERO),
    ((0x5011_51b8, 0, 1 << 7), Duration::ZERO),
    ((0x5011_51b8, 1 << 7, 0), Duration::from_micros(1800)),
];
const P4_PMU_DATE: u32 = 0x5011_53fc;
const P4_EFUSE_REPEAT_DATA1: u32 = 0x5012_d034;
/// The ROM of v3.2 switches the flash on itself when this eFuse bit is burned.
const P4_DOWNLOAD_MODE_XPD_ON: u32 = 1 << 16;

fn power_p4_flash(wire: &mut Wire, revision: u32) -> Result<(), WireError> {
    match revision {
        302 if chip::read(wire, P4_EFUSE_REPEAT_DATA1)? & P4_DOWNLOAD_MODE_XPD_ON != 0 => {
            return chip::write(wire, P4_PMU_DATE, 0);
        }
        301 | 302 => {}
        _ => return Ok(()),
    }
    for ((address, clear, set), pause) in P4_POWER_UP {
        let value = chip::read(wire, address)? & !clear | set;
        chip::write(wire, address, value)?;
        std::thread::sleep(pause);
    }
    Ok(())
}
