//! UART0 as the running code sees it: text goes in, and waits while the FIFO is full. Knows no terminal and no pace;
//! whoever empties the FIFO sets the pace.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::Duration;

use crate::app_seam::BootClock;
use crate::stop::StopToken;

/// Bytes that wait in the FIFO before a writer has to; the C3's own has 128.
const FIFO_BYTES: usize = 128;
/// How long a writer sleeps before it looks at the stop token again.
const STOP_POLL: Duration = Duration::from_millis(20);

/// Writes log lines of one boot. Clones write to the same UART; lines are never interleaved.
#[derive(Clone)]
pub struct Console {
    fifo: Arc<Fifo>,
    line: Arc<Mutex<()>>,
    clock: BootClock,
    stop: StopToken,
}

/// The level of an ESP-IDF log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// `E`.
    Error,
    /// `W`.
    Warning,
    /// `I`.
    Info,
}

impl Level {
    fn letter(self) -> char {
        match self {
            Self::Error => 'E',
            Self::Warning => 'W',
            Self::Info => 'I',
        }
    }
}

impl Console {
    pub(crate) fn new(fifo: Arc<Fifo>, clock: BootClock, stop: StopToken) -> Self {
        Self { fifo, line: Arc::default(), clock, stop }
    }

    /// The same UART for code that runs until `stop` is set.
    pub(crate) fn until(&self, stop: StopToken) -> Self {
        Self { stop, ..self.clone() }
    }

    /// Prints `I (1234) tag: text`. A line of a stopped boot goes nowhere.
    pub fn log(&self, level: Level, tag: &str, text: impl fmt::Display) {
        let _whole_line = self.line.lock().expect("no holder of this lock panics");
        let line = format!("{} ({}) {tag}: {text}\r\n", level.letter(), self.clock.millis());
        self.fifo.write(line.as_bytes(), &self.stop);
    }

    /// Prints `text` and a line end, without time and tag.
    pub fn print(&self, text: impl fmt::Display) {
        let _whole_line = self.line.lock().expect("no holder of this lock panics");
        self.fifo.write(format!("{text}\r\n").as_bytes(), &self.stop);
    }

    /// Sends bytes that are no text.
    pub(crate) fn noise(&self, bytes: &[u8]) {
        let _whole_line = self.line.lock().expect("no holder of this lock panics");
        self.fifo.write(bytes, &self.stop);
    }

    /// Prints `I (1234) wifi:text`, as the closed Wi-Fi driver does: without a blank after its tag.
    pub(crate) fn driver(&self, level: Level, text: impl fmt::Display) {
        self.print(format_args!("{} ({}) wifi:{text}", level.letter(), self.clock.millis()));
    }

    /// Returns when the FIFO is empty or the unit is stopped, so that the last words are heard before a restart.
    pub fn drain(&self) {
        self.fifo.drain(&self.stop);
    }
}

impl fmt::Debug for Console {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Console").finish_non_exhaustive()
    }
}

/// The bytes between the running code and the wire.
pub(crate) struct Fifo {
    bytes: Mutex<VecDeque<u8>>,
    room: Condvar,
    wake: Box<dyn Fn() + Send + Sync>,
}

impl Fifo {
    /// An empty FIFO; `wake` is called when it has got something to send.
    pub(crate) fn new(wake: impl Fn() + Send + Sync + 'static) -> Arc<Self> {
        Arc::new(Self { bytes: Mutex::default(), room: Condvar::new(), wake: Box::new(wake) })
    }

    /// Takes at most `limit` bytes for the wire.
    pub(crate) fn take(&self, limit: usize) -> Vec<u8> {
        let mut bytes = self.lock();
        let count = limit.min(bytes.len());
        let taken = bytes.drain(..count).collect();
        drop(bytes);
        self.room.notify_all();
        taken
    }

    fn write(&self, mut text: &[u8], stop: &StopToken) {
        while !text.is_empty() {
            let mut bytes = self.wait_while(stop, |bytes| bytes.len() >= FIFO_BYTES);
            if stop.is_stopped() {
                return;
            }
            let (now, later) = text.split_at(text.len().min(FIFO_BYTES - bytes.len()));
            bytes.extend(now);
            drop(bytes);
            (self.wake)();
            text = later;
        }
    }

    fn drain(&self, stop: &StopToken) {
        drop(self.wait_while(stop, |bytes| !bytes.is_empty()));
    }

    fn wait_while(&self, stop: &StopToken, blocked: impl Fn(&VecDeque<u8>) -> bool) -> MutexGuard<'_, VecDeque<u8>> {
        let mut bytes = self.lock();
        while blocked(&bytes) && !stop.is_stopped() {
            bytes = self.room.wait_timeout(bytes, STOP_POLL).expect("no holder of this lock panics").0;
        }
        bytes
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<u8>> {
        self.bytes.lock().expect("no holder of this lock panics")
    }
}
