//! When the service may be asked again. Knows no socket; time and chance are parameters. Source: recovery rules,
//! section 1.

use std::time::Duration;

use firstpass_domain::Timestamp;

use super::UpstreamState;

/// Shortest first delay.
const FIRST_MIN: Duration = Duration::from_secs(2);
/// Longest first delay.
const FIRST_MAX: Duration = Duration::from_secs(10);
/// Longest delay of all.
const DELAY_MAX: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// Silence after HTTP 429.
const THROTTLED: Duration = Duration::from_secs(60);

/// What is known of the service.
#[derive(Debug)]
pub(super) struct Contact {
    state: UpstreamState,
    /// Until when nothing is asked.
    quiet_until: Timestamp,
    /// How long that silence was when it began.
    quiet: Duration,
    /// The last delay, doubled by the next failure.
    delay: Option<Duration>,
    /// Until when one request has the field for itself, after the silence.
    probe_until: Option<Timestamp>,
    /// Counts failures, so that requests that were under way together fail once.
    epoch: u64,
}

/// Leave to ask once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Leave(u64);

impl Contact {
    pub(super) const fn new() -> Self {
        let quiet_until = Timestamp::from_micros(0);
        Self {
            state: UpstreamState::Here,
            quiet_until,
            quiet: Duration::ZERO,
            delay: None,
            probe_until: None,
            epoch: 0,
        }
    }

    pub(super) fn state(&self) -> UpstreamState {
        self.state.clone()
    }

    /// Leave to ask now, or how long to wait. After a silence one request goes first, for `timeout` at most.
    pub(super) fn ask(&mut self, now: Timestamp, timeout: Duration) -> Result<Leave, Duration> {
        if self.state == UpstreamState::Here {
            return Ok(Leave(self.epoch));
        }
        // A clock that was set back makes no silence longer than the one that was decided.
        self.quiet_until = self.quiet_until.min(now.plus(self.quiet));
        let until = self.probe_until.map_or(self.quiet_until, |probe| probe.min(now.plus(timeout)));
        if now < until {
            return Err(until.since(now));
        }
        self.probe_until = Some(now.plus(timeout));
        Ok(Leave(self.epoch))
    }

    /// How long nothing is asked, as far as is known.
    pub(super) fn silence(&self, now: Timestamp) -> Duration {
        self.quiet_until.since(now)
    }

    /// The service did what it is for.
    pub(super) fn succeeded(&mut self) {
        self.delay = None;
        self.seen();
    }

    /// The service is there, though it is not known whether it works: the next failure doubles the delay all the same.
    pub(super) fn seen(&mut self) {
        (self.state, self.probe_until) = (UpstreamState::Here, None);
    }

    /// The service could not be reached, or failed.
    pub(super) fn failed(&mut self, leave: Leave, reason: &'static str, now: Timestamp, chance: u64) {
        if leave.0 == self.epoch {
            let delay = self.delay.map_or_else(|| first(chance), |delay| (delay * 2).min(DELAY_MAX));
            self.delay = Some(delay);
            self.be_quiet(now, delay, reason);
        }
    }

    /// The service asked for silence: a minute of it, or what it asks for beyond that.
    pub(super) fn throttled(&mut self, leave: Leave, reason: &'static str, now: Timestamp, asked: Option<Duration>) {
        if leave.0 == self.epoch {
            self.be_quiet(now, asked.unwrap_or(THROTTLED).clamp(THROTTLED, DELAY_MAX), reason);
        }
    }

    fn be_quiet(&mut self, now: Timestamp, time: Duration, reason: &'static str) {
        self.epoch += 1;
        (self.quiet_until, self.quiet, self.probe_until) = (now.plus(time), time, None);
        let since = match self.state {
            UpstreamState::Here => now,
            UpstreamState::Away { since, .. } => since,
        };
        self.state = UpstreamState::Away { since, reason };
    }
}

