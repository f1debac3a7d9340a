//! From a port to a unit whose stub answers: reset, sync, chip, stub, baud rate.

use std::time::{Duration, Instant};

use espflash::command::{Command, CommandType};
use espflash::target::Chip;
use firstpass_domain::Mac;
use serialport::TTYPort;
use tokio_util::sync::CancellationToken;

use super::error::WireError;
use super::wire::Wire;
use super::{ANSWER_TIMEOUT, BAUD_DEFAULT, chip, efuse, slip, stub};
use crate::Fixture;

/// How often the unit is reset before it counts as silent.
const RESETS_MAX: u32 = 3;
/// How long the loader is called after each reset.
const SYNC_WINDOW: Duration = Duration::from_secs(1);
/// Time for one answer to SYNC (espflash, `SYNC_TIMEOUT`).
const SYNC_TIMEOUT: Duration = Duration::from_millis(100);
/// The loader answers a SYNC several times; the rest is waited for at most this long.
const SYNC_REST: Duration = Duration::from_millis(500);
/// How often the stub is asked at a new baud rate, and how long for an answer that takes it a millisecond.
const PROBES_MAX: u32 = 3;
const PROBE_TIMEOUT: Duration = Duration::from_millis(400);

/// A unit whose stub answers.
pub(super) struct Connected {
    pub(super) wire: Wire,
    pub(super) chip: Chip,
    pub(super) mac: Mac,
}

/// Resets the unit into download mode, loads the stub, raises the baud rate and reads the MAC. What fails because of
/// the rate ends in [`WireError::Baud`].
pub(super) fn connect(
    port: TTYPort,
    fixture: &Fixture,
    usb_pid: u16,
    baud: u32,
    token: &CancellationToken,
) -> Result<Connected, WireError> {
    let mut wire = call_loader(port, fixture, usb_pid, token)?;
    let chip = chip::detect(&mut wire)?;
    stub::start(&mut wire, chip)?;
    raise_baud(&mut wire, baud)?;
    let mac = efuse::mac(&mut wire, chip).map_err(|err| at_baud(baud, err))?;
    Ok(Connected { wire, chip, mac })
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
    let frame = slip::frame(&Command::Sync);
    let deadline = Instant::now() + SYNC_WINDOW;
    wire.clear()?;
    loop {
        wire.send(&frame)?;
        match await_sync(wire) {
            Ok(()) => return wire.drain(SYNC_REST),
            // The text that the ROM prints after its reset is no damaged answer.
            Err(WireError::NoAnswer { .. } | WireError::Garbled { .. }) if Instant::now() < deadline => {}
            Err(WireError::Garbled { .. }) => return Err(WireError::NoAnswer { after: SYNC_WINDOW }),
            Err(err) => return Err(err),
        }
    }
}

/// Waits for one answer to SYNC, whatever else arrives meanwhile: noise brings the loader no more calls than silence.
fn await_sync(wire: &mut Wire) -> Result<(), WireError> {
    let deadline = Instant::now() + SYNC_TIMEOUT;
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let packet = wire.packet(left)?;
        if packet.get(1) == Some(&(CommandType::Sync as u8)) {
            return Ok(());
        }
        if left.is_zero() {
            return Err(WireError::Garbled { bytes: packet.len() });
        }
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
    let mut probe = 1;
    loop {
        match wire.request(&Command::ReadReg { address: chip::MAGIC_REGISTER }, PROBE_TIMEOUT) {
            Ok(_) => return Ok(()),
            Err(err) if err.is_damage() && probe < PROBES_MAX => probe += 1,
            Err(err) => return Err(at_baud(baud, err)),
        }
    }
}

fn at_baud(baud: u32, err: WireError) -> WireError {
    if err.is_damage() { WireError::Baud { baud, source: Box::new(err) } } else { err }
}
