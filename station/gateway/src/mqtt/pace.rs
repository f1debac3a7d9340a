//! Bounds how fast one client may make events. Knows no clock.

use std::time::Duration;

use tokio::time::Instant;

use super::limits::Limits;

/// How many events a client has made of late.
///
/// Keeps the time at which the client would have its whole burst again (the "theoretical arrival time" of the generic
/// cell rate algorithm): one number, and no timer.
#[derive(Debug)]
pub(super) struct Pace {
    interval: Duration,
    burst: Duration,
    whole: Instant,
}

impl Pace {
    pub(super) fn new(limits: &Limits, now: Instant) -> Self {
        let interval = limits.event_interval;
        Self { interval, burst: interval.saturating_mul(limits.event_burst), whole: now }
    }

    /// Notes that the client makes `events` events; whether it may. A packet that makes none is always fine.
    pub(super) fn allows(&mut self, events: usize, now: Instant) -> bool {
        let cost = self.interval.saturating_mul(u32::try_from(events).unwrap_or(u32::MAX));
        if cost > self.burst.saturating_sub(self.whole.saturating_duration_since(now)) {
            return false;
        }
        self.whole = self.whole.max(now) + cost;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INTERVAL: Duration = Duration::from_millis(20);

    fn pace(now: Instant) -> Pace {
        Pace::new(&Limits { event_burst: 3, event_interval: INTERVAL, ..Limits::default() }, now)
    }

    #[test]
    fn after_the_burst_one_event_goes_through_per_interval() {
        let start = Instant::now();
        let mut pace = pace(start);
        assert!(pace.allows(2, start) && pace.allows(1, start) && !pace.allows(1, start));
        assert!(pace.allows(1, start + INTERVAL) && !pace.allows(1, start + INTERVAL));
        assert!(pace.allows(3, start + 10 * INTERVAL) && !pace.allows(1, start + 10 * INTERVAL));
    }

    #[test]
    fn one_packet_with_more_events_than_the_burst_is_a_flood() {
        let start = Instant::now();
        assert!(!pace(start).allows(4, start));
        assert!(!pace(start).allows(usize::MAX, start));
    }

    #[test]
    fn what_makes_no_event_is_always_fine() {
        let start = Instant::now();
        let mut pace = pace(start);
        assert!(pace.allows(3, start) && pace.allows(0, start));
    }
}
