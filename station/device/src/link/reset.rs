//! Resets the unit, by the port's own lines with espflash's strategies, or through a fixture's controller.

use espflash::connection::{Connection, ResetAfterOperation, ResetBeforeOperation};
use serialport::{TTYPort, UsbPortInfo};
use tokio_util::sync::CancellationToken;

use super::BAUD_DEFAULT;
use super::error::WireError;
use super::wire::Wire;
use crate::fixture::{self, Straps};
use crate::{Fixture, FixtureError};

/// An espflash connection that never touches the reset lines by itself.
pub(super) fn connection(port: TTYPort, usb_pid: u16) -> Connection {
    let usb =
        UsbPortInfo { vid: 0, pid: usb_pid, serial_number: None, manufacturer: None, product: None, location: None };
    Connection::new(port, usb, ResetAfterOperation::NoReset, ResetBeforeOperation::NoReset, BAUD_DEFAULT)
}

/// Makes the port ready for the unit's log and, where the port's own lines do it, resets the unit.
pub(super) fn begin_run(mut wire: Wire, fixture: &Fixture, usb_pid: u16) -> Result<TTYPort, WireError> {
    wire.set_baud(BAUD_DEFAULT)?;
    wire.clear()?;
    fixture.release(wire.into_port(), usb_pid)
}

impl Fixture {
    /// Resets the unit into download mode. `slow` holds the strap longer, for boards with a large capacitor on reset.
    pub(super) fn download(
        &self,
        port: TTYPort,
        usb_pid: u16,
        slow: bool,
        token: &CancellationToken,
    ) -> Result<TTYPort, WireError> {
        match self {
            Self::DtrRts => {
                let mut connection = connection(port, usb_pid);
                connection.reset_to_flash(slow).map_err(lines)?;
                Ok(connection.into_serial())
            }
            Self::Socket(path) => {
                fixture::command(path, Straps::Download, token)?;
                Ok(port)
            }
        }
    }

    /// Resets the unit into its app over the port's own lines, when that is how it is done. The bytes that arrive until
    /// the port is read wait in the kernel.
    fn release(&self, port: TTYPort, usb_pid: u16) -> Result<TTYPort, WireError> {
        match self {
            Self::DtrRts => {
                let mut connection = connection(port, usb_pid);
                connection.reset().map_err(lines)?;
                Ok(connection.into_serial())
            }
            Self::Socket(_) => Ok(port),
        }
    }

    /// Resets the unit into its app through a controller, when that is how it is done.
    pub(super) fn run_by_command(&self, token: &CancellationToken) -> Result<(), WireError> {
        match self {
            Self::DtrRts => Ok(()),
            Self::Socket(path) => Ok(fixture::command(path, Straps::Run, token)?),
        }
    }
}

fn lines(err: espflash::Error) -> FixtureError {
    FixtureError::Lines(Box::new(err))
}
