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
    /// The receiver was not reached, which says nothing of the message.
    Unreached(String),
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
        // Too slow, too early, too many: the message is not the cause.
        408 | 425 | 429 => Outcome::Failed { words, retry_after },
        400..=499 => Outcome::Refused(words),
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
        Outcome::Unreached(words) if now.since(standing.made) >= age_max(options) => {
            Next::Park(format!("{words}, for {} hours", options.hours_max))
        }
        Outcome::Unreached(words) => Next::Again { counts: false, words, due: due(None) },
    }
}

fn age_max(options: &WebhookOptions) -> Duration {
    Duration::from_secs(u64::from(options.hours_max) * 3600)
}

/// Doubles with every failure in a row, up to the longest; the half of it is left to chance, so that stations that lost
/// the same receiver do not come back together.
fn delay(failures: u32, retry_after: Option<Duration>, options: &WebhookOptions, chance: u64) -> Duration {
    let longest = Duration::from_secs(options.longest_delay_s.max(1).into());
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
        for (status, parked) in [(400, true), (401, true), (404, true), (410, true), (408, false), (429, false)] {
            let next = after(outcome(status, None), 0, 1);
            assert_eq!(matches!(next, Next::Park(_)), parked, "{status}: {next:?}");
        }
        for (tries, parked) in [(0, false), (10, false), (11, true)] {
            let next = after(outcome(500, None), tries, 1);
            assert_eq!(matches!(next, Next::Park(_)), parked, "after {tries}: {next:?}");
        }
        assert!(matches!(after(outcome(302, None), 0, 1), Next::Again { counts: true, .. }), "no redirect is followed");
        assert_eq!(after(outcome(204, None), 11, 1), Next::Sent("HTTP 204".to_owned()));
    }

    #[test]
    fn a_receiver_that_is_away_is_waited_for_and_not_for_ever() {
        let away = || Outcome::Unreached("refused".to_owned());
        assert!(matches!(after(away(), 0, 1000), Next::Again { counts: false, .. }));
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
    fn a_receiver_may_ask_for_silence_but_not_for_ever() {
        let options = WebhookOptions::default();
        let asked = |s| delay(1, Some(Duration::from_secs(s)), &options, 0).as_secs();
        assert_eq!((asked(60), asked(86_400)), (60, 900));
    }
}
