//! `station nvs dump`: the entries of an image as a unit would find them. Secrets are shown only when asked for.

use std::path::Path;

use firstpass_contract::nvs as keys;
use firstpass_device::nvs::{self, NvsEntry, NvsValue};
use serde::Serialize;
use serde_json::{Value, json};

use super::{PARTITION_MAX, bounded};
use crate::{
    exit::{Exit, Failure},
    output::Output,
};

/// Keys whose values let somebody act as the unit, in whatever namespace.
const SECRET_KEYS: [&str; 5] = [keys::AUTH_CODE, keys::MQTT_PASSWORD, keys::DHT, keys::KEY_PEM, keys::WIFI_PASS];
/// Bytes of a blob that people are shown; `--json` has them all.
const BLOB_SHOWN: usize = 32;
/// What flash holds where nothing was written.
const ERASED: u8 = 0xff;

/// Prints the entries in the order in which they stand.
pub(super) fn run(image: &Path, secrets: bool, output: Output) -> Result<Exit, Failure> {
    let raw = read(image)?;
    let entries = nvs::read(&raw).map_err(|error| {
        let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}")).unwrap_or_default();
        not_nvs(image, &format!("{error}{cause}"))
    })?;
    // The reader takes damaged pages for empty ones, as a unit does; a person should hear of it.
    if entries.is_empty() && raw.iter().any(|byte| *byte != ERASED) {
        return Err(not_nvs(image, "there is something in it, and no entry that a unit would find"));
    }
    for entry in &entries {
        let view = EntryView::of(entry, secrets);
        if !output.row(&view, || text(entry, &view))? {
            break;
        }
    }
    Ok(Exit::Done)
}

fn read(image: &Path) -> Result<Vec<u8>, Failure> {
    bounded::read(image, u64::from(PARTITION_MAX)).map_err(|error| {
        let why = format!("{}: {error}.", image.display());
        Failure::usage("image_unreadable", "The image cannot be read.", why, "Check the path.")
    })
}

fn not_nvs(image: &Path, why: &str) -> Failure {
    let why = format!("{}: {why}.", image.display());
    let remedy = "Give an NVS partition alone, as `esptool read-flash` reads it at the partition's offset and size; \
                  an encrypted one cannot be read.";
    Failure::usage("image_not_nvs", "This is no NVS partition.", why, remedy)
}

/// What is printed of an entry.
#[derive(Debug, Serialize)]
struct EntryView<'a> {
    namespace: &'a str,
    key: &'a str,
    #[serde(rename = "type")]
    kind: &'static str,
    /// A number, a text, or a blob's hexadecimal digits; `null` for a secret.
    value: Value,
    /// Length of a text or a blob in bytes.
    bytes: Option<usize>,
    /// Whether the value is kept back.
    secret: bool,
}

impl<'a> EntryView<'a> {
    fn of(entry: &'a NvsEntry, secrets: bool) -> Self {
        let secret = !secrets && SECRET_KEYS.contains(&entry.key.as_str());
        let (value, bytes) =
            if secret { (Value::Null, len(&entry.value)) } else { (json(&entry.value), len(&entry.value)) };
        Self { namespace: &entry.namespace, key: &entry.key, kind: entry.value.kind(), value, bytes, secret }
    }
}

fn len(value: &NvsValue) -> Option<usize> {
    match value {
        NvsValue::Str(text) => Some(text.expose().len()),
        NvsValue::Blob(bytes) => Some(bytes.len()),
        NvsValue::U8(_)
        | NvsValue::I8(_)
        | NvsValue::U16(_)
        | NvsValue::I16(_)
        | NvsValue::U32(_)
        | NvsValue::I32(_)
        | NvsValue::U64(_)
        | NvsValue::I64(_) => None,
    }
}

fn json(value: &NvsValue) -> Value {
    match value {
        NvsValue::U8(number) => json!(number),
        NvsValue::I8(number) => json!(number),
        NvsValue::U16(number) => json!(number),
        NvsValue::I16(number) => json!(number),
        NvsValue::U32(number) => json!(number),
        NvsValue::I32(number) => json!(number),
        NvsValue::U64(number) => json!(number),
        NvsValue::I64(number) => json!(number),
        NvsValue::Str(text) => json!(text.expose()),
        NvsValue::Blob(bytes) => json!(hex::encode(bytes)),
    }
}

fn text(entry: &NvsEntry, view: &EntryView<'_>) -> String {
    let EntryView { namespace, key, kind, bytes, secret, .. } = view;
    let value = match (&entry.value, secret, bytes) {
        (_, true, Some(bytes)) => format!("(secret, {bytes} bytes)"),
        (_, true, None) => "(secret)".to_owned(),
        // Line ends and control characters of a unit must not reach the terminal.
        (NvsValue::Str(text), false, _) => format!("{:?}", text.expose()),
        (NvsValue::Blob(bytes), false, _) => blob_text(bytes),
        (_, false, _) => view.value.to_string(),
    };
    format!("{namespace:<16} {key:<16} {kind:<7} {value}")
}

fn blob_text(bytes: &[u8]) -> String {
    match bytes.get(..BLOB_SHOWN) {
        Some(head) if bytes.len() > BLOB_SHOWN => format!("{}… ({} bytes)", hex::encode(head), bytes.len()),
        Some(_) | None => hex::encode(bytes),
    }
}
