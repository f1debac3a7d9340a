//! What follows from a try: sent, again, or parked. Knows no socket; time and chance are parameters.

use std::time::Duration;

use firstpass_domain::Timestamp;

use super::WebhookOptions;

/// What came of a try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The receiver took the message.
    Taken(String),
    /// The receiver refused the message as it is: it would refuse it again.
    Refused(String),
    /// The receiver was reached and failed.
    Failed {
        /// What it said.
        words: String,
        /// How long it asks to be left alone.
        retry_after: Option<Duration>,
    },
    /// The receiver was not reached, or is not what it should be just now: that says nothing of the message.
    Away {
        /// What was said, or what went wrong.
        words: String,
        /// How long it asks to be left alone.
        retry_after: Option<Duration>,
    },
}

/// What to do with the message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Next {
    /// Nothing more: it was taken.
    Sent(String),
    /// Try it again.
    Again {
        /// Whether the message may have been the cause.
        counts: bool,
        /// What happened.
        words: String,
        /// When, at the earliest.
        due: Timestamp,
    },
    /// Put it aside until a person takes it up again.
    Park(String),
}

/// How a message stands before the try.
#[derive(Debug, Clone, Copy)]
pub(super) struct Standing {
    /// When it was made, or taken up again.
    pub(super) made: Timestamp,
    /// How often the receiver was reached and failed.
    pub(super) tries: u32,
    /// How many tries of this webhook have failed in a row, this one too.
    pub(super) failures: u32,
}

/// What an answer's status means. Redirects are not followed: a signature is for one receiver.
pub(super) fn outcome(status: u16, retry_after: Option<Duration>) -> Outcome {
    let words = format!("HTTP {status}");
    match status {
        200..=299 => Outcome::Taken(words),
        // Malformed, out of date, gone, too large, of a kind or with a content that is not taken.
        400 | 409 | 410 | 413 | 415 | 422 => Outcome::Refused(words),
        // A key or a route that is being changed, too slow, too early, too many, a gateway without its server.
        401 | 403 | 404 | 408 | 425 | 429 | 502..=504 => Outcome::Away { words, retry_after },
        _ => Outcome::Failed { words, retry_after },
    }
}

/// What follows from a try. `chance` is any number.
pub(super) fn next(
    outcome: Outcome,
    standing: Standing,
    options: &WebhookOptions,
    now: Timestamp,
    chance: u64,
) -> Next {
    let due = |retry_after| now.plus(delay(standing.failures, retry_after, options, chance));
    match outcome {
        Outcome::Taken(words) => Next::Sent(words),
        Outcome::Refused(words) => Next::Park(words),
        Outcome::Failed { words, .. } if standing.tries.saturating_add(1) >= options.tries_max => {
            Next::Park(format!("{words}, after {} tries", standing.tries.saturating_add(1)))
        }
        Outcome::Failed { words, retry_after } => Next::Again { counts: true, words, due: due(retry_after) },
        Outcome::Away { words, .. } if now.since(standing.made) >= age_max(options) => {
            Next::Park(format!("{words}, for {} hours", options.hours_max))
        }
        Outcome::Away { words, retry_after } => Next::Again { counts: false, words, due: due(retry_after) },
    }
}

/// How long a message waits that is due then. A clock that was set back makes no wait longer than the longest.
pub(super) fn wait(due: Timestamp, options: &WebhookOptions, now: Timestamp) -> Duration {
    let wait = due.since(now);
    if wait > longest(options) { Duration::ZERO } else { wait }
}

fn longest(options: &WebhookOptions) -> Duration {
    Duration::from_secs(options.longest_delay_s.max(1).into())
}

fn age_max(options: &WebhookOptions) -> Duration {
    Duration::from_secs(u64::from(options.hours_max) * 3600)
}

