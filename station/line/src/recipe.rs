//! Recipes: what a product is made of and what it must prove, read from TOML.
//!
//! Reading never writes. Every error names file, line, column and remedy.

mod check;
mod error;
mod files;
mod nvs;
mod raw;

use std::{
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use firstpass_contract::Secret;
use firstpass_device::{NvsEntry, Region};
use firstpass_domain::{Policy, Sha256Digest};
use firstpass_store::{ImageRecord, RecipeRecord};
use uuid::Uuid;

pub use error::RecipeError;

/// Longest recipe file, in bytes.
const RECIPE_BYTES_MAX: u64 = 1024 * 1024;

/// A recipe that was read and checked, with its images in memory.
#[derive(Debug, Clone)]
pub struct Recipe {
    /// Name in the file.
    pub name: String,
    /// Where it was read from.
    pub path: PathBuf,
    /// The file's text, as it goes on record.
    pub text: String,
    /// Key on record: over the text and the policy, and so over every image.
    pub hash: Sha256Digest,
    /// What the verdict depends on.
    pub policy: Policy,
    /// Baud rate for flashing.
    pub baud: u32,
    /// Regions that are the same for every unit, in the order in which they are written.
    pub regions: Vec<Region>,
    /// The images as they go on record.
    pub images: Vec<ImageRecord>,
    /// What goes into the NVS partition.
    pub nvs: NvsPlan,
    /// How the unit is provisioned.
    pub provision: ProvisionPlan,
    /// Time limits per step.
    pub timeouts: Timeouts,
}

/// What goes into the NVS partition besides identity.
#[derive(Debug, Clone)]
pub struct NvsPlan {
    /// Namespace of the session.
    pub namespace: String,
    /// First byte of the partition in flash.
    pub offset: u32,
    /// Size of the partition in bytes.
    pub len: u32,
    /// Prefix of the serial numbers.
    pub serial_prefix: String,
    /// Wi-Fi network name.
    pub wifi_ssid: Option<String>,
    /// Wi-Fi passphrase.
    pub wifi_pass: Option<Secret>,
    /// Further entries of the same namespace.
    pub extra: Vec<NvsEntry>,
}

/// How the unit is provisioned.
#[derive(Debug, Clone)]
pub struct ProvisionPlan {
    /// Base URL without trailing slash; `None` is this station's.
    pub url: Option<String>,
    /// Workspace of the request.
    pub workspace_id: Uuid,
    /// Workspace part of topics.
    pub workspace_slug: String,
    /// Template of the request.
    pub template_id: Option<String>,
    /// How long an auth code is valid.
    pub code_lifetime: Duration,
}

/// Time limits per step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// From connecting to knowing the unit.
    pub identify: Duration,
    /// For writing and verifying everything.
    pub flash: Duration,
    /// From reset to the app.
    pub boot: Duration,
    /// From the app to a provisioned session.
    pub provision: Duration,
    /// From the session to the proof of life.
    pub connect: Duration,
    /// For reading back and comparing.
    pub attest: Duration,
}

impl Recipe {
    /// Reads and checks the recipe at `path`; image paths in it are relative to its folder.
    pub fn load(path: &Path) -> Result<Self, RecipeError> {
        let bytes =
            files::read_bounded(path, RECIPE_BYTES_MAX).map_err(|source| RecipeError::unreadable(path, &source))?;
        let text = String::from_utf8(bytes)
            .map_err(|error| RecipeError::unreadable(path, &io::Error::new(io::ErrorKind::InvalidData, error)))?;
        let raw = raw::parse(path, &text)?;
        check::check(path, text, raw)
    }

    /// The recipe as it goes on record.
    pub fn record(&self) -> RecipeRecord {
        RecipeRecord { hash: self.hash, name: self.name.clone(), text: self.text.clone(), policy: self.policy.clone() }
    }
}
