//! The recipe file as it is written: shapes and names only.

mod stages;
mod values;

use std::{collections::BTreeMap, path::Path};

use firstpass_domain::{Injection, KnownUnit};
use serde::Deserialize;
use toml::Spanned;

use super::{
    error::{RecipeError, Source},
    literal,
    secret::SECRET_FORMS,
};

pub(super) use self::{
    stages::{RawField, RawLwm2m, RawOffer, RawOta, RawParameter, RawPatch, RawRetry},
    values::{RawBaud, RawTimeouts},
};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawRecipe {
    pub(super) name: Spanned<String>,
    pub(super) injection: Spanned<Injection>,
    pub(super) unit: RawUnit,
    pub(super) retry: Option<RawRetry>,
    pub(super) flash: RawFlash,
    pub(super) field: Option<Spanned<RawField>>,
    pub(super) ota: Option<RawOta>,
    #[serde(default)]
    pub(super) nvs: RawNvs,
    pub(super) lwm2m: Option<Spanned<RawLwm2m>>,
    pub(super) provision: RawProvision,
    #[serde(default)]
    pub(super) proof: RawProof,
    #[serde(default)]
    pub(super) timeouts: RawTimeouts,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawUnit {
    pub(super) chip: Spanned<String>,
    pub(super) min_revision: Option<Spanned<String>>,
    pub(super) flash_size: Spanned<String>,
    #[serde(default)]
    pub(super) max_attempts: u32,
    #[serde(default)]
    pub(super) max_batch_attempts: u32,
    pub(super) known_unit: Option<Spanned<KnownUnit>>,
    /// The older name of `known_unit = "reissue"`.
    pub(super) repeat_passed: Option<Spanned<bool>>,
    #[serde(default)]
    pub(super) refuse_provisioned: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawFlash {
    pub(super) baud: Option<Spanned<RawBaud>>,
    pub(super) bootloader: Spanned<String>,
    pub(super) partition_table: Spanned<String>,
    pub(super) app: Spanned<String>,
    pub(super) patch: Option<RawPatch>,
    #[serde(default)]
    pub(super) data: Vec<RawData>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawData {
    pub(super) partition: Spanned<String>,
    pub(super) file: Spanned<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawNvs {
    pub(super) namespace: Option<Spanned<String>>,
    pub(super) serial: Option<Spanned<String>>,
    /// The older form of `serial`: what stands before eight digits.
    pub(super) serial_prefix: Option<Spanned<String>>,
    pub(super) wifi_ssid: Option<Spanned<String>>,
    pub(super) wifi_pass: Option<Spanned<toml::Value>>,
    #[serde(default)]
    pub(super) extra: BTreeMap<Spanned<String>, RawEntry>,
}

/// A further NVS entry: `key = { type = "u16", value = 7 }`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawEntry {
    #[serde(rename = "type")]
    pub(super) kind: Spanned<String>,
    pub(super) value: Spanned<toml::Value>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawProvision {
    pub(super) url: Option<Spanned<String>>,
    pub(super) workspace_id: Spanned<String>,
    pub(super) workspace_slug: Spanned<String>,
    pub(super) template_id: Option<String>,
    #[serde(default)]
    pub(super) client_certificate: bool,
    pub(super) keep_auth_code: Option<Spanned<bool>>,
    pub(super) code_lifetime_s: Option<Spanned<u64>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawProof {
    pub(super) presence: bool,
    pub(super) hold_ms: Option<Spanned<u32>>,
    pub(super) ping: bool,
}

impl Default for RawProof {
    fn default() -> Self {
        Self { presence: true, ping: true, hold_ms: None }
    }
}

impl RawProvision {
    /// Whether the code may remain, and where the recipe says so.
    pub(super) fn keeps_code(&self) -> Option<std::ops::Range<usize>> {
        self.keep_auth_code.as_ref().filter(|keep| *keep.get_ref()).map(Spanned::span)
    }
}

/// Reads the text; an unknown key or a wrong type is an error at its place. A secret in it is told before all else, so
/// that no other error can show it.
pub(super) fn parse(path: &Path, text: &str) -> Result<RawRecipe, RecipeError> {
    let source = Source { path, text };
    if let Some(found) = literal::find(text, literal::Kind::Recipe) {
        return Err(source.error(
            found.span,
            "secret_in_file",
            format!("a secret stands here: {}", found.why),
            remedy(),
        ));
    }
    toml::from_str(text).map_err(|error| {
        let span = error.span().unwrap_or(0..0);
        let remedy = "Mend this place; docs/recipes.md names every key, configs/recipes has examples.";
        source.error(span, "recipe_invalid", error.message().replace('\n', " "), remedy)
    })
}

fn remedy() -> String {
    format!("Write {SECRET_FORMS} instead, and change the secret if others may have read this file.")
}
