//! Captures a unit's log from the first byte after its reset, on a thread of its own: every byte into a file, and what
//! matters as typed events. Knows no recipe and no verdict.

mod lines;
mod recognise;

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use firstpass_domain::evidence::{LinkFault, UartFact};
use serialport::{SerialPort, TTYPort};
use thiserror::Error;
use tokio::sync::mpsc::{self, error::TrySendError};
use tokio_util::sync::CancellationToken;

use self::lines::Lines;
use self::recognise::Recogniser;
use crate::ports::IO_TICK;
use crate::{LinkError, PortLease};

/// Events that wait for the line; a full channel holds the capture up, it loses nothing.
const EVENTS_MAX: usize = 256;
/// How long a held-up capture sleeps before it tries again and looks at its token.
const FULL_TICK: Duration = Duration::from_millis(20);
const READ_LEN: usize = 4096;
/// Bytes that are still read after the stop: what had arrived by then.
const REST_MAX: usize = 64 * 1024;

/// Something that happened on the unit's UART.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UartEvent {
    /// The log said something that matters.
    Fact(UartFact),
    /// The capture ended by itself: the port went away, or the log file cannot be written.
    Ended(CaptureEnd),
}

/// Why a capture ended by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CaptureEnd {
    /// Reading failed.
    Link {
        /// How, for the record.
        fault: LinkFault,
        /// In words.
        detail: String,
    },
    /// The station cannot write the log: its fault, not the unit's.
    Log {
        /// In words, with the path.
        detail: String,
    },
}

/// A capture that runs. Dropping it stops it, too.
#[derive(Debug)]
pub struct UartCapture {
    stop: CancellationToken,
    thread: Option<JoinHandle<()>>,
    lease: Option<PortLease>,
}

/// The log file cannot be made.
#[derive(Debug, Error)]
#[error("could not open the log file {path}")]
pub struct LogError {
    path: PathBuf,
    #[source]
    source: io::Error,
}

impl UartCapture {
    /// Ends the capture, after what has arrived by now is in the file, and gives the port back.
    pub fn stop(mut self) -> PortLease {
        self.halt();
        self.lease.take().expect("the lease is here until the capture stops")
    }

    fn halt(&mut self) {
        self.stop.cancel();
        if let Some(thread) = self.thread.take() {
            // A panic in the thread has been reported by the panic hook; the port is closed either way.
            thread.join().ok();
        }
    }
}

impl Drop for UartCapture {
    fn drop(&mut self) {
        self.halt();
    }
}

/// Starts to read `port`. The capture ends with `token`, too.
pub(crate) fn start(
    mut port: TTYPort,
    lease: PortLease,
    log: Log,
    token: &CancellationToken,
) -> (UartCapture, mpsc::Receiver<UartEvent>) {
    let stop = token.child_token();
    let (events, receiver) = mpsc::channel(EVENTS_MAX);
    let (lines, recogniser) = (Lines::default(), Recogniser::default());
    let mut capture = Capture { log, lines, recogniser, events, stop: stop.clone() };
    let thread = thread::spawn(move || {
        if let Err(end) = capture.read_until_stopped(&mut port) {
            capture.report(UartEvent::Ended(end));
        }
    });
    (UartCapture { stop, thread: Some(thread), lease: Some(lease) }, receiver)
}

struct Capture {
    log: Log,
    lines: Lines,
    recogniser: Recogniser,
    events: mpsc::Sender<UartEvent>,
    stop: CancellationToken,
}

/// The file that every byte goes into.
#[derive(Debug)]
pub(crate) struct Log {
    file: File,
    path: PathBuf,
}

impl Capture {
    fn read_until_stopped(&mut self, port: &mut TTYPort) -> Result<(), CaptureEnd> {
        port.set_timeout(IO_TICK).map_err(|err| link_end(&err.into()))?;
        while !self.stop.is_cancelled() {
            self.read_once(port)?;
        }
        let mut rest = 0;
        while rest < REST_MAX && port.bytes_to_read().is_ok_and(|waiting| waiting > 0) {
            rest += self.read_once(port)?;
        }
        Ok(())
    }

    fn read_once(&mut self, port: &mut TTYPort) -> Result<usize, CaptureEnd> {
        let mut bytes = [0; READ_LEN];
        match port.read(&mut bytes) {
            Ok(0) => Err(link_end(&io::ErrorKind::UnexpectedEof.into())),
            Ok(count) => self.take(&bytes[..count]).map(|()| count),
            Err(err) if matches!(err.kind(), io::ErrorKind::TimedOut | io::ErrorKind::Interrupted) => Ok(0),
            Err(err) => Err(link_end(&err)),
        }
    }

    fn take(&mut self, bytes: &[u8]) -> Result<(), CaptureEnd> {
        self.log.write(bytes)?;
        let mut facts: Vec<UartFact> = self.recogniser.bytes_came().into_iter().collect();
        self.lines.push(bytes, |line| facts.extend(self.recogniser.line(line)));
        facts.into_iter().for_each(|fact| self.report(UartEvent::Fact(fact)));
        Ok(())
    }

    /// Hands an event over; waits while the channel is full, but not beyond the stop.
    fn report(&self, mut event: UartEvent) {
        loop {
            match self.events.try_send(event) {
                // Nobody listens any more: the file is still written.
                Ok(()) | Err(TrySendError::Closed(_)) => return,
                Err(TrySendError::Full(_)) if self.stop.is_cancelled() => return,
                Err(TrySendError::Full(back)) => event = back,
            }
            thread::sleep(FULL_TICK);
        }
    }
}

impl Log {
    /// Opens the file at `path` to append to it, or makes it.
    pub(crate) fn open(path: &Path) -> Result<Self, LinkError> {
        let file = OpenOptions::new().create(true).append(true).open(path);
        let file = file.map_err(|source| LinkError::Log(LogError { path: path.to_owned(), source }))?;
        Ok(Self { file, path: path.to_owned() })
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), CaptureEnd> {
        let written = self.file.write_all(bytes);
        written.map_err(|err| CaptureEnd::Log {
            detail: format!("could not write the log file {}: {err}", self.path.display()),
        })
    }
}

fn link_end(err: &io::Error) -> CaptureEnd {
    CaptureEnd::Link { fault: LinkFault::PortGone, detail: format!("the port went away while the unit ran: {err}") }
}

#[cfg(test)]
mod tests;
