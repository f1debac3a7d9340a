//! What a command prints: lines for people, or one JSON object a line.

use std::io::{self, IsTerminal, Write};

use firstpass_domain::{Problem, Timestamp};
use serde::Serialize;
use time::OffsetDateTime;

use crate::exit::Failure;

/// The program's standard output.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Output {
    json: bool,
}

impl Output {
    pub(crate) const fn new(json: bool) -> Self {
        Self { json }
    }

    pub(crate) const fn is_json(self) -> bool {
        self.json
    }

    /// Whether progress bars make sense.
    pub(crate) fn is_live(self) -> bool {
        !self.json && io::stderr().is_terminal()
    }

    /// One object with `--json`, or else the text.
    pub(crate) fn say(self, object: &impl Serialize, text: impl FnOnce() -> String) {
        if self.json {
            self.object(object);
        } else {
            print_line(&text());
        }
    }

    /// One item of a list that may be long. `false` when nobody reads any more (`| head`), so that the list can stop.
    pub(crate) fn row(self, object: &impl Serialize, text: impl FnOnce() -> String) -> Result<bool, Failure> {
        let line = if self.json { to_json(object) } else { text() };
        written(writeln!(io::stdout(), "{line}"))
    }

    /// One object; nothing for people.
    pub(crate) fn object(self, object: &impl Serialize) {
        if self.json {
            print_line(&to_json(object));
        }
    }

    /// A sentence on standard error for people; nothing with `--json`, whose objects say the same.
    pub(crate) fn note(self, text: &str) {
        if !self.json {
            let _ = writeln!(io::stderr(), "{text}");
        }
    }

    /// A problem, on standard error for people.
    pub(crate) fn problem(self, problem: &Problem) {
        #[derive(Serialize)]
        struct Envelope<'a> {
            problem: &'a Problem,
        }
        if self.json {
            self.object(&Envelope { problem });
        } else {
            let _ = writeln!(io::stderr(), "error: {problem}");
        }
    }
}

/// A closed pipe (`| head`) is the reader's wish, not an error.
fn print_line(line: &str) {
    let _ = writeln!(io::stdout(), "{line}");
}

fn to_json(object: &impl Serialize) -> String {
    serde_json::to_string(object).expect("what we print serialises")
}

/// Tells a reader that went away (`false`) from output that was lost.
pub(crate) fn written(result: io::Result<()>) -> Result<bool, Failure> {
    match result {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
        Err(error) => {
            let remedy = "Check that the disk or the program that takes the output has room.";
            Err(Failure::station("output_failed", "The output cannot be written.", format!("{error}."), remedy))
        }
    }
}

/// A point in time as people and scripts read it: RFC 3339, UTC, milliseconds.
pub(crate) fn utc(at: Timestamp) -> String {
    let (seconds, micros) = (at.as_micros().div_euclid(1_000_000), at.as_micros().rem_euclid(1_000_000));
    match OffsetDateTime::from_unix_timestamp(seconds) {
        Ok(date) => {
            let (date, (hour, minute, second)) = (date.date(), date.time().as_hms());
            format!("{date}T{hour:02}:{minute:02}:{second:02}.{:03}Z", micros / 1000)
        }
        Err(_) => format!("{} µs after 1970", at.as_micros()),
    }
}
