//! A run: one attempt to take one unit through the line.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{DiagnosisCode, IdError, Mac, RunId, Sha256Digest, SlotId, StationId, Timestamp};

/// One attempt on one unit, as it stands on record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// Name of the run.
    pub id: RunId,
    /// Station that runs it.
    pub station: StationId,
    /// Fixture position.
    pub slot: SlotId,
    /// The unit, once it is identified.
    pub mac: Option<Mac>,
    /// Which attempt on this unit, from 1; 0 until it is identified, and of a repair. One that was cut is counted no more:
    /// the next has the same number.
    pub attempt: u32,
    /// Hash of the recipe.
    pub recipe: Sha256Digest,
    /// When it began.
    pub began: Timestamp,
    /// When it ended.
    pub ended: Option<Timestamp>,
    /// How it stands.
    pub state: RunState,
    /// Whether it only repairs the unit's credentials, so that its pass is none of the unit's.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub repair: bool,
}

/// How a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum RunState {
    /// In work.
    Open,
    /// Passed: committed, with all evidence on record.
    Passed,
    /// Failed for a reason.
    Failed {
        /// The reason.
        code: DiagnosisCode,
    },
}

/// A step of the line, in order. Source of the names: design, section 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Read chip, revision, flash, MAC and security from the ROM loader.
    Identify,
    /// Check the rules, make what this unit gets.
    Prepare,
    /// Write and verify every region.
    Flash,
    /// Reset to run, wait for the app.
    Boot,
    /// Wait for the unit's own provisioning.
    Provision,
    /// Wait for the broker's proof of life.
    Connect,
    /// Two-stage recipes: write and verify the field image over the factory image, NVS untouched.
    FieldFlash,
    /// Two-stage recipes: wait for `provision skipped` and the proof of life of the field image.
    FieldConnect,
    /// Read back and compare.
    Attest,
}

impl Step {
    /// Every step, in order. A recipe's own are [`crate::Policy::steps`].
    pub const ALL: [Self; 9] = [
        Self::Identify,
        Self::Prepare,
        Self::Flash,
        Self::Boot,
        Self::Provision,
        Self::Connect,
        Self::FieldFlash,
        Self::FieldConnect,
        Self::Attest,
    ];

    /// The step's name, as in `--json` and on record.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Identify => "identify",
            Self::Prepare => "prepare",
            Self::Flash => "flash",
            Self::Boot => "boot",
            Self::Provision => "provision",
            Self::Connect => "connect",
            Self::FieldFlash => "field_flash",
            Self::FieldConnect => "field_connect",
            Self::Attest => "attest",
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Step {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let known = Self::ALL.into_iter().find(|step| step.name() == text);
        known.ok_or_else(|| {
            IdError::new(
                text,
                "a step: identify, prepare, flash, boot, provision, connect, field_flash, field_connect or attest",
            )
        })
    }
}

/// How a step ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepOutcome {
    /// All its evidence is there.
    Done,
    /// It ended the run.
    Failed,
}
