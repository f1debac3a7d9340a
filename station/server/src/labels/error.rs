//! What is wrong with a label template, and where; and what keeps a good one from being filled.

use std::ops::Range;

use firstpass_domain::Problem;

/// A template cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TemplateError {
    /// The template's file.
    pub(crate) file: String,
    /// Line, from 1; 0 when the file itself could not be read.
    pub(crate) line: usize,
    /// Column in characters, from 1; 0 when the file itself could not be read.
    pub(crate) column: usize,
    /// What is wrong.
    pub(crate) what: String,
    /// What to do.
    pub(crate) remedy: String,
}

impl TemplateError {
    pub(super) fn unreadable(file: &str, why: impl std::fmt::Display) -> Self {
        let remedy = "Check the file; label templates are TOML files in UTF-8.".to_owned();
        Self { file: file.to_owned(), line: 0, column: 0, what: format!("it cannot be read: {why}"), remedy }
    }

    /// For people.
    pub(crate) fn problem(&self) -> Problem {
        let place = match self.line {
            0 => self.file.clone(),
            line => format!("{}, line {line}, column {}", self.file, self.column),
        };
        Problem {
            code: "label_template".to_owned(),
            what: format!("The label template cannot be used: {}.", self.what),
            why: place,
            remedy: self.remedy.clone(),
        }
    }
}

/// A template's file and text, to turn byte ranges into places.
#[derive(Debug, Clone, Copy)]
pub(super) struct Source<'a> {
    pub(super) file: &'a str,
    pub(super) text: &'a str,
}

impl Source<'_> {
    /// An error at the start of `span`.
    pub(super) fn error(self, span: Range<usize>, what: impl Into<String>, remedy: impl Into<String>) -> TemplateError {
        let before = &self.text[..self.text.floor_char_boundary(span.start)];
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
        TemplateError { file: self.file.to_owned(), line, column, what: what.into(), remedy: remedy.into() }
    }
}

/// A good template cannot be filled for this unit.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub(crate) enum FillError {
    /// The record has nothing to put there.
    #[error("The record has no {name} of this unit")]
    NoValue {
        /// Name of the placeholder.
        name: &'static str,
    },
    /// A text does not fit, even at the smallest size.
    #[error("{text:?} does not fit into {width_mm:.1} mm")]
    TextTooLong {
        /// The text.
        text: String,
        /// The width that it has.
        width_mm: f64,
    },
    /// A character that no label can show.
    #[error("The character {character:?} cannot be printed")]
    NoGlyph {
        /// Which one.
        character: char,
    },
    /// A code holds too much for its size, so that no scanner would read it.
    #[error("The code with {len} characters is too dense for {size_mm:.1} mm at this resolution")]
    CodeTooDense {
        /// Length of its data.
        len: usize,
        /// Size of the code.
        size_mm: f64,
    },
    /// A code takes printable ASCII only.
    #[error("A code cannot hold the character {character:?}")]
    CodeCharacter {
        /// Which one.
        character: char,
    },
}

impl FillError {
    /// For people.
    pub(crate) fn problem(&self) -> Problem {
        let remedy = match self {
            Self::NoValue { .. } => "Use a template without this placeholder, or provide what it stands for.",
            Self::TextTooLong { .. } => "Give the text more width_mm or a smaller size_mm in the template.",
            Self::NoGlyph { .. } => "Use Latin, Greek or Cyrillic letters in product, batch and template.",
            Self::CodeTooDense { .. } => "Give the code more size_mm, or put less into it.",
            Self::CodeCharacter { .. } => "Put only letters, digits and signs of ASCII into codes.",
        };
        Problem {
            code: "label_cannot_be_filled".to_owned(),
            what: "The label cannot be made for this unit.".to_owned(),
            why: format!("{self}."),
            remedy: remedy.to_owned(),
        }
    }
}
