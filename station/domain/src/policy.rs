//! What a recipe demands of a unit: all that the verdict depends on, kept on record with every run.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{DiagnosisCode, FlashSize, IdError, NextAction, Sha256Digest, Step};

/// What must be true of a unit before it passes. Serialised as JSON on record, and hashed so: fields are only ever added,
/// with a default that is left out of the JSON, or else the hashes of older recipes would change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// How the unit gets its identity.
    pub injection: Injection,
    /// The chip that the images are for.
    pub chip: Chip,
    /// Oldest silicon revision that the images run on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_revision: Option<Revision>,
    /// Flash that the product is built with.
    pub flash_size: FlashSize,
    /// Runs that one unit may have until it passes, this one included; 0 means no limit. A pass and a release from
    /// quarantine begin the count anew.
    #[serde(default)]
    pub max_attempts: u32,
    /// The same in one batch.
    #[serde(default, skip_serializing_if = "is_default")]
    pub max_batch_attempts: u32,
    /// Which failures are tried again without the unit leaving its slot; `None` means none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry: Option<RetryPolicy>,
    /// What becomes of a unit that has passed before.
    #[serde(default, skip_serializing_if = "is_default")]
    pub known_unit: KnownUnit,
    /// Whether a unit whose NVS already holds a complete session, which is not on record here, is refused.
    #[serde(default, skip_serializing_if = "is_default")]
    pub refuse_provisioned: bool,
    /// Whether the unit must connect with its own client certificate.
    #[serde(default)]
    pub client_certificate: bool,
    /// Whether the unit must publish its presence (an optional feature of the firmware).
    #[serde(default)]
    pub presence: bool,
    /// How long the connection must hold after everything on it was proved, in milliseconds: a unit that flaps proves
    /// all of it now and then. Of a two-stage recipe, the field image's connection.
    #[serde(default, skip_serializing_if = "is_default")]
    pub hold_ms: u32,
    /// Whether the auth code may remain in NVS after provisioning.
    #[serde(default)]
    pub keep_auth_code: bool,
    /// Every region that must be written and must still hash to what was written at the end.
    pub regions: Vec<RegionPolicy>,
    /// The app that must answer the ping; `None` when the firmware has no `cmd/ping`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app: Option<AppPolicy>,
    /// The second stage: the field image that goes over the factory image once the unit has proved its session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<FieldPolicy>,
    /// The update that the unit must apply after its provisioning; `None` when it is offered none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ota: Option<OtaPolicy>,
    /// Whether every byte of the flash must be accounted for at the end, so that the auth code is nowhere in it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub search_flash: bool,
    /// SHA-256 of the app image that every unit's own is made from (injection `image`). The verdict does not look at it;
    /// it makes another image another recipe.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app_template: Option<Sha256Digest>,
    /// Whether a run only repairs a unit's credentials. It is no attempt, and its pass is none of the unit's: how the unit
    /// stands stays as it was.
    #[serde(default, skip_serializing_if = "is_default")]
    pub repair: bool,
    /// Whether a run is a golden unit's check, which is a repair too: it says whether the slot is good, and sets no unit
    /// aside whatever comes out.
    #[serde(default, skip_serializing_if = "is_default")]
    pub golden: bool,
}

/// The field image of a two-stage recipe. NVS is not among its regions: it stays as the unit left it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldPolicy {
    /// Every region that is written in the second stage and must hold at the end. Named like those of the first stage,
    /// with [`FIELD_PREFIX`] before it. A region here takes the place of the first stage's at the same offset.
    pub regions: Vec<RegionPolicy>,
    /// The app that must answer the ping after the second stage; `None` when the firmware has no `cmd/ping`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app: Option<AppPolicy>,
}

/// What comes before the name of a region of the second stage: `field/app`.
pub const FIELD_PREFIX: &str = "field/";

/// An update that the provisioning answer offers, and that the unit must therefore apply on the same boot.
/// Source: device contract, section 4.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OtaPolicy {
    /// SHA-256 of the whole image file, as in `firmware_checksum_sha256`.
    pub sha256: Sha256Digest,
    /// Its size in bytes.
    pub size: u32,
    /// What must answer the ping after the update. For the same release, what was flashed.
    pub app: AppPolicy,
}

/// Which failures are tried again on the slot, and how often.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetryPolicy {
    /// Further runs at most, while the unit stays where it is.
    pub max: u32,
    /// The failures; when empty, those whose [`crate::NextAction`] in the catalogue is `retry_here`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub codes: Vec<DiagnosisCode>,
}

impl RetryPolicy {
    /// Whether a unit that failed with `code` may run again where it is.
    pub fn allows(&self, code: DiagnosisCode) -> bool {
        if self.codes.is_empty() { code.next_action() == NextAction::RetryHere } else { self.codes.contains(&code) }
    }
}

/// What becomes of a unit that comes back after it has passed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KnownUnit {
    /// It is stopped and explained.
    #[default]
    Refuse,
    /// It runs again and gets a new identity; a pass revokes the old one.
    Reissue,
    /// It runs again with its NVS untouched and keeps session and certificate; it must report `provision skipped`. A
    /// unit without a session on record that may log in runs like a new one.
    Keep,
}

