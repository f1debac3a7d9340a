//! Requests to the stub and its answers over an open port. Looks at its token at least every [`IO_TICK`].
//!
//! Source: Espressif, "Serial Protocol": a response is 0x01, the command's number, the length of the data (u16), a value
//! (u32), and the data, whose last bytes are status and error code.

use std::fmt;
use std::io::{self, Read, Write};
use std::time::{Duration, Instant};

use espflash::command::{Command, CommandType};
use serialport::{ClearBuffer, SerialPort, TTYPort};
use tokio_util::sync::CancellationToken;

use super::error::WireError;
use super::slip::{self, Decoder};
use crate::ports::IO_TICK;

/// Bytes written at once: few enough that a write never blocks for long at any baud rate.
const WRITE_LEN: usize = 1024;
const READ_LEN: usize = 4096;
/// Time for a frame to be taken by the port, beyond what its bytes need at 115 200 baud.
const SEND_TIMEOUT: Duration = Duration::from_secs(5);
const HEADER_LEN: usize = 8;
/// Status and error with which a ROM refuses a command that it does not know, in the name of the last one that it knew (seen
/// in the ROM of the ESP32-C3; esptool looks for the same). Two more bytes behind them are what stood there.
const UNKNOWN_COMMAND: [u8; 2] = [1, 5];
/// How long such refusals may keep coming.
const REFUSALS: Duration = Duration::from_millis(500);
const RESPONSE: u8 = 0x01;

/// Who answers, which shows in the length of an answer's status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// The loader in the ROM: four bytes, of which two are not used.
    Rom,
    /// The stub: two.
    Stub,
}

/// An open port with a loader or its stub on the other side.
pub(crate) struct Wire {
    port: TTYPort,
    decoder: Decoder,
    token: CancellationToken,
    dialect: Dialect,
}

/// An answer.
pub(crate) struct Response {
    /// The value field of the header.
    pub(crate) value: u32,
    /// The data without the status bytes.
    pub(crate) data: Vec<u8>,
}

/// The time that is left for an answer.
struct Wait {
    timeout: Duration,
    deadline: Instant,
    /// Nothing more is read.
    over: bool,
}

impl Wait {
    fn new(timeout: Duration) -> Self {
        Self { timeout, deadline: Instant::now() + timeout, over: false }
    }
}

impl Wire {
    /// Takes over `port`, behind which a ROM loader is expected.
    pub(crate) fn new(mut port: TTYPort, token: CancellationToken) -> Result<Self, WireError> {
        port.set_timeout(IO_TICK).map_err(gone)?;
        Ok(Self { port, decoder: Decoder::default(), token, dialect: Dialect::Rom })
    }

    /// Who answers from now on.
    pub(crate) fn speak(&mut self, dialect: Dialect) {
        self.dialect = dialect;
    }

    /// Gives the port away.
    pub(crate) fn into_port(self) -> TTYPort {
        self.port
    }

    /// Sends `command` and waits at most `timeout` for its answer.
    pub(crate) fn request(&mut self, command: &Command<'_>, timeout: Duration) -> Result<Response, WireError> {
        self.send(&slip::frame(command))?;
        self.answer(command.command_type(), timeout)
    }

    /// Waits for the answer to `command`. Answers to earlier commands are passed over.
    pub(crate) fn answer(&mut self, command: CommandType, timeout: Duration) -> Result<Response, WireError> {
        let mut wait = Wait::new(timeout);
        let mut odd = 0;
        loop {
            let packet = match self.next_packet(&mut wait) {
                Err(WireError::NoAnswer { .. }) if odd > 0 => return Err(WireError::Garbled { bytes: odd }),
                other => other?,
            };
            match parse(&packet, command, self.dialect) {
                Ok(Some(response)) => return Ok(response),
                Ok(None) => odd += packet.len(),
                Err(err) => return Err(self.refused(&packet, command, err)?),
            }
        }
    }

    /// Reads away what a refusal in another command's name may be followed by: after a SYNC it comes as often as its answer.
    fn refused(&mut self, packet: &[u8], command: CommandType, err: WireError) -> Result<WireError, WireError> {
        if packet.get(1) != Some(&(command as u8)) && matches!(err, WireError::Rejected { .. }) {
            self.drain(REFUSALS)?;
        }
        Ok(err)
    }

    /// The next packet, whatever it is.
    pub(crate) fn packet(&mut self, timeout: Duration) -> Result<Vec<u8>, WireError> {
        self.next_packet(&mut Wait::new(timeout))
    }

