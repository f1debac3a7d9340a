//! What a command prints: lines for people, or one JSON object a line.

use std::io::{self, IsTerminal, Write};

use firstpass_domain::Problem;
use serde::Serialize;

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

    /// One object; nothing for people.
    pub(crate) fn object(self, object: &impl Serialize) {
        if self.json {
            print_line(&serde_json::to_string(object).expect("what we print serialises"));
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
