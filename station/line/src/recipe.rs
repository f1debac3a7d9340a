//! Recipes: what a product is made of and what it must prove, read from TOML.
//!
//! Reading never writes. Every error names file, line, column and remedy.

mod check;
mod error;
mod field;
mod files;
pub mod literal;
mod lwm2m;
mod nvs;
mod ota;
mod patch;
mod plan;
mod product;
mod provision;
mod rates;
mod raw;
mod secret;
mod shelf;
mod unit;

use std::{
    io,
    path::{Path, PathBuf},
};

use firstpass_device::Region;
use firstpass_domain::{KnownUnit, Policy, Sha256Digest, policy::NVS_REGION};
use firstpass_store::{ImageRecord, RecipeRecord};

pub use error::RecipeError;
pub use plan::{FieldStage, NvsPlan, OtaOffer, PatchPlan, ProvisionPlan, Timeouts, UnitText};
pub use secret::{SECRET_FORMS, SecretError, SecretSource};
pub use shelf::{Shelf, ShelfEntry};

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
    /// Baud rates for flashing, the fastest first; never empty.
    pub bauds: Vec<u32>,
    /// Regions that are the same for every unit, in the order in which they are written.
    pub regions: Vec<Region>,
    /// The partition table that a unit must have already, where it is not written: the repair of a unit.
    pub layout: Option<Region>,
    /// The images as they go on record.
    pub images: Vec<ImageRecord>,
    /// What goes into the NVS partition.
    pub nvs: NvsPlan,
    /// The app that takes the unit's code; present exactly with injection `image`, and then not among `regions`.
    pub patch: Option<PatchPlan>,
    /// The second stage, after the unit has proved its session.
    pub field: Option<FieldStage>,
    /// The update that the provisioning answer offers.
    pub ota: Option<OtaOffer>,
    /// How the unit is provisioned.
    pub provision: ProvisionPlan,
    /// Time limits per step.
    pub timeouts: Timeouts,
}

impl Recipe {
    /// Reads and checks the recipe at `path`; image paths in it are relative to its folder.
    pub fn load(path: &Path) -> Result<Self, RecipeError> {
        let bytes =
            files::read_bounded(path, RECIPE_BYTES_MAX).map_err(|source| RecipeError::unreadable(path, &source))?;
        let text = String::from_utf8(bytes)
            .map_err(|error| RecipeError::unreadable(path, &io::Error::new(io::ErrorKind::InvalidData, error)))?;
        let raw = raw::parse(path, &text)?;
        check::check(path, text, &raw)
    }

    /// The recipe as it goes on record.
    pub fn record(&self) -> RecipeRecord {
        RecipeRecord { hash: self.hash, name: self.name.clone(), text: self.text.clone(), policy: self.policy.clone() }
    }

    /// The recipe that repairs a unit's credentials: a unit that has passed before gets a new identity. Its runs are no
    /// attempts, and their passes are none of the unit's: how it stands stays as it was.
    ///
    /// Where the app takes its code from NVS, only that partition is written; no other region, and so not the app, is
    /// written or judged, and the unit must be laid out as the recipe says. Where the code is in the app, or a field image cannot provision, the whole recipe is done.
    #[must_use]
    pub fn reprovision(&self) -> Self {
        let mut repair = self.clone();
        repair.policy.known_unit = KnownUnit::Reissue;
        repair.policy.refuse_provisioned = false;
        repair.policy.repair = true;
        (repair.policy.max_attempts, repair.policy.max_batch_attempts) = (0, 0);
        if self.patch.is_none() && self.field.is_none() {
            repair.layout = self.regions.iter().find(|region| region.name == product::TABLE_REGION).cloned();
            repair.regions.clear();
            repair.images.clear();
            repair.policy.regions.retain(|region| region.name == NVS_REGION);
            repair.policy.app = None;
            repair.policy.search_flash = false;
        }
        repair.hash = repair.policy.recipe_hash(&repair.text);
        repair
    }

    /// The recipe for a golden unit's check: the whole recipe on a unit that is known already, with a new identity. As
    /// with a repair, its run says nothing of the unit, but of the slot; nor does it set the unit aside. It is not tried again: what came out came out.
    #[must_use]
    pub fn golden(&self) -> Self {
        let mut golden = self.clone();
        golden.policy.known_unit = KnownUnit::Reissue;
        golden.policy.refuse_provisioned = false;
        (golden.policy.repair, golden.policy.golden) = (true, true);
        golden.policy.retry = None;
        (golden.policy.max_attempts, golden.policy.max_batch_attempts) = (0, 0);
        golden.hash = golden.policy.recipe_hash(&golden.text);
        golden
    }
}

/// Reads `text` as a recipe file and says what is wrong with it. For fuzzing only: no image is looked at.
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub fn fuzz(text: &str) {
    if let Err(error) = raw::parse(Path::new("fuzz.toml"), text) {
        let _ = error.problem();
    }
}
