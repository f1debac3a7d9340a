//! Shapes of a recipe's sections for retries, patched apps, second stages, updates and factory parameters.

use serde::Deserialize;
use toml::Spanned;

use super::RawData;

/// `[retry]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct RawRetry {
    pub(in super::super) max: Spanned<u32>,
    #[serde(default)]
    pub(in super::super) codes: Vec<Spanned<String>>,
}

/// `[flash.patch]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct RawPatch {
    pub(in super::super) placeholder: Spanned<String>,
}

/// `[field]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct RawField {
    pub(in super::super) app: Spanned<String>,
    pub(in super::super) bootloader: Option<Spanned<String>>,
    #[serde(default)]
    pub(in super::super) data: Vec<RawData>,
}

/// `[ota]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct RawOta {
    pub(in super::super) offer: Spanned<RawOffer>,
    pub(in super::super) image: Option<Spanned<String>>,
}

/// What the provisioning answer offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(in super::super) enum RawOffer {
    /// Nothing.
    Off,
    /// The release that was flashed.
    Same,
    /// A newer one.
    Newer,
}

/// `[lwm2m]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct RawLwm2m {
    pub(in super::super) namespace: Option<Spanned<String>>,
    pub(in super::super) bootstrap_uri: Option<RawParameter>,
    pub(in super::super) server_uri: Option<RawParameter>,
    pub(in super::super) endpoint: Option<RawParameter>,
    pub(in super::super) account_id: Option<RawParameter>,
}

/// A factory parameter and the NVS key that it is written under: `{ key = "bs_uri", value = "coaps://…" }`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct RawParameter {
    pub(in super::super) key: Spanned<String>,
    pub(in super::super) value: Spanned<String>,
}
