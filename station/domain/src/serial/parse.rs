//! Parses a pattern, and names the place of what is wrong with it.

use super::{NUMBER_MAX, Part, PatternFault, SerialPattern, SerialPatternError, check::Check};
use crate::{SerialNumber, Timestamp};

/// Most digits that a number may be given.
const DIGITS_MAX: usize = 12;

/// A field between braces.
enum Field {
    Part(Part),
    Check(Check),
}

struct Parser<'a> {
    text: &'a str,
    parts: Vec<Part>,
    check: Option<Check>,
}

pub(super) fn pattern(text: &str) -> Result<SerialPattern, SerialPatternError> {
    let mut parser = Parser { text, parts: Vec::new(), check: None };
    let mut at = 0;
    while at < text.len() {
        at = parser.take(at).map_err(|fault| parser.error(at, fault))?;
    }
    parser.finish()
}

impl Parser<'_> {
    /// Takes the character or field at `at`; returns where the next one begins.
    fn take(&mut self, at: usize) -> Result<usize, PatternFault> {
        if self.check.is_some() {
            return Err(PatternFault::CheckNotLast);
        }
        let rest = &self.text[at..];
        let Some(inner) = rest.strip_prefix('{') else { return self.take_text(rest).map(|len| at + len) };
        let end = inner.find('}').ok_or(PatternFault::Unclosed)?;
        match field(&inner[..end])? {
            Field::Part(part) => self.push(part)?,
            Field::Check(check) => self.check = Some(check),
        }
        Ok(at + end + "{}".len())
    }

    fn take_text(&mut self, rest: &str) -> Result<usize, PatternFault> {
        let len = rest.find('{').unwrap_or(rest.len());
        // One character at a time, so that the place of a wrong one is known.
        let character = rest[..len].chars().next().expect("the text does not begin with a field, and is not empty");
        if SerialNumber::new(character.to_string()).is_err() {
            return Err(PatternFault::Character(character));
        }
        match self.parts.last_mut() {
            Some(Part::Text(text)) => text.push(character),
            Some(Part::Number { .. } | Part::Year | Part::ShortYear | Part::Month | Part::Week) | None => {
                self.parts.push(Part::Text(character.to_string()));
            }
        }
        Ok(character.len_utf8())
    }

    fn push(&mut self, part: Part) -> Result<(), PatternFault> {
        let has = |wanted: fn(&Part) -> bool| self.parts.iter().any(wanted);
        match part {
            Part::Number { .. } if has(|part| matches!(part, Part::Number { .. })) => {
                return Err(PatternFault::SecondNumber);
            }
            Part::Month if has(|part| *part == Part::Week) => return Err(PatternFault::MonthAndWeek),
            Part::Week if has(|part| *part == Part::Month) => return Err(PatternFault::MonthAndWeek),
            Part::Text(_) | Part::Number { .. } | Part::Year | Part::ShortYear | Part::Month | Part::Week => {}
        }
        self.parts.push(part);
        Ok(())
    }

    fn finish(self) -> Result<SerialPattern, SerialPatternError> {
        let end = self.text.len();
        if !self.parts.iter().any(|part| matches!(part, Part::Number { .. })) {
            return Err(self.error(end, PatternFault::NoNumber));
        }
        if self.check == Some(Check::Mod36)
            && let Some((at, letter)) = self.small_letter()
        {
            return Err(self.error(at, PatternFault::SmallLetter(letter)));
        }
        let longest: usize = self.parts.iter().map(longest).sum::<usize>() + usize::from(self.check.is_some());
        if SerialNumber::new("0".repeat(longest)).is_err() {
            return Err(self.error(end, PatternFault::TooLong));
        }
        Ok(SerialPattern { text: self.text.to_owned(), parts: self.parts, check: self.check })
    }

    /// The first small letter that is no part of a field.
    fn small_letter(&self) -> Option<(usize, char)> {
        let mut in_field = false;
        self.text.char_indices().find(|(_, c)| {
            in_field = (in_field || *c == '{') && *c != '}';
            !in_field && c.is_ascii_lowercase()
        })
    }

    fn error(&self, at: usize, fault: PatternFault) -> SerialPatternError {
        let at = self.text[..at].chars().count() + 1;
        SerialPatternError { pattern: self.text.to_owned(), at, fault }
    }
}

/// Characters of a part with the largest number.
fn longest(part: &Part) -> usize {
    part.render(NUMBER_MAX, Timestamp::from_micros(0).date()).len()
}

fn field(name: &str) -> Result<Field, PatternFault> {
    let part = match name {
        "yyyy" => Part::Year,
        "yy" => Part::ShortYear,
        "mm" => Part::Month,
        "ww" => Part::Week,
        "luhn" => return Ok(Field::Check(Check::Luhn)),
        "mod36" => return Ok(Field::Check(Check::Mod36)),
        _ => Part::Number { digits: digits(name).ok_or_else(|| PatternFault::UnknownField(name.to_owned()))? },
    };
    Ok(Field::Part(part))
}

/// Digits of a field such as `number:08`. Two digits always, so that a pattern has one spelling.
fn digits(name: &str) -> Option<usize> {
    let width = name.strip_prefix("number:").filter(|width| width.len() == 2 && !width.starts_with('+'))?;
    width.parse().ok().filter(|digits| (1..=DIGITS_MAX).contains(digits))
}
