//! What a recipe says of units: which ones are taken, how often, and what becomes of one that comes back.

use std::str::FromStr;

use firstpass_domain::{Chip, DiagnosisCode, FlashSize, IdError, KnownUnit, NextAction, RetryPolicy, Revision};
use toml::Spanned;

use super::{
    RecipeError,
    error::Source,
    raw::{RawRetry, RawUnit},
};

/// Further runs that a unit may have without leaving its slot, at most.
const RETRIES_MAX: u32 = 10;

/// The section `[unit]`.
pub(super) struct UnitPlan {
    pub(super) chip: Chip,
    pub(super) flash_size: FlashSize,
    pub(super) min_revision: Option<Revision>,
    pub(super) known_unit: KnownUnit,
}

/// Checks the section `[unit]`.
pub(super) fn plan(source: Source<'_>, raw: &RawUnit) -> Result<UnitPlan, RecipeError> {
    let min_revision = raw.min_revision.as_ref().map(|revision| parse::<Revision>(source, revision)).transpose()?;
    Ok(UnitPlan {
        chip: parse(source, &raw.chip)?,
        flash_size: parse(source, &raw.flash_size)?,
        min_revision,
        known_unit: known_unit(source, raw)?,
    })
}

/// Reads the older `repeat_passed` as well, but not beside `known_unit`.
fn known_unit(source: Source<'_>, raw: &RawUnit) -> Result<KnownUnit, RecipeError> {
    match (&raw.known_unit, &raw.repeat_passed) {
        (Some(_), Some(old)) => {
            let what = "known_unit and repeat_passed say the same thing twice";
            Err(source.conflict(old.span(), what, "Take repeat_passed out; its true is known_unit = \"reissue\"."))
        }
        (Some(known), None) => Ok(*known.get_ref()),
        (None, Some(old)) if *old.get_ref() => Ok(KnownUnit::Reissue),
        (None, Some(_) | None) => Ok(KnownUnit::Refuse),
    }
}

/// Checks the section `[retry]`.
pub(super) fn retry(source: Source<'_>, raw: &RawRetry) -> Result<RetryPolicy, RecipeError> {
    let max = *raw.max.get_ref();
    if !(1..=RETRIES_MAX).contains(&max) {
        let remedy = format!("Write 1 to {RETRIES_MAX}, or take [retry] out.");
        return Err(source.error(raw.max.span(), "recipe_value", format!("{max} retries make no sense"), remedy));
    }
    let codes = raw.codes.iter().map(|code| retried_code(source, code)).collect::<Result<_, _>>()?;
    Ok(RetryPolicy { max, codes })
}

/// A failure that may be tried again: not one after which the unit, the slot or the line must wait for a person.
fn retried_code(source: Source<'_>, text: &Spanned<String>) -> Result<DiagnosisCode, RecipeError> {
    let Some(code) = DiagnosisCode::ALL.iter().find(|code| code.name() == text.get_ref()) else {
        let what = format!("{:?} is no diagnosis", text.get_ref());
        let remedy = "Write a code such as no_answer; docs/diagnoses.md lists them.";
        return Err(source.error(text.span(), "recipe_value", what, remedy));
    };
    let waits = match code.next_action() {
        NextAction::RetryHere | NextAction::Rework => return Ok(*code),
        NextAction::Quarantine => "puts the unit into quarantine",
        NextAction::StopSlot => "stops the slot",
        NextAction::StopLine => "stops the line",
    };
    let what = format!("{} cannot be tried again: it {waits} until a person has looked", code.name());
    Err(source.conflict(text.span(), what, "Take the code out of the list."))
}

/// Parses a text by its type, at its place.
fn parse<T: FromStr<Err = IdError>>(source: Source<'_>, text: &Spanned<String>) -> Result<T, RecipeError> {
    text.get_ref().parse().map_err(|error: IdError| {
        source.error(text.span(), "recipe_value", error.to_string(), format!("Write {}.", error.expected))
    })
}
