//! Serial number patterns: fixed text, parts of the date, a number that counts, and a check digit.
//!
//! `FP{number:08}` makes FP00000001; `FP{yy}{ww}-{number:05}{luhn}` makes FP2647-000018. Knows no record: whoever keeps
//! one counts the number.

mod check;
mod parse;

use std::{fmt, str::FromStr};

use thiserror::Error;

use crate::{SerialNumber, Timestamp, ids::serde_as_text, time::Date};

use check::Check;

/// Largest number that a pattern takes; 12 digits.
pub const NUMBER_MAX: u64 = 999_999_999_999;
/// Digits of a number that has none named in a pattern before patterns were: `FP{number:08}`.
const PREFIX_DIGITS: usize = 8;

/// How serial numbers of a product look. Parsed once; what it was parsed from is what it prints.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SerialPattern {
    text: String,
    parts: Vec<Part>,
    check: Option<Check>,
}

/// A piece of a serial number. Dates are those of UTC.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Part {
    /// As it stands.
    Text(String),
    /// `{number:05}`: the number, in at least so many digits.
    Number { digits: usize },
    /// `{yyyy}`.
    Year,
    /// `{yy}`.
    ShortYear,
    /// `{mm}`.
    Month,
    /// `{ww}`: week by ISO 8601. Years beside it are the week's, which differ from the calendar's around New Year.
    Week,
}

impl SerialPattern {
    /// The pattern `{prefix}{number:08}`.
    pub fn numbered(prefix: &str) -> Result<Self, SerialPatternError> {
        format!("{prefix}{{number:0{PREFIX_DIGITS}}}").parse()
    }

    /// The serial number of `number`, given at `now`; `None` when the number is larger than [`NUMBER_MAX`].
    pub fn serial(&self, number: u64, now: Timestamp) -> Option<SerialNumber> {
        if number > NUMBER_MAX {
            return None;
        }
        let date = self.date(now);
        let mut text = String::new();
        for part in &self.parts {
            text.push_str(&part.render(number, date));
        }
        if let Some(check) = self.check {
            text.push(check.digit(&text));
        }
        Some(SerialNumber::new(text).expect("a pattern is parsed only when its longest serial number is one"))
    }

    /// Whether the check digit of a serial number is right, so that a mistyped one is noticed; `true` without a check.
    pub fn is_intact(&self, serial: &SerialNumber) -> bool {
        let Some(check) = self.check else { return true };
        let mut body = serial.as_str().to_owned();
        let digit = body.pop();
        digit == Some(check.digit(&body))
    }

    /// Name of the counter that its numbers come from: one for each pattern. It goes on over weeks and years, so that a
    /// number stands for one unit whatever the date. `FP{number:08}` counts under `FP`.
    pub fn counter(&self) -> &str {
        match (self.parts.as_slice(), self.check) {
            ([Part::Text(prefix), Part::Number { digits: PREFIX_DIGITS }], None) => prefix,
            ([Part::Number { digits: PREFIX_DIGITS }], None) => "",
            (_, _) => &self.text,
        }
    }

    fn date(&self, now: Timestamp) -> Date {
        if self.parts.contains(&Part::Week) { now.week_date() } else { now.date() }
    }
}

impl Part {
    fn render(&self, number: u64, date: Date) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Number { digits } => format!("{number:0digits$}"),
            Self::Year => format!("{:04}", date.year),
            Self::ShortYear => format!("{:02}", date.year.rem_euclid(100)),
            Self::Month => format!("{:02}", date.month),
            Self::Week => format!("{:02}", date.week),
        }
    }
}

impl fmt::Display for SerialPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for SerialPattern {
    type Err = SerialPatternError;

    fn from_str(text: &str) -> Result<Self, SerialPatternError> {
        parse::pattern(text)
    }
}

serde_as_text!(SerialPattern);

/// A text is no serial number pattern.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("serial number pattern {pattern:?}, character {at}: {fault}")]
pub struct SerialPatternError {
    /// The text.
    pub pattern: String,
    /// Which character, from 1.
    pub at: usize,
    /// What is wrong there.
    pub fault: PatternFault,
}

/// What is wrong with a pattern.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PatternFault {
    /// A character that no serial number has.
    #[error("{0:?} is no letter, digit, '-', '_', '.' or '/'")]
    Character(char),
    /// `{` without `}`.
    #[error("the field is not closed with '}}'")]
    Unclosed,
    /// A field that there is not.
    #[error(
        "{{{0}}} is none of {{number:01}} to {{number:12}}, {{yyyy}}, {{yy}}, {{mm}}, {{ww}}, {{luhn}} and {{mod36}}"
    )]
    UnknownField(String),
    /// A second number.
    #[error("the number may stand only once")]
    SecondNumber,
    /// No number.
    #[error("without {{number:08}} or the like, all serial numbers would be the same")]
    NoNumber,
    /// Month and week.
    #[error("{{mm}} and {{ww}} do not go together: a week may lie in two months")]
    MonthAndWeek,
    /// Something follows the check digit.
    #[error("the check digit must stand last")]
    CheckNotLast,
    /// A lower-case letter with `{mod36}`.
    #[error("{{mod36}} checks capital letters and digits; {0:?} is a small letter")]
    SmallLetter(char),
    /// Too long for a serial number.
    #[error("its longest serial number has more than 64 characters")]
    TooLong,
}

#[cfg(test)]
mod tests;
