//! Times and durations on pages. Times are UTC; a script shows them in the browser's zone.

use std::time::Duration;

use firstpass_domain::Timestamp;
use maud::{Markup, html};
use time::OffsetDateTime;

/// A point in time: RFC 3339, UTC, milliseconds.
pub(crate) fn utc(at: Timestamp) -> String {
    with_zone(at, "T", "Z")
}

fn with_zone(at: Timestamp, between: &str, zone: &str) -> String {
    let (seconds, micros) = (at.as_micros().div_euclid(1_000_000), at.as_micros().rem_euclid(1_000_000));
    match OffsetDateTime::from_unix_timestamp(seconds) {
        Ok(date) => {
            let (date, (hour, minute, second)) = (date.date(), date.time().as_hms());
            format!("{date}{between}{hour:02}:{minute:02}:{second:02}.{:03}{zone}", micros / 1000)
        }
        Err(_) => format!("{} µs after 1970", at.as_micros()),
    }
}

/// A point in time on a page.
pub(crate) fn time(at: Timestamp) -> Markup {
    html! { time datetime=(utc(at)) { (with_zone(at, " ", " UTC")) } }
}

/// A point in time for paper, where nobody knows the reader's zone: UTC, to the second.
pub(crate) fn on_paper(at: Timestamp) -> String {
    let text = with_zone(at, " ", "");
    let seconds = text.split_once('.').map_or(text.as_str(), |(seconds, _)| seconds);
    format!("{seconds} UTC")
}

/// A duration as people say it.
pub(crate) fn duration(duration: Duration) -> String {
    let millis = duration.as_millis();
    match millis {
        0..1000 => format!("{millis} ms"),
        1000..60_000 => format!("{}.{} s", millis / 1000, millis % 1000 / 100),
        60_000..3_600_000 => format!("{} min {} s", millis / 60_000, millis % 60_000 / 1000),
        _ => format!("{} h {} min", millis / 3_600_000, millis % 3_600_000 / 60_000),
    }
}
