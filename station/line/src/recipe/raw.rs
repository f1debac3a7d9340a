//! The recipe file as it is written: shapes and names only.

use std::{collections::BTreeMap, path::Path};

use serde::Deserialize;
use toml::Spanned;

use super::error::{RecipeError, Source};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawRecipe {
    pub(super) name: Spanned<String>,
    pub(super) injection: firstpass_domain::Injection,
    pub(super) unit: RawUnit,
    pub(super) flash: RawFlash,
    #[serde(default)]
    pub(super) nvs: RawNvs,
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
    pub(super) repeat_passed: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawFlash {
    #[serde(default = "default_baud")]
    pub(super) baud: Spanned<u32>,
    pub(super) bootloader: Spanned<String>,
    pub(super) partition_table: Spanned<String>,
    pub(super) app: Spanned<String>,
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
    pub(super) serial_prefix: Option<Spanned<String>>,
    pub(super) wifi_ssid: Option<Spanned<String>>,
    pub(super) wifi_pass: Option<Spanned<RawSecret>>,
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

/// Where a secret comes from. A secret itself never stands in a recipe.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum RawSecret {
    /// An environment variable of the station.
    Env(String),
    /// A file, relative to the recipe; one trailing line end is taken off.
    File(String),
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
    #[serde(default)]
    pub(super) keep_auth_code: bool,
    pub(super) code_lifetime_s: Option<Spanned<u64>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawProof {
    pub(super) presence: bool,
    pub(super) ping: bool,
}

impl Default for RawProof {
    fn default() -> Self {
        Self { presence: true, ping: true }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawTimeouts {
    pub(super) identify_s: Option<Spanned<u64>>,
    pub(super) flash_s: Option<Spanned<u64>>,
    pub(super) boot_s: Option<Spanned<u64>>,
    pub(super) provision_s: Option<Spanned<u64>>,
    pub(super) connect_s: Option<Spanned<u64>>,
    pub(super) attest_s: Option<Spanned<u64>>,
    pub(super) ota_s: Option<Spanned<u64>>,
}

/// Flashing baud rate when the recipe names none.
const DEFAULT_BAUD: u32 = 921_600;

fn default_baud() -> Spanned<u32> {
    Spanned::new(0..0, DEFAULT_BAUD)
}

/// Reads the text; an unknown key or a wrong type is an error at its place.
pub(super) fn parse(path: &Path, text: &str) -> Result<RawRecipe, RecipeError> {
    toml::from_str(text).map_err(|error| {
        let span = error.span().unwrap_or(0..0);
        let remedy = "Mend this place; docs/recipes.md names every key, configs/recipes has examples.";
        Source { path, text }.error(span, "recipe_invalid", error.message().replace('\n', " "), remedy)
    })
}
