//! From a leased port to a unit whose stub answers: reset, sync, chip, stub, baud rate.

use std::time::{Duration, Instant};

use espflash::command::{Command, CommandType};
use espflash::connection::Connection;
use espflash::flasher::Flasher;
use espflash::target::Chip;
use serialport::TTYPort;
use tokio_util::sync::CancellationToken;

use super::error::WireError;
use super::identify::SECURE_DOWNLOAD;
use super::reset::connection;
use super::wire::Wire;
use super::{ANSWER_TIMEOUT, BAUD_DEFAULT, Link};
use crate::{Fixture, PortLease, ports};

/// How often the unit is reset before it counts as silent.
const RESETS_MAX: u32 = 3;
/// How long the loader is called after each reset.
const SYNC_WINDOW: Duration = Duration::from_secs(1);
/// Time for one answer to SYNC (espflash, `SYNC_TIMEOUT`).
const SYNC_TIMEOUT: Duration = Duration::from_millis(100);
/// The loader answers a SYNC several times; the rest is waited for at most this long.
const SYNC_REST: Duration = Duration::from_millis(500);
/// A register that every chip lets read (espflash, `CHIP_DETECT_MAGIC_REG_ADDR`).
const MAGIC_REGISTER: u32 = 0x4000_1000;

pub(super) fn connect(
    lease: PortLease,
    fixture: Fixture,
    bauds: &[u32],
    token: &CancellationToken,
) -> Result<Link, WireError> {
    let wanted = bauds.first().copied().unwrap_or(BAUD_DEFAULT);
    let mut port = ports::open(lease.port(), BAUD_DEFAULT)?;
    let usb_pid = match fixture {
        Fixture::DtrRts => ports::usb_pid(lease.port()),
        Fixture::Socket(_) => 0,
    };
    let mut lower = bauds.iter().skip(1);
    let mut baud = wanted;
    loop {
        let wire = call_loader(port, &fixture, usb_pid, token)?;
        let (loaded, chip) = load_stub(wire.into_port(), usb_pid, token)?;
        let mut wire = Wire::new(loaded, token.clone())?;
        match raise_baud(&mut wire, baud) {
            Ok(()) => return Ok(Link { lease, fixture, usb_pid, chip, wanted, baud, wire: Some(wire) }),
            Err(err @ WireError::Baud { .. }) => baud = *lower.next().ok_or(err)?,
            Err(err) => return Err(err),
        }
        wire.set_baud(BAUD_DEFAULT)?;
        port = wire.into_port();
    }
}

/// Resets the unit into download mode until its loader answers.
fn call_loader(
    mut port: TTYPort,
    fixture: &Fixture,
    usb_pid: u16,
    token: &CancellationToken,
) -> Result<Wire, WireError> {
    let mut attempt = 1;
    loop {
        port = fixture.download(port, usb_pid, attempt > 1, token)?;
        let mut wire = Wire::new(port, token.clone())?;
        match sync(&mut wire) {
            Ok(()) => return Ok(wire),
            Err(WireError::NoAnswer { .. } | WireError::Garbled { .. }) if attempt < RESETS_MAX => attempt += 1,
            Err(err) => return Err(err),
        }
        port = wire.into_port();
    }
}

fn sync(wire: &mut Wire) -> Result<(), WireError> {
    let frame = super::slip::frame(&Command::Sync);
    let deadline = Instant::now() + SYNC_WINDOW;
    wire.clear()?;
    loop {
        wire.send(&frame)?;
        match wire.packet(SYNC_TIMEOUT) {
            Ok(packet) if packet.get(1) == Some(&(CommandType::Sync as u8)) => return wire.drain(SYNC_REST),
            // The text that the ROM prints after its reset is no damaged answer.
            Ok(_) | Err(WireError::NoAnswer { .. } | WireError::Garbled { .. }) if Instant::now() < deadline => {}
            Ok(_) | Err(WireError::Garbled { .. }) => return Err(WireError::NoAnswer { after: SYNC_WINDOW }),
            Err(err) => return Err(err),
        }
    }
}

/// Finds out the chip and starts its stub. A flash that does not tell its size is no reason to stop here: the unit is
/// to be identified, so that the record says what is wrong with it.
fn load_stub(port: TTYPort, usb_pid: u16, token: &CancellationToken) -> Result<(TTYPort, Chip), WireError> {
    match Flasher::try_connect(connection(port, usb_pid), true, false, false, None, None) {
        Ok(flasher) if flasher.secure_download_mode() => Err(WireError::SecureDownload),
        Ok(flasher) => {
            let chip = flasher.chip();
            Ok((flasher.into_connection().into_serial(), chip))
        }
        Err(failed) => {
            let (err, mut connection) = *failed;
            let espflash::Error::FlashConnect = err else {
                if matches!(err, espflash::Error::RomError(_)) && lets_nothing_be_read(&mut connection) {
                    return Err(WireError::SecureDownload);
                }
                let mut wire = Wire::new(connection.into_serial(), token.clone())?;
                return Err(wire.explain(err));
            };
            let chip = connection.detect_chip(true)?;
            Ok((connection.into_serial(), chip))
        }
    }
}

/// Whether a loader that has rejected a command is in secure download mode. An ESP32-S2 says so; an ESP32 cannot, but
/// refuses to read what can always be read. espflash looks at the same, and then fails to detect these two chips.
fn lets_nothing_be_read(connection: &mut Connection) -> bool {
    match connection.security_info(false) {
        Ok(info) => info.flags & SECURE_DOWNLOAD != 0,
        Err(_) => matches!(connection.read_reg(MAGIC_REGISTER), Err(espflash::Error::RomError(_))),
    }
}

/// Raises the baud rate on both sides and checks that the stub is still understood.
fn raise_baud(wire: &mut Wire, baud: u32) -> Result<(), WireError> {
    if baud == BAUD_DEFAULT {
        return Ok(());
    }
    wire.request(&Command::ChangeBaudrate { new_baud: baud, prior_baud: BAUD_DEFAULT }, ANSWER_TIMEOUT)?;
    wire.set_baud(baud)?;
    // The stub switches after its answer; what arrives meanwhile is noise.
    wire.drain(Duration::ZERO)?;
    match wire.request(&Command::ReadReg { address: MAGIC_REGISTER }, ANSWER_TIMEOUT) {
        Ok(_) => Ok(()),
        Err(err @ (WireError::Cancelled | WireError::Gone(_))) => Err(err),
        Err(source) => Err(WireError::Baud { baud, source: Box::new(source) }),
    }
}