/// Doubles with every failure in a row, up to the longest; the half of it is left to chance, so that stations that lost
/// the same receiver do not come back together.
fn delay(failures: u32, retry_after: Option<Duration>, options: &WebhookOptions, chance: u64) -> Duration {
    let longest = longest(options);
    let first = Duration::from_millis(options.first_delay_ms.max(1).into());
    let doubled = first.saturating_mul(2_u32.saturating_pow(failures.saturating_sub(1).min(31))).min(longest);
    let half = doubled / 2;
    let jitter = Duration::from_millis(chance % (u64::try_from(half.as_millis()).unwrap_or(u64::MAX).max(1)));
    (half + jitter).max(retry_after.unwrap_or_default()).min(longest)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_micros(1_700_000_000_000_000);

    fn after(outcome: Outcome, tries: u32, failures: u32) -> Next {
        next(outcome, Standing { made: NOW, tries, failures }, &WebhookOptions::default(), NOW, 0)
    }

    #[test]
    fn a_message_is_parked_when_it_is_refused_or_failed_too_often() {
        for status in [400, 409, 410, 413, 415, 422] {
            let next = after(outcome(status, None), 0, 1);
            assert!(matches!(next, Next::Park(_)), "{status}: {next:?}");
        }
        for status in [302, 405, 418, 500, 501] {
            let next = after(outcome(status, None), 0, 1);
            assert!(matches!(next, Next::Again { counts: true, .. }), "{status}: {next:?}");
        }
        for (tries, parked) in [(0, false), (10, false), (11, true)] {
            let next = after(outcome(500, None), tries, 1);
            assert_eq!(matches!(next, Next::Park(_)), parked, "after {tries}: {next:?}");
        }
        assert_eq!(after(outcome(204, None), 11, 1), Next::Sent("HTTP 204".to_owned()));
    }

    #[test]
    fn a_receiver_that_is_away_is_waited_for_and_not_for_ever() {
        let away = || Outcome::Away { words: "refused".to_owned(), retry_after: None };
        assert!(matches!(after(away(), 0, 1000), Next::Again { counts: false, .. }));
        for status in [401, 403, 404, 408, 425, 429, 502, 503, 504] {
            let next = after(outcome(status, None), 1000, 1000);
            assert!(matches!(next, Next::Again { counts: false, .. }), "{status}: {next:?}");
        }
        let old = Standing { made: NOW, tries: 0, failures: 1 };
        let later = NOW.plus(Duration::from_secs(72 * 3600));
        assert!(matches!(next(away(), old, &WebhookOptions::default(), later, 0), Next::Park(_)));
    }

    #[test]
    fn delays_double_up_to_the_longest_and_half_of_them_is_chance() {
        let options = WebhookOptions::default();
        let delays = |chance| [1, 2, 3, 9, 10, 40].map(|failures| delay(failures, None, &options, chance).as_millis());
        assert_eq!(delays(0), [1000, 2000, 4000, 256_000, 450_000, 450_000]);
        assert_eq!(delays(999), [1999, 2999, 4999, 256_999, 450_999, 450_999]);
        for chance in [u64::MAX, 7, 123_456_789] {
            assert!(delay(40, None, &options, chance).as_secs() <= 900);
        }
    }

    #[test]
    fn no_wait_is_longer_than_the_longest_delay() {
        let (options, of) = (WebhookOptions::default(), Duration::from_secs);
        let waits = |s| wait(NOW.plus(of(s)), &options, NOW);
        assert_eq!([waits(0), waits(5), waits(900), waits(901)], [of(0), of(5), of(900), of(0)]);
        assert_eq!(wait(NOW, &options, NOW.plus(of(5))), of(0));
    }

    #[test]
    fn a_receiver_may_ask_for_silence_but_not_for_ever() {
        let options = WebhookOptions::default();
        let asked = |s| delay(1, Some(Duration::from_secs(s)), &options, 0).as_secs();
        assert_eq!((asked(60), asked(86_400)), (60, 900));
    }
}
