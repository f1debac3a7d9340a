//! Units, runs, evidence, verdicts and the audit chain, as pure values and functions.
//!
//! Knows no clock, socket, file, database or source of randomness: times and random values come in as parameters.

pub mod access;
pub mod audit;
pub mod diagnosis;
pub mod evidence;
pub mod ids;
pub mod password;
pub mod policy;
pub mod problem;
pub mod run;
pub mod serial;
pub mod time;
pub mod verdict;

pub use access::{Action, Role};
pub use audit::{AuditEntry, AuditKind};
pub use diagnosis::{Diagnosis, DiagnosisCode, Language, NextAction};
pub use evidence::{Evidence, Fact, Witness};
pub use ids::{CodeHash, DeviceId, FlashSize, IdError, Mac, RunId, SerialNumber, Sha256Digest, SlotId, StationId};
pub use password::PasswordVerifier;
pub use policy::{
    AppPolicy, Chip, FieldPolicy, Injection, KnownUnit, OtaPolicy, Policy, RegionPolicy, RetryPolicy, Revision,
};
pub use problem::Problem;
pub use run::{Run, RunState, Step, StepOutcome};
pub use serial::SerialPattern;
pub use time::Timestamp;
pub use verdict::{Verdict, connection_to_hold, judge};
