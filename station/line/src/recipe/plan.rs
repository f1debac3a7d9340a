//! The parts of a recipe that was read and checked. Holds no rule.

use std::{path::PathBuf, sync::Arc, time::Duration};

use firstpass_contract::Secret;
use firstpass_device::{NvsEntry, Region, image::Placeholder};
use firstpass_domain::{Sha256Digest, policy::AppPolicy, serial::SerialPattern};
use uuid::Uuid;

/// What goes into the NVS partition besides identity.
#[derive(Debug, Clone)]
pub struct NvsPlan {
    /// Namespace of the session.
    pub namespace: String,
    /// First byte of the partition in flash.
    pub offset: u32,
    /// Size of the partition in bytes.
    pub len: u32,
    /// How serial numbers look.
    pub serial: SerialPattern,
    /// Wi-Fi network name.
    pub wifi_ssid: Option<String>,
    /// Wi-Fi passphrase.
    pub wifi_pass: Option<Secret>,
    /// Further entries of the same namespace.
    pub extra: Vec<NvsEntry>,
    /// A further entry that is each unit's own.
    pub endpoint: Option<UnitText>,
    /// What was read from somewhere else than the recipe: nobody may read it in a log.
    pub secrets: Vec<Secret>,
    /// Files that secrets were read from.
    pub secret_files: Vec<PathBuf>,
}

/// A text entry with the unit's own name in it.
#[derive(Debug, Clone)]
pub struct UnitText {
    /// Its namespace.
    pub namespace: String,
    /// Its key.
    pub key: String,
    /// The text, with `{mac}` or `{serial}` where the unit's goes.
    pub text: String,
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
    /// From the provisioning answer to the updated app.
    pub ota: Duration,
}

/// The app of injection `image`: what is in it and where each unit's code goes.
#[derive(Debug, Clone)]
pub struct PatchPlan {
    /// The text that stands in for the code; it is in the image exactly once, and at least as long as a code.
    pub placeholder: String,
    /// The app, ready to take codes.
    pub app: Arc<Placeholder>,
    /// SHA-256 of the app's file with the placeholder in it.
    pub template: Sha256Digest,
    /// First byte of the app in flash.
    pub offset: u32,
}

/// The second stage: what is written over the factory image. NVS is never among it.
#[derive(Debug, Clone)]
pub struct FieldStage {
    /// Regions in the order in which they are written, named `field/…`.
    pub regions: Vec<Region>,
}

/// The update that the provisioning answer offers.
#[derive(Debug, Clone)]
pub struct OtaOffer {
    /// The image as it is served.
    pub image: Arc<[u8]>,
    /// SHA-256 of the whole file, as in `firmware_checksum_sha256`.
    pub sha256: Sha256Digest,
    /// Its length in bytes.
    pub size: u32,
    /// What answers the ping after the update.
    pub app: AppPolicy,
}
