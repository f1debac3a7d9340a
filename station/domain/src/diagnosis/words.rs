//! What people read of a failure, in their language. Another language is another table: add a file beside `en.rs`, a
//! variant to [`Language`] and its arm below; the tests tell what is missing.

mod en;

use crate::DiagnosisCode;

/// The words of one code in one language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Words {
    /// What happened.
    pub what: &'static str,
    /// The likely cause.
    pub why: &'static str,
    /// What the operator does next.
    pub remedy: &'static str,
}

/// A language of the catalogue.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Language {
    /// English.
    #[default]
    English,
}

impl Language {
    /// Introduces what was seen.
    pub(super) fn seen(self, seen: &str) -> String {
        match self {
            Self::English => format!("Seen: {seen}."),
        }
    }
}

impl DiagnosisCode {
    /// What people read of this code.
    pub const fn words(self, language: Language) -> Words {
        match language {
            Language::English => en::words(self),
        }
    }
}
