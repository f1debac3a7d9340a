//! The program's clock: the system's, except that it never goes back. Evidence is judged by its order in time, and a
//! system whose time is set back in the middle of a run must not turn that order round.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant, SystemTime},
};

use firstpass_domain::Timestamp;
use tracing::warn;

/// How far the system's time may fall behind before that is said: less is what a time service corrects all day.
const SAID_FROM: Duration = Duration::from_secs(2);

/// The time now.
pub(crate) fn now() -> Timestamp {
    static CLOCK: Mutex<Option<SteadyClock>> = Mutex::new(None);
    let system = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let mut clock = CLOCK.lock().unwrap_or_else(PoisonError::into_inner);
    let (system, at) = (system, Instant::now());
    let since = clock.get_or_insert(SteadyClock { since: system, at, said: false }).read(system, at);
    Timestamp::from_micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}

/// A reading of the system's clock, from which time goes on by itself.
struct SteadyClock {
    /// Time since the epoch at `at`.
    since: Duration,
    at: Instant,
    /// Whether the present lag was said.
    said: bool,
}

impl SteadyClock {
    /// The time since the epoch: the system's, or where it has been set back, what had passed by `at` without that.
    fn read(&mut self, system: Duration, at: Instant) -> Duration {
        let steady = self.since + at.saturating_duration_since(self.at);
        if system >= steady {
            *self = Self { since: system, at, said: false };
            return system;
        }
        let lag = steady - system;
        if lag >= SAID_FROM && !self.said {
            self.said = true;
            warn!(
                lag_s = lag.as_secs(),
                "the system's clock was set back; this program goes on by the time that it knew"
            );
        }
        steady
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn a_clock_that_is_set_back_goes_on_and_one_that_is_set_forward_is_followed() {
        let start = Instant::now();
        let mut clock = SteadyClock { since: seconds(1000), at: start, said: false };
        assert_eq!(clock.read(seconds(1001), start + seconds(1)), seconds(1001));
        assert_eq!(clock.read(seconds(900), start + seconds(2)), seconds(1002));
        assert_eq!(clock.read(seconds(901), start + seconds(3)), seconds(1003));
        assert_eq!(clock.read(seconds(2000), start + seconds(4)), seconds(2000));
        assert_eq!(clock.read(seconds(1990), start + seconds(5)), seconds(2001));
    }
}