fn first(chance: u64) -> Duration {
    let span = u64::try_from((FIRST_MAX - FIRST_MIN).as_millis()).expect("it is a few seconds") + 1;
    FIRST_MIN + Duration::from_millis(chance % span)
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Timestamp = Timestamp::from_micros(1_000_000_000);
    const TIMEOUT: Duration = Duration::from_secs(8);

    /// Fails as soon as it may, `times` times; returns the silences.
    fn fail(contact: &mut Contact, now: &mut Timestamp, times: usize, chance: u64) -> Vec<Duration> {
        let silences = (0..times).map(|_| {
            let leave = contact.ask(*now, TIMEOUT).unwrap();
            contact.failed(leave, "failed", *now, chance);
            let silence = contact.ask(*now, TIMEOUT).unwrap_err();
            *now = now.plus(silence);
            silence
        });
        silences.collect()
    }

    #[test]
    fn the_first_delay_is_two_to_ten_seconds_and_each_failure_doubles_it_up_to_a_week() {
        for (chance, first_s) in [(0, 2), (8000, 10), (8001, 2), (3000, 5)] {
            let (mut contact, mut now) = (Contact::new(), START);
            let silences = fail(&mut contact, &mut now, 30, chance);
            let expected = (0..30).map(|power| Duration::from_secs(first_s << power).min(DELAY_MAX));
            assert_eq!(silences, expected.collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_success_resets_the_delay_and_being_seen_does_not() {
        let (mut contact, mut now) = (Contact::new(), START);
        fail(&mut contact, &mut now, 4, 0);
        contact.seen();
        assert_eq!(fail(&mut contact, &mut now, 1, 0), [Duration::from_secs(32)]);
        contact.succeeded();
        assert_eq!(fail(&mut contact, &mut now, 2, 1000), [Duration::from_secs(3), Duration::from_secs(6)]);
    }

    #[test]
    fn a_429_is_a_minute_of_silence_and_no_failure() {
        let (mut contact, mut now) = (Contact::new(), START);
        let leave = contact.ask(now, TIMEOUT).unwrap();
        contact.throttled(leave, "throttled", now, Some(Duration::from_secs(3)));
        assert_eq!(contact.ask(now.plus(Duration::from_secs(59)), TIMEOUT), Err(Duration::from_secs(1)));
        now = now.plus(THROTTLED);
        assert_eq!(fail(&mut contact, &mut now, 1, 0), [Duration::from_secs(2)]);
        assert_eq!(contact.state(), UpstreamState::Away { since: START, reason: "failed" });
    }

    #[test]
    fn a_longer_silence_that_is_asked_for_is_kept_up_to_a_week() {
        for (asked, silence) in [(90, Duration::from_secs(90)), (u64::MAX, DELAY_MAX)] {
            let mut contact = Contact::new();
            let leave = contact.ask(START, TIMEOUT).unwrap();
            contact.throttled(leave, "throttled", START, Some(Duration::from_secs(asked)));
            assert_eq!(contact.ask(START, TIMEOUT), Err(silence));
        }
    }

    #[test]
    fn requests_that_were_under_way_together_fail_once() {
        let mut contact = Contact::new();
        let together: Vec<_> = (0..8).map(|_| contact.ask(START, TIMEOUT).unwrap()).collect();
        together.into_iter().for_each(|leave| contact.failed(leave, "unreachable", START, 0));
        assert_eq!(contact.ask(START, TIMEOUT), Err(FIRST_MIN));
    }

    #[test]
    fn after_the_silence_one_request_goes_first_and_one_that_never_ends_blocks_nobody_for_long() {
        let (mut contact, mut now) = (Contact::new(), START);
        fail(&mut contact, &mut now, 1, 0);
        assert!(contact.ask(now, TIMEOUT).is_ok());
        assert_eq!(contact.ask(now, TIMEOUT), Err(TIMEOUT));
        assert!(contact.ask(now.plus(TIMEOUT), TIMEOUT).is_ok());
    }

    #[test]
    fn a_clock_set_back_makes_no_longer_silence() {
        let (mut contact, mut now) = (Contact::new(), START.plus(DELAY_MAX));
        fail(&mut contact, &mut now, 1, 0);
        assert_eq!(contact.ask(START, TIMEOUT), Err(FIRST_MIN));
    }
}
