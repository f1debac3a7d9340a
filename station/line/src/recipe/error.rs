//! What is wrong with a recipe, and where.

use std::{
    io,
    ops::Range,
    path::{Path, PathBuf},
};

use firstpass_domain::Problem;
use thiserror::Error;

/// A recipe cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{}:{line}:{column}: {what}", path.display())]
pub struct RecipeError {
    /// The recipe's file.
    pub path: PathBuf,
    /// Line, from 1; 0 when the file itself could not be read.
    pub line: usize,
    /// Column in characters, from 1; 0 when the file itself could not be read.
    pub column: usize,
    /// Stable code.
    pub code: &'static str,
    /// What is wrong.
    pub what: String,
    /// What to do.
    pub remedy: String,
}

impl RecipeError {
    /// The recipe's file could not be read.
    pub(super) fn unreadable(path: &Path, source: &io::Error) -> Self {
        Self {
            path: path.to_owned(),
            line: 0,
            column: 0,
            code: "recipe_unreadable",
            what: format!("the recipe cannot be read: {source}"),
            remedy: "Check the path; recipes are TOML files in UTF-8.".to_owned(),
        }
    }

    /// For people.
    pub fn problem(&self) -> Problem {
        let place = if self.line == 0 {
            self.path.display().to_string()
        } else {
            format!("{}, line {}, column {}", self.path.display(), self.line, self.column)
        };
        Problem {
            code: self.code.to_owned(),
            what: format!("The recipe cannot be used: {}.", self.what),
            why: place,
            remedy: self.remedy.clone(),
        }
    }
}

/// A recipe's file and text, to turn byte ranges into places.
#[derive(Debug, Clone, Copy)]
pub(super) struct Source<'a> {
    pub(super) path: &'a Path,
    pub(super) text: &'a str,
}

impl Source<'_> {
    /// An error at the start of `span`.
    pub(super) fn error(
        self,
        span: Range<usize>,
        code: &'static str,
        what: impl Into<String>,
        remedy: impl Into<String>,
    ) -> RecipeError {
        let before = &self.text[..self.text.floor_char_boundary(span.start)];
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
        RecipeError { path: self.path.to_owned(), line, column, code, what: what.into(), remedy: remedy.into() }
    }

    /// Two parts of the recipe that cannot both hold; `span` is the one to change.
    pub(super) fn conflict(
        self,
        span: Range<usize>,
        what: impl Into<String>,
        remedy: impl Into<String>,
    ) -> RecipeError {
        self.error(span, "recipe_conflict", what, remedy)
    }
}
