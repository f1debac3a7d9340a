//! Values of a recipe's further NVS entries: numbers of a type, and texts.

use firstpass_contract::{Secret, nvs as keys};
use firstpass_device::NvsValue;

use crate::recipe::{
    error::{RecipeError, Source},
    raw::RawEntry,
};

/// A value that stands in the recipe.
pub(super) fn written(source: Source<'_>, entry: &RawEntry) -> Result<NvsValue, RecipeError> {
    let (kind, value) = (entry.kind.get_ref().as_str(), entry.value.get_ref());
    if let (true, Some(value)) = (kind == "str", value.as_str()) {
        return text(source, entry, Secret::new(value));
    }
    value.as_integer().and_then(|number| number_of(kind, number)).ok_or_else(|| wrong(source, entry))
}

/// A text, from the recipe or from where it says.
pub(super) fn text(source: Source<'_>, entry: &RawEntry, value: Secret) -> Result<NvsValue, RecipeError> {
    let text = value.expose();
    if entry.kind.get_ref() != "str" {
        return Err(wrong(source, entry));
    }
    if text.len() >= keys::STRING_MAX || text.contains('\0') {
        let what = format!("the text is {} bytes long, or holds a NUL; NVS takes {}", text.len(), keys::STRING_MAX - 1);
        return Err(source.error(entry.value.span(), "value_too_long", what, "Shorten it."));
    }
    Ok(NvsValue::Str(value))
}

/// Without the value, which may be a secret.
fn wrong(source: Source<'_>, entry: &RawEntry) -> RecipeError {
    let what = format!("this is no value of type {:?}", entry.kind.get_ref());
    let remedy = "Types are str, i8, u8, i16, u16, i32, u32, i64 and u64; numbers must fit theirs.";
    source.error(entry.value.span(), "nvs_value", what, remedy)
}

fn number_of(kind: &str, number: i64) -> Option<NvsValue> {
    Some(match kind {
        "i8" => NvsValue::I8(number.try_into().ok()?),
        "u8" => NvsValue::U8(number.try_into().ok()?),
        "i16" => NvsValue::I16(number.try_into().ok()?),
        "u16" => NvsValue::U16(number.try_into().ok()?),
        "i32" => NvsValue::I32(number.try_into().ok()?),
        "u32" => NvsValue::U32(number.try_into().ok()?),
        "i64" => NvsValue::I64(number),
        "u64" => NvsValue::U64(number.try_into().ok()?),
        _ => return None,
    })
}
