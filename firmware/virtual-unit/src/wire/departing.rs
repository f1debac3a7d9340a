//! Bytes on their way to the host: when each piece has passed the wire, and what becomes of it if nobody listens.
//! Knows no port.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::pace::{Lane, Pace};

/// A host that has taken nothing for so long is not listening; a UART does not wait for it.
const LISTENER_PATIENCE: Duration = Duration::from_secs(1);
/// How soon a host that is slow is asked again.
const LISTENER_RETRY: Duration = Duration::from_micros(500);

/// The queue of the transmitter.
#[derive(Debug)]
pub(super) struct Departing {
    bytes: VecDeque<u8>,
    lane: Lane,
    /// Since when the host has taken nothing.
    blocked_since: Option<Instant>,
    /// When a host that takes nothing is asked again.
    retry_at: Option<Instant>,
}

impl Departing {
    pub(super) fn new(now: Instant) -> Self {
        Self { bytes: VecDeque::new(), lane: Lane::new(now), blocked_since: None, retry_at: None }
    }

    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Queues bytes that are begun to be sent at `at`, or when those before them are out.
    pub(super) fn push(&mut self, bytes: &[u8], at: Instant) {
        if self.bytes.is_empty() {
            self.lane.idle_until(at);
        }
        self.bytes.extend(bytes);
    }

    /// The next piece, if all of it has passed by `now`.
    pub(super) fn due(&self, now: Instant, pace: Pace) -> Option<Vec<u8>> {
        let passed = pace.bytes_in(now.saturating_duration_since(self.lane.free_at()));
        let piece = self.bytes.len().min(pace.quantum());
        (piece > 0 && passed >= piece).then(|| self.bytes.iter().take(piece).copied().collect())
    }

    /// When the next piece has passed, or is offered again.
    pub(super) fn deadline(&self, pace: Pace) -> Option<Instant> {
        let piece = self.bytes.len().min(pace.quantum());
        let passed = self.lane.free_at() + pace.duration(piece);
        (piece > 0).then(|| passed.max(self.retry_at.unwrap_or(passed)))
    }

    /// The host was offered `piece` bytes and has taken `taken` of them. What it does not take waits for it a while,
    /// and is then lost, as on a UART.
    pub(super) fn offered(&mut self, piece: usize, taken: usize, now: Instant, pace: Pace) {
        let mut gone = taken;
        if taken > 0 {
            (self.blocked_since, self.retry_at) = (None, None);
        } else {
            let since = *self.blocked_since.get_or_insert(now);
            let lost = now.duration_since(since) >= LISTENER_PATIENCE;
            self.retry_at = (!lost).then_some(now + LISTENER_RETRY);
            gone = if lost { piece } else { 0 };
        }
        self.bytes.drain(..gone);
        self.lane.occupy(gone, pace);
    }
}
