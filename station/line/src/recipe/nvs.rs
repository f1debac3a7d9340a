//! What a recipe puts into NVS, checked against the limits of NVS and of the unit's buffers.

mod value;

use std::path::PathBuf;

use firstpass_contract::{Secret, limits, nvs as keys};
use firstpass_device::{NvsEntry, partition::PartitionInfo};
use firstpass_domain::serial::SerialPattern;
use toml::Spanned;

use super::{
    NvsPlan,
    error::{RecipeError, Source},
    raw::{RawEntry, RawNvs},
    secret::{SECRET_FORMS, SecretError, SecretSource},
};

/// Prefix of serial numbers when the recipe names neither pattern nor prefix.
const SERIAL_PREFIX: &str = "SN";
/// Longest prefix, in bytes.
const SERIAL_PREFIX_MAX: usize = 32;

/// Checks the section `[nvs]`.
pub(super) fn plan(source: Source<'_>, raw: &RawNvs, place: &PartitionInfo) -> Result<NvsPlan, RecipeError> {
    let namespace = namespace(source, raw.namespace.as_ref())?.unwrap_or_else(|| keys::NAMESPACE.to_owned());
    let mut read = Read::default();
    let entries = raw.extra.iter().map(|(key, entry)| extra_entry(source, &namespace, key, entry, &mut read));
    let extra = entries.collect::<Result<_, _>>()?;
    let ssid = raw.wifi_ssid.as_ref();
    let wifi_ssid = ssid.map(|ssid| fits(source, ssid, limits::WIFI_SSID).map(|()| ssid.get_ref().clone()));
    let wifi_pass = raw.wifi_pass.as_ref().map(|pass| wifi_pass(source, pass, &mut read));
    Ok(NvsPlan {
        offset: place.offset,
        len: place.len,
        serial: serial(source, raw)?,
        wifi_ssid: wifi_ssid.transpose()?,
        wifi_pass: wifi_pass.transpose()?,
        namespace,
        extra,
        endpoint: None,
        secrets: read.secrets,
        secret_files: read.files,
    })
}

/// Secrets that a recipe refers to, and the files that they came from.
#[derive(Default)]
struct Read {
    secrets: Vec<Secret>,
    files: Vec<PathBuf>,
}

/// A namespace that the recipe names.
pub(super) fn namespace(source: Source<'_>, name: Option<&Spanned<String>>) -> Result<Option<String>, RecipeError> {
    let Some(name) = name else { return Ok(None) };
    check_key(source, name)?;
    Ok(Some(name.get_ref().clone()))
}

/// The pattern of the serial numbers; the older `serial_prefix` is a pattern, too.
fn serial(source: Source<'_>, raw: &RawNvs) -> Result<SerialPattern, RecipeError> {
    match (&raw.serial, &raw.serial_prefix) {
        (Some(_), Some(old)) => {
            let what = "serial and serial_prefix say the same thing twice";
            Err(source.conflict(old.span(), what, "Take serial_prefix out."))
        }
        (Some(pattern), None) => pattern.get_ref().parse().map_err(|error| {
            let remedy = "Write a pattern such as FP{number:08} or FP{yy}{ww}-{number:05}{luhn}.";
            source.error(pattern.span(), "recipe_serial", format!("{error}"), remedy)
        }),
        (None, Some(prefix)) => serial_prefix(source, prefix),
        (None, None) => Ok(SerialPattern::numbered(SERIAL_PREFIX).expect("the default prefix makes a pattern")),
    }
}

fn serial_prefix(source: Source<'_>, prefix: &Spanned<String>) -> Result<SerialPattern, RecipeError> {
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/');
    let text = prefix.get_ref();
    let fits = text.len() <= SERIAL_PREFIX_MAX && text.chars().all(legal);
    fits.then(|| SerialPattern::numbered(text).ok()).flatten().ok_or_else(|| {
        let what = format!("{text:?} is no prefix of serial numbers");
        let remedy = format!("Write at most {SERIAL_PREFIX_MAX} letters, digits, '-', '_', '.' or '/'.");
        source.error(prefix.span(), "recipe_value", what, remedy)
    })
}

/// A name that can be an NVS key or namespace.
pub(super) fn check_key(source: Source<'_>, key: &Spanned<String>) -> Result<(), RecipeError> {
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

fn wifi_pass(source: Source<'_>, value: &Spanned<toml::Value>, read: &mut Read) -> Result<Secret, RecipeError> {
    let secret = resolve(source, value, read)?;
    limits::WIFI_PASS.check(secret.expose()).map_err(|error| {
        source.error(value.span(), "value_too_long", error.to_string(), "Shorten it; the unit cannot hold it.")
    })?;
    Ok(secret)
}

/// Takes a secret from where the recipe says. What stands there instead is in no error.
fn resolve(source: Source<'_>, value: &Spanned<toml::Value>, read: &mut Read) -> Result<Secret, RecipeError> {
    let form = || {
        let remedy = format!("Write {SECRET_FORMS}.");
        if value.get_ref().is_table() {
            return source.error(value.span(), "recipe_invalid", "this names no place to take a secret from", remedy);
        }
        source.error(value.span(), "secret_in_file", "a secret stands here in words", remedy)
    };
    let from = value.get_ref().clone().try_into::<SecretSource>().map_err(|_| form())?;
    let base = source.path.parent().unwrap_or(source.path);
    read.files.extend(from.path(base));
    let missing = |error: SecretError| source.error(value.span(), "secret_missing", error.to_string(), error.remedy());
    let secret = from.read(base).map_err(missing)?;
    read.secrets.push(secret.clone());
    Ok(secret)
}

/// One entry of `[nvs.extra]`.
fn extra_entry(
    source: Source<'_>,
    namespace: &str,
    key: &Spanned<String>,
    entry: &RawEntry,
    read: &mut Read,
) -> Result<NvsEntry, RecipeError> {
    check_key(source, key)?;
    if keys::ALL_KEYS.contains(&key.get_ref().as_str()) {
        let what = format!("{:?} is a key of the device contract", key.get_ref());
        return Err(source.error(key.span(), "nvs_key", what, "The line writes it by itself; leave it out."));
    }
    let value = if entry.value.get_ref().is_table() {
        value::text(source, entry, resolve(source, &entry.value, read)?)?
    } else {
        value::written(source, entry)?
    };
    Ok(NvsEntry::new(namespace, key.get_ref(), value))
}
