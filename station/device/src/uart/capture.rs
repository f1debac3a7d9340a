//! The capture's own thread: reads the port, feeds the log and the recogniser, hands events over.

use std::io::{self, Read};
use std::thread;
use std::time::Duration;

use firstpass_domain::{
    Timestamp,
    evidence::{LinkFault, UartFact},
};
use serialport::{SerialPort, TTYPort};
use tokio::sync::mpsc::{Sender, error::TrySendError};
use tokio_util::sync::CancellationToken;

use super::last_words::LastWords;
use super::lines::Lines;
use super::log::Log;
use super::noise::Noise;
use super::recognise::Recogniser;
use super::redact::{Cleaner, Redactor};
use super::{CaptureEnd, Clock, EVENTS_MAX, Heard, UartEvent};
use crate::ports::IO_TICK;

/// How long a held-up capture sleeps before it tries again and looks at its token.
const FULL_TICK: Duration = Duration::from_millis(20);
const READ_LEN: usize = 4096;
/// Bytes gather this long after each read that left none behind, so that a port full of noise wakes the station no more
/// than so often. At 2 Mbaud 1000 bytes come in this time; a terminal holds 4095.
const GATHER_PAUSE: Duration = Duration::from_millis(5);
/// Bytes that are still read after the stop: what had arrived by then.
const REST_MAX: usize = 64 * 1024;
/// Events that these bytes, and those in hand at the stop, can make at most: one for each line, which has a line end and
/// something before it, one for a line that was under way, the first byte, noise, a panic that waited, and the end.
pub(super) const REST_EVENTS_MAX: usize = (REST_MAX + 2 * READ_LEN) / 2 + 5;

pub(super) struct Capture {
    log: Log,
    cleaner: Cleaner,
    lines: Lines,
    recogniser: Recogniser,
    noise: Noise,
    last_words: LastWords,
    clock: Clock,
    events: Sender<Heard>,
    stop: CancellationToken,
}

impl Capture {
    pub(super) fn new(
        log: Log,
        redactor: Redactor,
        clock: Clock,
        events: Sender<Heard>,
        stop: CancellationToken,
    ) -> Self {
        Self {
            log,
            cleaner: Cleaner::new(redactor),
            lines: Lines::default(),
            recogniser: Recogniser::default(),
            noise: Noise::default(),
            last_words: LastWords::default(),
            clock,
            events,
            stop,
        }
    }

    /// Reads until the stop, or the first failure, which is reported as the last event.
    pub(super) fn run(mut self, mut port: TTYPort) {
        let read = self.read_until_stopped(&mut port);
        let finished = self.finish();
        if let Err(end) = read.and(finished) {
            self.report((self.clock)(), UartEvent::Ended(end));
        }
    }

    fn read_until_stopped(&mut self, port: &mut TTYPort) -> Result<(), CaptureEnd> {
        port.set_timeout(IO_TICK).map_err(|err| link_end(&err.into()))?;
        while !self.stop.is_cancelled() {
            let came = self.read_once(port)?;
            if came == 0 {
                self.tell_last_words();
            }
            if (1..READ_LEN).contains(&came) {
                thread::sleep(GATHER_PAUSE);
            }
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
            Err(err) if is_tick(&err) => Ok(0),
            Err(err) => Err(link_end(&err)),
        }
    }

    fn take(&mut self, bytes: &[u8]) -> Result<(), CaptureEnd> {
        let first = self.recogniser.bytes_came(bytes);
        let clean = self.cleaner.clean(bytes);
        self.keep(first, &clean)
    }

    /// What was held back because a secret could have begun there.
    fn finish(&mut self) -> Result<(), CaptureEnd> {
        let clean = self.cleaner.finish();
        self.keep(None, &clean)?;
        self.tell_last_words();
        Ok(())
    }

    fn keep(&mut self, first: Option<UartFact>, bytes: &[u8]) -> Result<(), CaptureEnd> {
        // What a line says is as old as the bytes that ended it, however long the disk or the line takes.
        let at = (self.clock)();
        self.log.write(bytes)?;
        let mut facts: Vec<UartFact> = first.into_iter().collect();
        self.noise.bytes_came(bytes);
        self.lines.push(bytes, |line| {
            self.noise.line(line);
            facts.extend(self.recogniser.line(line));
        });
        facts.extend(self.noise.tell());
        self.last_words.hear(facts, bytes.len()).into_iter().for_each(|fact| self.report(at, UartEvent::Fact(fact)));
        Ok(())
    }

    /// A panic that the unit says no more about.
    fn tell_last_words(&mut self) {
        if let Some(fact) = self.last_words.release() {
            self.report((self.clock)(), UartEvent::Fact(fact));
        }
    }

    /// Hands an event over; waits while [`EVENTS_MAX`] of them have not been taken, but not beyond the stop: what is
    /// read after it has room of its own in the channel.
    fn report(&self, at: Timestamp, event: UartEvent) {
        while self.waiting() >= EVENTS_MAX && !self.stop.is_cancelled() && !self.events.is_closed() {
            thread::sleep(FULL_TICK);
        }
        match self.events.try_send(Heard { at, event }) {
            // Nobody listens any more: the file is still written.
            Ok(()) | Err(TrySendError::Closed(_)) => {}
            Err(TrySendError::Full(_)) => unreachable!("the channel has room for all that can follow the stop"),
        }
    }

    fn waiting(&self) -> usize {
        self.events.max_capacity() - self.events.capacity()
    }
}

fn link_end(err: &io::Error) -> CaptureEnd {
    CaptureEnd::Link { fault: LinkFault::PortGone, detail: format!("the port went away while the unit ran: {err}") }
}

/// Whether nothing came in time.
fn is_tick(err: &io::Error) -> bool {
    matches!(err.kind(), io::ErrorKind::TimedOut | io::ErrorKind::Interrupted | io::ErrorKind::WouldBlock)
}
