//! How long bytes take on a UART, and what a receiver with the wrong baud rate sees. Knows no port.

use std::time::{Duration, Instant};

/// Bits of a byte on the wire: start, eight data bits, stop.
const BITS_PER_BYTE: u64 = 10;
/// What is moved at once: long enough to keep the processor idle, short enough to look like a steady flow.
const QUANTUM: Duration = Duration::from_millis(4);
/// Bytes that are moved at once at least, so that slow lines do not wake the unit for each byte.
const QUANTUM_BYTES_MIN: usize = 16;
/// Bytes that are moved at once when nothing is paced.
const UNPACED_BYTES: usize = 0x1_0000;
/// A receiver bears this much of a difference, in per cent.
const BAUD_TOLERANCE: u64 = 4;

/// One direction of the line: a virtual clock that says when the wire is free again. It runs on its own arithmetic,
/// so a late wake-up of the thread does not add up.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lane {
    free_at: Instant,
}

impl Lane {
    /// A line that is free from `now`.
    pub(crate) fn new(now: Instant) -> Self {
        Self { free_at: now }
    }

    /// When the wire is free.
    pub(crate) fn free_at(&self) -> Instant {
        self.free_at
    }

    /// The line has been idle: the next byte cannot have begun before `at`.
    pub(crate) fn idle_until(&mut self, at: Instant) {
        self.free_at = self.free_at.max(at);
    }

    /// Puts `bytes` on the wire, and returns when the last of them has passed.
    pub(crate) fn occupy(&mut self, bytes: usize, pace: Pace) -> Instant {
        self.free_at += pace.duration(bytes);
        self.free_at
    }
}

/// The speed of the line; `None` when it is not paced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pace(pub(crate) Option<u32>);

impl Pace {
    /// How long `bytes` take, rounded up, so that the line is never faster than the wire.
    pub(crate) fn duration(self, bytes: usize) -> Duration {
        let Some(baud) = self.0 else { return Duration::ZERO };
        Duration::from_nanos((bytes as u64 * BITS_PER_BYTE * 1_000_000_000).div_ceil(u64::from(baud)))
    }

    /// How many whole bytes pass in `time`.
    pub(crate) fn bytes_in(self, time: Duration) -> usize {
        let Some(baud) = self.0 else { return usize::MAX };
        let bytes = time.as_nanos() * u128::from(baud) / u128::from(BITS_PER_BYTE * 1_000_000_000);
        usize::try_from(bytes).unwrap_or(usize::MAX)
    }

    /// How many bytes are moved at once.
    pub(crate) fn quantum(self) -> usize {
        self.bytes_in(QUANTUM).clamp(QUANTUM_BYTES_MIN, UNPACED_BYTES)
    }
}

/// Whether a receiver at `theirs` understands a sender at `ours`.
pub(crate) fn understands(ours: u32, theirs: u32) -> bool {
    u64::from(ours.abs_diff(theirs)) * 100 <= u64::from(ours) * BAUD_TOLERANCE
}

/// What bytes look like to a receiver with the wrong baud rate: the same number of them, and nothing like them.
pub(crate) fn garble(bytes: &mut [u8]) {
    for byte in bytes {
        *byte = byte.rotate_left(3).wrapping_mul(0x1d) | 0x80;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_never_faster_than_the_wire_and_does_not_drift() {
        let start = Instant::now();
        for baud in [9_600, 115_200, 921_600, 2_000_000] {
            let mut lane = Lane::new(start);
            let pace = Pace(Some(baud));
            let pieces = (0..10_000).map(|index| index % 367 + 1);
            let bytes: usize = pieces.clone().sum();
            let end = pieces.fold(start, |_, piece| lane.occupy(piece, pace));
            let exact = bytes as f64 * 10.0 / f64::from(baud);
            let off = (end - start).as_secs_f64() - exact;
            assert!((0.0..20e-6).contains(&off), "{baud} baud: {off} s off in {exact} s");
        }
    }

    #[test]
    fn a_pause_is_not_made_up_for() {
        let start = Instant::now();
        let mut lane = Lane::new(start);
        lane.idle_until(start + Duration::from_secs(1));
        assert!(lane.occupy(1, Pace(Some(115_200))) > start + Duration::from_secs(1));
    }

    #[test]
    fn an_unpaced_line_takes_no_time() {
        let start = Instant::now();
        assert_eq!(Lane::new(start).occupy(1 << 20, Pace(None)), start);
    }
}
