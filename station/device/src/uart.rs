//! Captures a unit's log from the first byte after its reset, on a thread of its own: every byte into a file, except
//! secrets, and what matters as typed events. Knows no recipe and no verdict.

mod capture;
mod last_words;
mod lines;
mod log;
mod noise;
mod reading;
mod recognise;
mod redact;

use std::{
    sync::Arc,
    thread::{self, JoinHandle},
};

use firstpass_domain::{
    Timestamp,
    evidence::{LinkFault, UartFact},
};
use serialport::TTYPort;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use self::capture::{Capture, REST_EVENTS_MAX};
use crate::PortLease;

pub(crate) use self::log::Log;
pub use self::log::LogError;
pub use self::reading::{REMARKS_MAX, Remark, Said, read_log};
pub use self::redact::Redactor;

/// Events that wait for the line while the capture runs; so many hold it up, and it loses nothing.
const EVENTS_MAX: usize = 256;

/// Tells the time.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Something that happened on the unit's UART, with its time: when its bytes were read, not when it is looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    /// When it was read.
    pub at: Timestamp,
    /// What it was.
    pub event: UartEvent,
}

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

impl UartCapture {
    /// Ends the capture, after what has arrived by now is in the file, and gives the port back. Every fact of what is
    /// in the file has then been delivered or waits in the receiver, which ends after the last one.
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
    port: TTYPort,
    lease: PortLease,
    log: Log,
    redactor: Redactor,
    clock: Clock,
    token: &CancellationToken,
) -> (UartCapture, mpsc::Receiver<Heard>) {
    let stop = token.child_token();
    let (events, receiver) = mpsc::channel(EVENTS_MAX + REST_EVENTS_MAX);
    let capture = Capture::new(log, redactor, clock, events, stop.clone());
    let thread = thread::spawn(move || capture.run(port));
    (UartCapture { stop, thread: Some(thread), lease: Some(lease) }, receiver)
}

#[cfg(test)]
mod catalogue;
#[cfg(test)]
mod tests;
