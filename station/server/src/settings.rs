//! What the configuration tells the server: the section `[server]`.

use std::{net::SocketAddr, path::PathBuf, str::FromStr, time::Duration};

use firstpass_domain::Timestamp;
use serde::Deserialize;

use crate::{labels::PrinterAddress, telemetry::TelemetryOptions, webhooks::WebhookOptions};

/// `[server]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Address and port for people and for other systems.
    pub listen: SocketAddr,
    /// Time for one unit, in seconds: what pages of batches hold units per hour against, where nobody says otherwise.
    pub takt_s: Option<f64>,
    /// Folder of the label templates; without it, those that the program brings along.
    pub labels_dir: Option<PathBuf>,
    /// The label printer, `host:port`.
    pub label_printer: Option<PrinterAddress>,
    /// Template of the label that is printed by itself for every unit that passes; without it, none is.
    pub label_on_pass: Option<String>,
    /// Whether it speaks TLS with the station's certificate. Only a loopback address may do without.
    pub tls: bool,
    /// For how many days a browser that trusts the station's CA speaks nothing but TLS to this host name; 0: it is not told.
    /// It holds for every port of the host: set 0 when another service on it speaks plain HTTP.
    pub hsts_days: u32,
    /// After how many hours a login with a password ends in any case.
    pub session_hours: u32,
    /// After how many minutes without use a login ends. A live page is use.
    pub session_idle_minutes: u32,
    /// After how many hours a login with a badge ends in any case.
    pub badge_session_hours: u32,
    /// When shifts end, as `HH:MM` in UTC: logins with a badge end with them.
    pub shift_ends: Vec<ShiftEnd>,
    /// How much the server takes.
    pub limits: Limits,
    /// How messages to webhooks are sent.
    pub webhooks: WebhookOptions,
    /// Where traces go; the section `[telemetry]`, and so not in this one.
    #[serde(skip)]
    pub telemetry: TelemetryOptions,
    /// Folder for the set-up code and the key of the badges; not in the file, because it is the station's data folder.
    #[serde(skip)]
    pub data_dir: Option<PathBuf>,
}

/// `[server.limits]`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Connections at a time.
    pub connections: usize,
    /// Of these, connections of one address.
    pub connections_per_address: usize,
    /// Requests that are worked on at a time; live streams do not count.
    pub requests: usize,
    /// Requests that a person, a token or a stranger's address may make at once, after a quiet time.
    pub burst: u32,
    /// Requests that each of them may make per second in the long run.
    pub per_second: u32,
    /// Seconds that the head of a request may take, and so how long a connection may be idle.
    pub head_timeout_s: u16,
    /// Seconds that the body of a request may take.
    pub body_timeout_s: u16,
    /// Seconds for which whoever is sent something may take nothing of it.
    pub write_timeout_s: u16,
}

impl Limits {
    pub(crate) fn head_timeout(&self) -> Duration {
        Duration::from_secs(self.head_timeout_s.max(1).into())
    }

    pub(crate) fn body_timeout(&self) -> Duration {
        Duration::from_secs(self.body_timeout_s.max(1).into())
    }

    pub(crate) fn write_timeout(&self) -> Duration {
        Duration::from_secs(self.write_timeout_s.max(1).into())
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            takt_s: None,
            labels_dir: None,
            label_printer: None,
            label_on_pass: None,
            tls: true,
            hsts_days: 7,
            session_hours: 12,
            session_idle_minutes: 60,
            badge_session_hours: 10,
            shift_ends: Vec::new(),
            limits: Limits::default(),
            webhooks: WebhookOptions::default(),
            telemetry: TelemetryOptions::default(),
            data_dir: None,
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 512,
            connections_per_address: 64,
            requests: 128,
            burst: 400,
            per_second: 100,
            head_timeout_s: 60,
            body_timeout_s: 15,
            write_timeout_s: 30,
        }
    }
}

const HOUR: Duration = Duration::from_secs(3600);
const MINUTE: Duration = Duration::from_secs(60);

impl Settings {
    pub(crate) fn session_life(&self) -> Duration {
        HOUR.saturating_mul(self.session_hours)
    }

    pub(crate) fn badge_session_life(&self) -> Duration {
        HOUR.saturating_mul(self.badge_session_hours)
    }

    pub(crate) fn session_idle(&self) -> Duration {
        MINUTE.saturating_mul(self.session_idle_minutes)
    }
}

/// A time of day in UTC, to the minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct ShiftEnd {
    minutes: i64,
}

const DAY_MICROS: i64 = 86_400_000_000;
const MINUTE_MICROS: i64 = 60_000_000;

impl ShiftEnd {
    /// The next time that it is so late, after `now`.
    pub(crate) const fn next(self, now: Timestamp) -> Timestamp {
        let today = now.as_micros() - now.as_micros().rem_euclid(DAY_MICROS) + self.minutes * MINUTE_MICROS;
        Timestamp::from_micros(if today > now.as_micros() { today } else { today + DAY_MICROS })
    }
}

impl FromStr for ShiftEnd {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parse = |(hours, minutes): (&str, &str)| {
            let (hours, minutes) = (hours.parse::<u8>().ok()?, minutes.parse::<u8>().ok()?);
            (hours < 24 && minutes < 60).then_some(i64::from(hours) * 60 + i64::from(minutes))
        };
        let minutes = text.split_once(':').and_then(parse);
        minutes.map(|minutes| Self { minutes }).ok_or_else(|| format!("{text:?} is no time of day like 14:00"))
    }
}

impl TryFrom<String> for ShiftEnd {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shift_ends_next_today_or_tomorrow() {
        let end: ShiftEnd = "14:30".parse().unwrap();
        let at =
            |hours: i64, minutes: i64| Timestamp::from_micros(DAY_MICROS * 3 + (hours * 60 + minutes) * MINUTE_MICROS);
        assert_eq!(end.next(at(6, 0)), at(14, 30));
        assert_eq!(end.next(at(14, 30)), at(38, 30));
        assert_eq!(end.next(at(23, 59)), at(38, 30));
    }

    #[test]
    fn only_times_of_day_end_a_shift() {
        for text in ["24:00", "12:60", "noon", "12", "-1:00", ""] {
            assert!(text.parse::<ShiftEnd>().is_err(), "{text}");
        }
    }
}