    /// The next packet within what is left of `wait`. What had arrived when the time was over still counts, but bytes
    /// that keep coming win no more time: a unit that runs its app prints for ever.
    fn next_packet(&mut self, wait: &mut Wait) -> Result<Vec<u8>, WireError> {
        let stray = self.decoder.stray();
        loop {
            if let Some(packet) = self.decoder.pop() {
                return Ok(packet);
            }
            if wait.over {
                let bytes = self.decoder.stray().saturating_sub(stray);
                let silent = WireError::NoAnswer { after: wait.timeout };
                return Err(if bytes == 0 { silent } else { WireError::Garbled { bytes } });
            }
            wait.over = Instant::now() >= wait.deadline;
            if !wait.over || self.port.bytes_to_read().map_err(gone)? > 0 {
                self.receive()?;
            }
        }
    }

    /// Reads what has arrived, waiting at most [`IO_TICK`]; 0 when nothing came.
    fn receive(&mut self) -> Result<usize, WireError> {
        if self.token.is_cancelled() {
            return Err(WireError::Cancelled);
        }
        let mut bytes = [0; READ_LEN];
        match self.port.read(&mut bytes) {
            Ok(0) => Err(WireError::Gone(io::ErrorKind::UnexpectedEof.into())),
            Ok(count) => {
                self.decoder.push(&bytes[..count]);
                Ok(count)
            }
            Err(err) if is_tick(&err) => Ok(0),
            Err(err) => Err(WireError::Gone(err)),
        }
    }

    /// Writes a whole frame.
    pub(crate) fn send(&mut self, frame: &[u8]) -> Result<(), WireError> {
        let deadline = Instant::now() + SEND_TIMEOUT + Duration::from_micros(frame.len() as u64 * 10_000_000 / 115_200);
        let mut rest = frame;
        while !rest.is_empty() {
            if self.token.is_cancelled() {
                return Err(WireError::Cancelled);
            }
            match self.port.write(&rest[..rest.len().min(WRITE_LEN)]) {
                Ok(count) => rest = &rest[count..],
                Err(err) if is_tick(&err) && Instant::now() < deadline => {}
                Err(err) if is_tick(&err) => return Err(WireError::NoAnswer { after: SEND_TIMEOUT }),
                Err(err) => return Err(WireError::Gone(err)),
            }
        }
        Ok(())
    }

    /// Forgets all that has arrived so far.
    pub(crate) fn clear(&mut self) -> Result<(), WireError> {
        self.decoder = Decoder::default();
        self.port.clear(ClearBuffer::Input).map_err(gone)
    }

    /// Reads and forgets until nothing has come for a tick, or `limit` is over.
    pub(crate) fn drain(&mut self, limit: Duration) -> Result<(), WireError> {
        let deadline = Instant::now() + limit;
        while self.receive()? > 0 && Instant::now() < deadline {}
        self.clear()
    }

    /// Sets the port's baud rate.
    pub(crate) fn set_baud(&mut self, baud: u32) -> Result<(), WireError> {
        self.port.set_baud_rate(baud).map_err(gone)
    }
}

impl fmt::Debug for Wire {
    /// The port only: what has arrived may be flash that holds secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wire").field("port", &self.port.name()).finish_non_exhaustive()
    }
}

/// The response in `packet`; `None` when it answers another command. The header must fit the packet.
pub(crate) fn parse(packet: &[u8], command: CommandType, dialect: Dialect) -> Result<Option<Response>, WireError> {
    let garbled = || WireError::Garbled { bytes: packet.len() };
    let (header, data) = packet.split_first_chunk::<HEADER_LEN>().ok_or_else(garbled)?;
    let [direction, number, len0, len1, value @ ..] = *header;
    if direction != RESPONSE || usize::from(u16::from_le_bytes([len0, len1])) != data.len() {
        return Err(garbled());
    }
    if number != command as u8 {
        let refused = dialect == Dialect::Rom && data.len() == 4 && data.starts_with(&UNKNOWN_COMMAND);
        return if refused { Err(WireError::Rejected { command, code: data[1] }) } else { Ok(None) };
    }
    let status_len = match dialect {
        Dialect::Rom if data.len() >= 4 => 4,
        // A fixture that did not reset its unit leaves a stub running.
        Dialect::Rom | Dialect::Stub => 2,
    };
    let (data, status) = data.split_at_checked(data.len().wrapping_sub(status_len)).ok_or_else(garbled)?;
    match status {
        [0, ..] => Ok(Some(Response { value: u32::from_le_bytes(value), data: data.to_vec() })),
        [_, code, ..] => Err(WireError::Rejected { command, code: *code }),
        [_] | [] => Err(garbled()),
    }
}

fn is_tick(err: &io::Error) -> bool {
    matches!(err.kind(), io::ErrorKind::TimedOut | io::ErrorKind::Interrupted | io::ErrorKind::WouldBlock)
}

/// Settings of an open port fail only when the device is no longer there.
fn gone(err: serialport::Error) -> WireError {
    WireError::Gone(err.into())
}

#[cfg(test)]
mod tests;
