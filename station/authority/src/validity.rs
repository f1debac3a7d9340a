//! From when until when a certificate counts.

use std::time::Duration;

use firstpass_domain::Timestamp;
use time::OffsetDateTime;

use crate::AuthorityError;

/// How far a new certificate's start lies in the past, so that a unit whose clock is a little behind takes it.
pub(crate) const BACKDATE: Duration = Duration::from_secs(60 * 60);

const MICROS_PER_SECOND: i64 = 1_000_000;

/// A span of time in whole seconds, as certificates write it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Validity {
    pub(crate) not_before: Timestamp,
    pub(crate) not_after: Timestamp,
}

impl Validity {
    /// From a little before `now`, for `life`.
    pub(crate) fn starting(now: Timestamp, life: Duration) -> Self {
        let backdate = i64::try_from(BACKDATE.as_micros()).expect("an hour fits");
        let start = Timestamp::from_micros(now.as_micros().saturating_sub(backdate).max(0));
        Self { not_before: whole_seconds(start), not_after: whole_seconds(now.plus(life)) }
    }

    /// The part of it that lies within the issuer's.
    pub(crate) fn within(self, issuer: Self) -> Self {
        Self { not_before: self.not_before.max(issuer.not_before), not_after: self.not_after.min(issuer.not_after) }
    }

    /// Refuses a time at which the certificate `name` does not count.
    pub(crate) fn check(self, name: &'static str, now: Timestamp) -> Result<(), AuthorityError> {
        let Self { not_before, not_after } = self;
        if now < not_before {
            return Err(AuthorityError::ClockBeforeCertificate { name, now, not_before });
        }
        if now > not_after {
            return Err(AuthorityError::Expired { name, now, not_after });
        }
        Ok(())
    }

    /// Whether `now` lies in the last third of it, or after it.
    pub(crate) fn is_ending(self, now: Timestamp) -> bool {
        self.not_after.since(now) <= self.not_after.since(self.not_before) / 3
    }
}

/// A certificate's form of a time. Times that X.509 cannot write (beyond the year 9999) become its last one.
pub(crate) fn to_date(time: Timestamp) -> OffsetDateTime {
    const LAST: i64 = 253_402_300_799;
    let seconds = time.as_micros().div_euclid(MICROS_PER_SECOND).clamp(0, LAST);
    OffsetDateTime::from_unix_timestamp(seconds).expect("every second up to the year 9999 is a date")
}

/// Our form of a certificate's time, from seconds since 1970.
pub(crate) fn from_unix(seconds: i64) -> Timestamp {
    Timestamp::from_micros(seconds.saturating_mul(MICROS_PER_SECOND))
}

/// How people read a time.
pub(crate) fn in_words(time: Timestamp) -> String {
    let date = to_date(time);
    format!("{} {:02}:{:02}:{:02} UTC", date.date(), date.hour(), date.minute(), date.second())
}

fn whole_seconds(time: Timestamp) -> Timestamp {
    from_unix(to_date(time).unix_timestamp())
}
