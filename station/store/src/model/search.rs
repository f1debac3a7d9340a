//! What is asked of the record, and what is found.

use firstpass_domain::{AuditKind, Mac, StationId, Timestamp};

use super::{BatchId, BatchState, ImageRecord, RecipeRecord, UnitSummary};

/// Shortest part of a name that finds anything. What is shorter finds only units that have exactly this name.
pub const SEARCH_PART_MIN: usize = 3;
/// Longest text that is looked for; no name is longer.
pub const SEARCH_TEXT_MAX: usize = 100;

/// Which units to find.
#[derive(Debug, Clone)]
pub struct UnitSearch {
    /// A MAC, a serial number, a device id, a certificate's serial number or fingerprint, or a part of at least
    /// [`SEARCH_PART_MIN`] characters of one. Upper and lower case are the same; what stands between the octets of a
    /// MAC or a fingerprint may be left out, or be `:`, `-` or a space.
    pub text: String,
    /// Only units after this one, in the order in which units are found.
    pub after: Option<Mac>,
    /// At most this many.
    pub limit: u32,
}

/// A unit that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnitHit {
    /// The unit.
    pub summary: UnitSummary,
    /// By which kind of name.
    pub matched: MatchedBy,
    /// The whole name, as people write it.
    pub matched_text: String,
}

/// A kind of name that a unit is found by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MatchedBy {
    /// Its MAC.
    Mac,
    /// A serial number that it was given, also one that it bears no more.
    Serial,
    /// The device id of one of its sessions.
    DeviceId,
    /// The serial number of one of its certificates.
    CertificateSerial,
    /// The fingerprint of one of its certificates.
    Fingerprint,
}

impl MatchedBy {
    /// All of them, in the order in which they count when several fit.
    pub const ALL: [Self; 5] = [Self::Mac, Self::Serial, Self::DeviceId, Self::CertificateSerial, Self::Fingerprint];

    /// The name on record and in answers.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Mac => "mac",
            Self::Serial => "serial",
            Self::DeviceId => "device_id",
            Self::CertificateSerial => "certificate_serial",
            Self::Fingerprint => "fingerprint",
        }
    }
}

/// Which audit entries to find: those that fit everything that is given.
#[derive(Debug, Clone, Default)]
pub struct AuditSearch {
    /// Written at this time or later, by the clock of the station that wrote it.
    pub from: Option<Timestamp>,
    /// Written before this time, by the clock of the station that wrote it.
    pub to: Option<Timestamp>,
    /// Caused by exactly this one: `line`, `unit`, or a person's login name.
    pub actor: Option<String>,
    /// Written by this station.
    pub station: Option<StationId>,
    /// About this batch, its runs, the certificates that they issued, or a unit whose newest run at that time was one of
    /// them.
    pub batch: Option<BatchId>,
    /// Of one of these kinds; of any when empty.
    pub kinds: Vec<AuditKind>,
    /// About exactly this: a run id, a MAC, a certificate's serial number, as it stands in the entry.
    pub subject: Option<String>,
    /// Only entries before this position: the last one of the page before.
    pub before: Option<i64>,
    /// At most this many.
    pub limit: u32,
}

/// Which batches to list.
#[derive(Debug, Clone, Default)]
pub struct BatchSearch {
    /// Name or product holds this, whatever the case; all when empty.
    pub text: String,
    /// Only batches that stand so.
    pub state: Option<BatchState>,
    /// Only batches opened before this one: the last one of the page before.
    pub before: Option<BatchId>,
    /// At most this many.
    pub limit: u32,
}

/// A recipe on record.
#[derive(Debug, Clone)]
pub struct RecipeUse {
    /// The recipe.
    pub recipe: RecipeRecord,
    /// When it was first used.
    pub first_used: Timestamp,
}

/// An image on record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageUse {
    /// The image.
    pub image: ImageRecord,
    /// When it was first used.
    pub first_used: Timestamp,
}

/// How much is on record.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RecordCounts {
    /// Units.
    pub units: u64,
    /// Units that stand as passed.
    pub passed: u64,
    /// Units that stand as failed.
    pub failed: u64,
    /// Units in quarantine.
    pub quarantined: u64,
    /// Units that were scrapped.
    pub scrapped: u64,
    /// Runs.
    pub runs: u64,
    /// Runs that are under way.
    pub open_runs: u64,
    /// Batches.
    pub batches: u64,
    /// Batches that are open.
    pub open_batches: u64,
    /// Recipes that were ever used.
    pub recipes: u64,
    /// Images that were ever used.
    pub images: u64,
    /// Certificates.
    pub certificates: u64,
    /// Certificates that are revoked.
    pub revoked_certificates: u64,
    /// Audit entries.
    pub audit_entries: u64,
}
