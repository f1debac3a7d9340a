//! What was heard, as text that people can read and two records can be compared by.

use std::fmt;

/// Bytes of a packet that the record shows.
const SHOWN_MAX: usize = 48;
const HEADER: &str = "\
# What the ROM loader of an ESP32-C3 (v0.3) answers, as it runs in Espressif's emulator. Written by
# FIRSTPASS_WRITE_TRANSCRIPT=1 cargo test -p tests --test stories the_record_is_what
#
# Each step: the bytes that were sent; the answers (command, value, data with the four bytes of status, how often);
# text that came outside of frames; and whether the loader answers the command after it.
";

/// One step of a session, as it went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) sent: String,
    pub(super) heard: Vec<String>,
    pub(super) then: Then,
}

/// What becomes of the commands after a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Then {
    /// The next one is answered.
    Answers,
    /// So many are lost before one is answered.
    Swallows(usize),
    /// None is answered.
    Silent,
}

/// All sessions.
#[derive(Debug, Default)]
pub(super) struct Record(Vec<(String, Vec<Entry>)>);

impl Record {
    pub(super) fn add(&mut self, name: &str, entries: Vec<Entry>) {
        self.0.push((name.to_owned(), entries));
    }

    pub(super) fn session(&self, name: &str) -> Option<&[Entry]> {
        self.0.iter().find(|(found, _)| found == name).map(|(_, entries)| &entries[..])
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| &name[..])
    }

    /// Reads what [`fmt::Display`] writes.
    pub(super) fn parse(text: &str) -> Self {
        let mut record = Self::default();
        for line in text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
            let (mark, rest) = line.split_once(' ').unwrap_or((line, ""));
            if mark == "==" {
                record.0.push((rest.to_owned(), Vec::new()));
                continue;
            }
            let entries = &mut record.0.last_mut().expect("steps stand below their session").1;
            if mark == "*" {
                let (name, heard) = (rest.to_owned(), Vec::new());
                entries.push(Entry { name, sent: String::new(), heard, then: Then::Answers });
                continue;
            }
            let entry = entries.last_mut().expect("what was heard stands below its step");
            match mark {
                ">" => entry.sent = rest.to_owned(),
                "<" => entry.heard.push(rest.to_owned()),
                "then" => entry.then = Then::parse(rest),
                other => panic!("{other} begins no line of a record"),
            }
        }
        record
    }
}

impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(HEADER)?;
        for (name, entries) in &self.0 {
            writeln!(f, "\n== {name}")?;
            entries.iter().try_for_each(|entry| write!(f, "{entry}"))?;
        }
        Ok(())
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "* {}", self.name)?;
        writeln!(f, "> {}", self.sent)?;
        self.heard.iter().try_for_each(|heard| writeln!(f, "< {heard}"))?;
        match self.then {
            Then::Answers => Ok(()),
            Then::Swallows(count) => writeln!(f, "then swallows {count}"),
            Then::Silent => writeln!(f, "then silent"),
        }
    }
}

impl Then {
    fn parse(text: &str) -> Self {
        match text.strip_prefix("swallows ") {
            Some(count) => Self::Swallows(count.parse().expect("a count")),
            None => {
                assert_eq!(text, "silent", "this is how a loader can be");
                Self::Silent
            }
        }
    }
}

/// What was sent, shortened.
pub(super) fn sent(bytes: &[u8]) -> String {
    let more = if bytes.len() > SHOWN_MAX { format!("… ({} bytes)", bytes.len()) } else { String::new() };
    hex::encode(&bytes[..bytes.len().min(SHOWN_MAX)]) + &more
}

/// The first step that went otherwise, as a report; `None` when all went as expected.
pub(super) fn first_difference(expected: &[Entry], heard: &[Entry]) -> Option<String> {
    let count = expected.len().max(heard.len());
    let show = |entry: Option<&Entry>| entry.map_or("nothing\n".to_owned(), ToString::to_string);
    let pairs = (0..count).map(|index| (expected.get(index), heard.get(index)));
    let (expected, heard) = pairs.into_iter().find(|(expected, heard)| expected != heard)?;
    Some(format!("on record:\n{}heard:\n{}", show(expected), show(heard)))
}
