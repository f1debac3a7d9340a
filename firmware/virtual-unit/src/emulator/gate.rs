//! When a loader in the emulator may be sent more, and how much. Knows no socket.
//!
//! The emulator's interrupt controller (seen in its source of January 2024, and in what is in its repository since) tells
//! the processor of a line that rises, and only if no handler runs at that moment. A line that rises later, or that never
//! falls, is lost, and the loader hears nothing any more. On a wire a byte comes when the handler has long returned; so
//! here the next piece waits for that. A piece that is too short to fill the FIFO to its mark lets a line fall that is
//! stuck, and the pause after the piece raises it again.

use std::time::{Duration, Instant};

/// Bytes of a piece; the FIFO has room for 128.
const PIECE: usize = 120;
/// Fill of the FIFO that raises the line; the loaders set it to 32.
const MARK: usize = 31;
/// Bytes of a short piece.
const SHORT_PIECE: usize = 28;
/// The pause that raises the line ends earlier than this after a piece.
const PAUSE: Duration = Duration::from_micros(500);
/// A line that is up for so long with bytes in the FIFO is stuck.
const STUCK: Duration = Duration::from_millis(20);
/// The processor's threshold while no handler runs.
const THRESHOLD: u32 = 1;

/// What can be seen of the unit, each part later than the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    /// Bytes in the receiver's FIFO.
    pub(super) waiting: usize,
    /// Whether the UART's line is up.
    pub(super) is_up: bool,
    /// The processor's interrupt threshold.
    pub(super) threshold: u32,
    /// Whether the processor takes interrupts at all.
    pub(super) takes_interrupts: bool,
}

/// A piece that is under way.
#[derive(Clone, Copy, Debug)]
pub(super) struct Gate {
    since: Instant,
}

impl Gate {
    /// A piece was sent.
    pub(super) const fn close(now: Instant) -> Self {
        Self { since: now }
    }

    /// How long it makes no sense to look at the unit.
    pub(super) fn pause(self, now: Instant) -> Duration {
        (self.since + PAUSE).saturating_duration_since(now)
    }

    /// What may be sent before anything is under way.
    pub(super) const fn open() -> usize {
        PIECE
    }

    /// How many bytes may be sent now; 0 is none yet.
    pub(super) fn room(self, seen: Seen, now: Instant) -> usize {
        let handles = seen.threshold > THRESHOLD || !seen.takes_interrupts;
        match (seen.waiting, seen.is_up) {
            (_, _) if handles => 0,
            (0, false) => PIECE,
            (0, true) => SHORT_PIECE,
            (waiting, true) if now.duration_since(self.since) > STUCK => MARK.saturating_sub(waiting),
            (_, _) => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const IDLE: Seen = Seen { waiting: 0, is_up: false, threshold: 1, takes_interrupts: true };
    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn a_piece_waits_until_the_handler_has_returned() {
        let gate = Gate::close(Instant::now());
        let later = gate.since + MS;
        assert_eq!((gate.pause(gate.since), gate.pause(later)), (PAUSE, Duration::ZERO));
        for busy in
            [Seen { waiting: 7, ..IDLE }, Seen { threshold: 2, ..IDLE }, Seen { takes_interrupts: false, ..IDLE }]
        {
            assert_eq!(gate.room(busy, later), 0, "{busy:?}");
        }
        assert_eq!(gate.room(IDLE, later), PIECE);
    }

    #[test]
    fn a_stuck_line_is_sent_what_does_not_reach_the_mark() {
        let gate = Gate::close(Instant::now());
        let up = Seen { is_up: true, ..IDLE };
        assert_eq!(gate.room(up, gate.since + MS), SHORT_PIECE);
        let full = Seen { waiting: 28, ..up };
        assert_eq!(gate.room(full, gate.since + STUCK), 0, "the handler may be about to begin");
        assert_eq!(gate.room(full, gate.since + STUCK + MS), 3);
    }
}
