//! What a person is shown when something is wrong.

use std::fmt;

use serde::Serialize;

/// Code, what, why and remedy: the same words in the command line, the API and the pages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// Stable code, such as `port_busy`.
    pub code: String,
    /// What happened, one sentence.
    pub what: String,
    /// Why, with what was seen.
    pub why: String,
    /// What to do next.
    pub remedy: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} [{}]\n  why:    {}\n  remedy: {}", self.what, self.code, self.why, self.remedy)
    }
}
