//! What people write into forms, parsed once. Every refusal says which field and what goes there.

use axum::http::StatusCode;
use firstpass_domain::{IdError, SlotId};

use crate::problem::{Answer, HttpProblem};

/// Longest reason, in characters.
pub(super) const REASON_MAX: usize = 200;
/// Longest name of a work order, in bytes.
pub(super) const NAME_MAX: usize = 128;
/// Largest order.
pub(super) const QUANTITY_MAX: u32 = 10_000_000;
/// Most slots that are started at once: as many as a station has.
const SLOTS_MAX: usize = 64;

/// A form as it is sent, names more than once included.
pub(super) type Sent = Vec<(String, String)>;

/// The fields of a form.
#[derive(Debug, Default)]
pub(super) struct Fields(Sent);

impl Fields {
    /// Out of a request.
    pub(super) const fn of(sent: Sent) -> Self {
        Self(sent)
    }

    /// What stands in a field, without space around it; nothing when there is no such field.
    pub(super) fn text(&self, name: &str) -> &str {
        self.0.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value.trim())
    }

    /// Why it is done: a person's words, which an auditor reads.
    pub(super) fn reason(&self) -> Answer<&str> {
        let reason = self.text("reason");
        let length = reason.chars().count();
        if reason.chars().any(char::is_control) || !(1..=REASON_MAX).contains(&length) {
            let why = format!("The reason has {length} characters, and must have 1 to {REASON_MAX} on one line.");
            return Err(refused("reason", why, "Say why; it goes on record with your name."));
        }
        Ok(reason)
    }

    /// The name of a work order.
    pub(super) fn name(&self) -> Answer<&str> {
        let name = self.text("name");
        if !(1..=NAME_MAX).contains(&name.len()) || name.chars().any(char::is_control) {
            let why = format!("A name has 1 to {NAME_MAX} bytes and no control characters.");
            return Err(refused("name", why, "Write the number of the work order."));
        }
        Ok(name)
    }

    /// A text that may be left out.
    pub(super) fn label(&self, name: &str) -> Answer<&str> {
        let text = self.text(name);
        if text.len() > NAME_MAX || text.chars().any(char::is_control) {
            let why = format!("The {name} has at most {NAME_MAX} bytes and no control characters.");
            return Err(refused(name, why, "Write less."));
        }
        Ok(text)
    }

    /// A number of units; `None` when the field is empty.
    pub(super) fn units(&self, name: &str) -> Answer<Option<u32>> {
        let text = self.text(name);
        if text.is_empty() {
            return Ok(None);
        }
        let number = text.parse().ok().filter(|number| (1..=QUANTITY_MAX).contains(number));
        let wrong = || {
            let why = format!("The {name} is {text:?}, and must be a whole number from 1 to {QUANTITY_MAX}.");
            refused(name, why, "Write a number of units, or leave it empty for no limit.")
        };
        number.map(Some).ok_or_else(wrong)
    }

    /// The slots that are ticked; at least one.
    pub(super) fn slots(&self) -> Answer<Vec<SlotId>> {
        let named = self.0.iter().filter(|(name, _)| name == "slot").take(SLOTS_MAX);
        let slots: Result<Vec<SlotId>, IdError> = named.map(|(_, slot)| SlotId::new(slot.as_str())).collect();
        let remedy = "Tick the slots that are to work on this batch.";
        match slots {
            Ok(slots) if slots.is_empty() => Err(refused("slot", "No slot is named.", remedy)),
            Ok(slots) => Ok(slots),
            Err(error) => Err(refused("slot", format!("{error}."), remedy)),
        }
    }
}

/// A field that cannot be taken. The code tells which one.
fn refused(field: &str, why: impl Into<String>, remedy: &str) -> HttpProblem {
    let what = format!("The {field} cannot be taken.");
    HttpProblem::new(StatusCode::UNPROCESSABLE_ENTITY, &format!("{field}_invalid"), what, why, remedy)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(pairs: &[(&str, &str)]) -> Fields {
        Fields(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    }

    fn code<T>(answer: Answer<T>) -> String {
        answer.err().unwrap().problem.code
    }

    #[test]
    fn a_number_of_units_is_whole_positive_and_bounded() {
        for text in ["0", "-1", "1.5", "1e3", "many", "4294967296", "10000001"] {
            assert_eq!(code(fields(&[("quantity", text)]).units("quantity")), "quantity_invalid", "{text}");
        }
        assert_eq!(fields(&[("quantity", " 500 ")]).units("quantity").unwrap(), Some(500));
        assert_eq!(fields(&[("quantity", " ")]).units("quantity").unwrap(), None);
        assert_eq!(fields(&[]).units("quota").unwrap(), None);
    }

    #[test]
    fn a_reason_is_one_line_that_says_something() {
        for text in ["", "   ", "two\nlines", &"x".repeat(201)] {
            assert_eq!(code(fields(&[("reason", text)]).reason()), "reason_invalid", "{text:?}");
        }
        assert_eq!(fields(&[("reason", " cable changed ")]).reason().unwrap(), "cable changed");
    }

    #[test]
    fn slots_may_be_named_more_than_once_in_a_form_and_must_be_slots() {
        let two = fields(&[("slot", "A1"), ("reason", "shift begins"), ("slot", "A2")]).slots().unwrap();
        assert_eq!(two.iter().map(ToString::to_string).collect::<Vec<_>>(), ["A1", "A2"]);
        assert_eq!(code(fields(&[]).slots()), "slot_invalid");
        assert_eq!(code(fields(&[("slot", "")]).slots()), "slot_invalid");
    }
}
