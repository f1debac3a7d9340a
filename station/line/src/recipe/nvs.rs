//! What a recipe puts into NVS, checked against the limits of NVS and of the unit's buffers.

use firstpass_contract::{Secret, limits, nvs as keys};
use firstpass_device::{FlashLayout, NvsEntry, NvsValue};
use toml::Spanned;

use super::{
    NvsPlan,
    error::{RecipeError, Source},
    files,
    raw::{RawEntry, RawNvs, RawSecret},
};

/// Prefix of serial numbers when the recipe names none.
const SERIAL_PREFIX: &str = "SN";
/// Longest prefix, in bytes.
const SERIAL_PREFIX_MAX: usize = 32;

/// Checks the section `[nvs]`.
pub(super) fn plan(
    source: Source<'_>,
    raw: RawNvs,
    layout: &FlashLayout,
    table: &Spanned<String>,
) -> Result<NvsPlan, RecipeError> {
    let place = layout.nvs().map_err(|error| files::unfit(source, table, "partition_table", &error))?;
    let namespace = match raw.namespace {
        Some(name) => {
            check_key(source, &name)?;
            name.into_inner()
        }
        None => keys::NAMESPACE.to_owned(),
    };
    let extra = raw.extra.into_iter().map(|(key, entry)| extra_entry(source, &namespace, key, entry));
    let extra = extra.collect::<Result<_, _>>()?;
    let wifi_ssid = raw.wifi_ssid.map(|ssid| fits(source, &ssid, limits::WIFI_SSID).map(|()| ssid.into_inner()));
    Ok(NvsPlan {
        extra,
        offset: place.offset,
        len: place.len,
        serial_prefix: serial_prefix(source, raw.serial_prefix)?,
        wifi_ssid: wifi_ssid.transpose()?,
        wifi_pass: raw.wifi_pass.map(|secret| resolve(source, &secret)).transpose()?,
        namespace,
    })
}

fn serial_prefix(source: Source<'_>, prefix: Option<Spanned<String>>) -> Result<String, RecipeError> {
    let Some(prefix) = prefix else { return Ok(SERIAL_PREFIX.to_owned()) };
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/');
    if prefix.get_ref().len() <= SERIAL_PREFIX_MAX && prefix.get_ref().chars().all(legal) {
        return Ok(prefix.into_inner());
    }
    let what = format!("{:?} is no prefix of serial numbers", prefix.get_ref());
    let remedy = format!("Write at most {SERIAL_PREFIX_MAX} letters, digits, '-', '_', '.' or '/'.");
    Err(source.error(prefix.span(), "recipe_value", what, remedy))
}

fn check_key(source: Source<'_>, key: &Spanned<String>) -> Result<(), RecipeError> {
    keys::check_key(key.get_ref()).map_err(|error| {
        let what = format!("{:?}: {error}", key.get_ref());
        source.error(key.span(), "nvs_key", what, format!("Use a name of at most {} characters.", keys::KEY_LEN_MAX))
    })
}

fn fits(source: Source<'_>, text: &Spanned<String>, field: limits::TextField) -> Result<(), RecipeError> {
    field.check(text.get_ref()).map_err(|error| {
        source.error(text.span(), "value_too_long", error.to_string(), "Shorten it; the unit cannot hold it.")
    })
}

/// Takes a secret from where the recipe says.
fn resolve(source: Source<'_>, secret: &Spanned<RawSecret>) -> Result<Secret, RecipeError> {
    let text = match secret.get_ref() {
        RawSecret::Env(name) => std::env::var(name).map_err(|_| {
            let what = format!("the environment variable {name} is not set");
            source.error(
                secret.span(),
                "secret_missing",
                what,
                "Set it for the station, or take the secret from a file.",
            )
        })?,
        RawSecret::File(path) => {
            let file = files::load(source, &Spanned::new(secret.span(), path.clone()))?;
            let text = String::from_utf8_lossy(&file.bytes).into_owned();
            text.strip_suffix('\n').map_or(text.clone(), |line| line.trim_end_matches('\r').to_owned())
        }
    };
    fits(source, &Spanned::new(secret.span(), text.clone()), limits::WIFI_PASS)?;
    Ok(Secret::new(text))
}

/// One entry of `[nvs.extra]`.
fn extra_entry(
    source: Source<'_>,
    namespace: &str,
    key: Spanned<String>,
    entry: RawEntry,
) -> Result<NvsEntry, RecipeError> {
    check_key(source, &key)?;
    if keys::ALL_KEYS.contains(&key.get_ref().as_str()) {
        let what = format!("{:?} is a key of the device contract", key.get_ref());
        return Err(source.error(key.span(), "nvs_key", what, "The line writes it by itself; leave it out."));
    }
    let value = value(source, &entry)?;
    Ok(NvsEntry { namespace: namespace.to_owned(), key: key.into_inner(), value })
}

fn value(source: Source<'_>, entry: &RawEntry) -> Result<NvsValue, RecipeError> {
    let (kind, value) = (entry.kind.get_ref().as_str(), entry.value.get_ref());
    let wrong = || {
        let what = format!("{value} is no value of type {kind:?}");
        let remedy = "Types are str, i8, u8, i16, u16, i32, u32, i64 and u64; numbers must fit theirs.";
        source.error(entry.value.span(), "nvs_value", what, remedy)
    };
    if kind == "str" {
        let text = value.as_str().ok_or_else(wrong)?;
        if text.len() >= keys::STRING_MAX || text.contains('\0') {
            let what = format!("the text is {} bytes long; NVS holds {}", text.len(), keys::STRING_MAX - 1);
            return Err(source.error(entry.value.span(), "value_too_long", what, "Shorten it."));
        }
        return Ok(NvsValue::Str(Secret::new(text)));
    }
    let number = value.as_integer().ok_or_else(wrong)?;
    number_of(kind, number).ok_or_else(wrong)
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
