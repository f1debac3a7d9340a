//! Names and reasons in requests: parsed once, and refused with a remedy. Knows no topic.

use std::{fmt::Display, str::FromStr};

use axum::{
    extract::FromRequestParts,
    http::{StatusCode, request::Parts},
};

use crate::{extract::Path, problem::HttpProblem};

/// Longest text that a person says why with, in characters.
pub(crate) const REASON_MAX: usize = 500;

/// The one parameter of the path, parsed.
pub(crate) struct Named<T>(pub(crate) T);

impl<S: Send + Sync, T: FromStr<Err: Display>> FromRequestParts<S> for Named<T> {
    type Rejection = HttpProblem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, HttpProblem> {
        let Path(text) = Path::<String>::from_request_parts(parts, state).await?;
        parsed(&text).map(Self)
    }
}

/// A text of a request as what it names.
pub(crate) fn parsed<T: FromStr<Err: Display>>(text: &str) -> Result<T, HttpProblem> {
    text.parse().map_err(|error: T::Err| malformed_name(format!("{error}.")))
}

fn malformed_name(why: String) -> HttpProblem {
    HttpProblem::bad_request("name_malformed", why, "Write the name as the station shows it.")
}

/// Why a person does something: not too long, without control characters; may be empty.
pub(crate) fn reason(text: Option<String>) -> Result<String, HttpProblem> {
    let text = text.unwrap_or_default().trim().to_owned();
    if text.chars().count() > REASON_MAX || text.chars().any(char::is_control) {
        let why = format!("A reason has at most {REASON_MAX} characters, and no control characters.");
        return Err(unfit("reason_unfit", why, "Say it shorter, in one line."));
    }
    Ok(text)
}

/// What is understood, and cannot be.
pub(crate) fn unfit(code: &str, why: impl Into<String>, remedy: impl Into<String>) -> HttpProblem {
    let status = StatusCode::UNPROCESSABLE_ENTITY;
    HttpProblem::new(status, code, "The request cannot be carried out.", why, remedy)
}