/// Whether a field may be left out of the JSON.
fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// A flash region of the recipe.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegionPolicy {
    /// Name, such as `bootloader`, `partition-table`, `app` or `nvs`.
    pub name: String,
    /// First byte in flash.
    pub offset: u32,
    /// Length in bytes.
    pub len: u32,
    /// SHA-256 of the content; `None` when it is made per unit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<Sha256Digest>,
    /// Whether the unit itself writes here after boot (NVS, otadata), so that the hash may change.
    #[serde(default)]
    pub written_by_unit: bool,
}

/// What the running app must say of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppPolicy {
    /// Version in the application description of the image.
    pub version: String,
    /// SHA-256 appended to the image.
    pub sha256: Sha256Digest,
}

impl AppPolicy {
    /// Whether these are its version and its hash, as an app names them of itself.
    pub(crate) fn is_named(&self, version: &str, sha256: &str) -> bool {
        self.version == version && sha256.parse::<Sha256Digest>().is_ok_and(|found| found == self.sha256)
    }
}

/// Name of the region that holds the app.
pub const APP_REGION: &str = "app";
/// Name of the region that is made per unit.
pub const NVS_REGION: &str = "nvs";

impl Policy {
    /// A policy that demands nothing beyond identity, provisioning and connection.
    pub const fn plain(injection: Injection, chip: Chip, flash_size: FlashSize) -> Self {
        Self {
            injection,
            chip,
            min_revision: None,
            flash_size,
            max_attempts: 0,
            max_batch_attempts: 0,
            retry: None,
            known_unit: KnownUnit::Refuse,
            refuse_provisioned: false,
            client_certificate: false,
            presence: false,
            hold_ms: 0,
            keep_auth_code: false,
            regions: Vec::new(),
            app: None,
            field: None,
            ota: None,
            search_flash: false,
            app_template: None,
            repair: false,
            golden: false,
        }
    }

    /// The steps that a run of this recipe takes, in order.
    pub fn steps(&self) -> impl Iterator<Item = Step> + use<> {
        let two_stages = self.field.is_some();
        Step::ALL.into_iter().filter(move |step| two_stages || !matches!(step, Step::FieldFlash | Step::FieldConnect))
    }

    /// Key of a recipe on record: SHA-256 over its text and this policy, which names every image by its hash. So an
    /// image that is built anew makes another recipe, though not a letter of the text changed.
    pub fn recipe_hash(&self, text: &str) -> Sha256Digest {
        let policy = serde_json::to_string(self).expect("a policy is plain data");
        let len = (text.len() as u64).to_be_bytes();
        Sha256Digest::of(&[RECIPE_LABEL, &len, text.as_bytes(), policy.as_bytes()].concat())
    }
}

/// Domain separator of a recipe's hash, with the version of its layout.
const RECIPE_LABEL: &[u8] = b"firstpass-recipe-v1";

/// How a unit gets its identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Injection {
    /// A one-time auth code in NVS; the unit provisions itself over HTTPS.
    Nvs,
    /// A one-time auth code patched into the app's image, for firmware with a compiled-in code; the unit provisions
    /// itself over HTTPS and does not send its MAC.
    Image,
    /// A complete session in NVS, made by the line; the unit reports `provision skipped`.
    Session,
}

macro_rules! chips {
    ($($(#[$doc:meta])* $chip:ident = $name:literal;)*) => {
        /// A chip of the ESP32 family.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "lowercase")]
        pub enum Chip { $($(#[$doc])* $chip,)* }

        impl fmt::Display for Chip {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self { $(Self::$chip => $name,)* })
            }
        }

        impl FromStr for Chip {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                match text {
                    $($name => Ok(Self::$chip),)*
                    _ => Err(IdError::new(text, concat!("a chip: one of", $(" ", $name),*))),
                }
            }
        }
    };
}

chips! {
    /// ESP32.
    Esp32 = "esp32";
    /// ESP32-S2.
    Esp32s2 = "esp32s2";
    /// ESP32-S3.
    Esp32s3 = "esp32s3";
    /// ESP32-C2.
    Esp32c2 = "esp32c2";
    /// ESP32-C3.
    Esp32c3 = "esp32c3";
    /// ESP32-C5.
    Esp32c5 = "esp32c5";
    /// ESP32-C6.
    Esp32c6 = "esp32c6";
    /// ESP32-H2.
    Esp32h2 = "esp32h2";
    /// ESP32-P4.
    Esp32p4 = "esp32p4";
}

/// Silicon revision, printed as `v0.3`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Revision {
    /// Major part.
    pub major: u32,
    /// Minor part.
    pub minor: u32,
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "v{}.{}", self.major, self.minor)
    }
}

impl FromStr for Revision {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let parse = || {
            let (major, minor) = text.strip_prefix('v').unwrap_or(text).split_once('.')?;
            Some(Self { major: major.parse().ok()?, minor: minor.parse().ok()? })
        };
        parse().ok_or_else(|| IdError::new(text, "a chip revision such as v0.3"))
    }
}

crate::ids::serde_as_text!(Revision);
