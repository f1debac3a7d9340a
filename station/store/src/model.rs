//! What goes into the record and what comes out.

mod factory;
mod figures;
mod outbox;
mod people;
mod search;

use firstpass_domain::{
    AuditEntry, CodeHash, DeviceId, Diagnosis, Evidence, Mac, PasswordVerifier, Policy, Run, RunId, SerialNumber,
    Sha256Digest, SlotId, Step, StepOutcome, Timestamp, evidence::Rule,
};
use uuid::Uuid;

pub use factory::{
    BatchChange, BatchRecord, BatchSize, BatchState, BatchYield, Hold, HoldKind, SerialFate, SerialRecord, Standing,
};
pub use figures::{BatchFigures, Bucket, Histogram, HourFigures, RECENT_RUNS_MAX, RunPoint, SlotFigures, StepFigures};
pub use outbox::{
    BatchFacts, Claimed, EventFacts, Filled, KeptAnswer, KeyedCommand, MessageFilter, MessageState, OutboxMessage,
    RunFacts, SealedSecret, WEBHOOKS_MAX, WebhookError, WebhookEvent, WebhookId, WebhookQueue, WebhookRecord,
    WebhookSettings,
};
pub use people::{
    Credentials, Login, LoginError, LoginVia, NewPersonSession, NewToken, NewUser, PeopleError, PersonSession,
    SecretHash, TokenId, TokenRecord, UserChange, UserId, UserRecord, Verified,
};
pub use search::{
    AuditSearch, BatchSearch, ImageUse, MatchedBy, RecipeUse, RecordCounts, SEARCH_PART_MIN, SEARCH_TEXT_MAX, UnitHit,
    UnitSearch,
};

/// A batch (work order).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct BatchId(pub Uuid);

/// A recipe as it was used.
#[derive(Debug, Clone)]
pub struct RecipeRecord {
    /// [`Policy::recipe_hash`] of `text`: its key, which covers text and policy.
    pub hash: Sha256Digest,
    /// Name in the recipe.
    pub name: String,
    /// The TOML text; recipes hold no secrets, only references to them.
    pub text: String,
    /// What the verdict depends on.
    pub policy: Policy,
}

/// A firmware image as it was used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageRecord {
    /// SHA-256 of the file.
    pub sha256: Sha256Digest,
    /// Region that it is for, such as `app`.
    pub region: String,
    /// File name.
    pub name: String,
    /// Size in bytes.
    pub size: u32,
    /// Version in its application description, when it has one.
    pub version: Option<String>,
}

/// A batch to open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewBatch {
    /// Name of the work order; no other batch that is not closed has it.
    pub name: String,
    /// What is made; may be empty.
    pub product: String,
    /// Hash of the recipe.
    pub recipe: Sha256Digest,
    /// How many units were ordered.
    pub quantity: Option<u32>,
    /// Most units that may have a place in this batch at a time: with a session of it, with an open run that was
    /// admitted, or passed with the session that they had. `None`: as many as were ordered, and without a quantity no
    /// limit. A failed run gives its place back, so does a scrapped unit, and a unit in quarantine keeps its; one that runs
    /// again takes no second one.
    pub quota: Option<u32>,
}

/// A run to begin.
#[derive(Debug, Clone)]
pub struct NewRun {
    /// Its name, made by the caller (UUID version 7).
    pub id: RunId,
    /// Fixture position.
    pub slot: SlotId,
    /// Batch that it counts for.
    pub batch: BatchId,
    /// Hash of the recipe.
    pub recipe: Sha256Digest,
}

/// What the rules say of a unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Admission {
    /// It may go on.
    Admitted {
        /// Which attempt this is, from 1; 0 of a repair.
        attempt: u32,
    },
    /// It may not.
    Refused {
        /// Which attempt this would have been; 0 of a repair.
        attempt: u32,
        /// Because of which rule.
        rule: Rule,
    },
}

/// A one-time code to note.
#[derive(Debug, Clone)]
pub struct NewCode {
    /// Its hash.
    pub hash: CodeHash,
    /// Run that it is for; the code is bound to the run's unit.
    pub run: RunId,
    /// When it stops being valid.
    pub expires: Timestamp,
    /// Whether redeeming it also buys a client certificate.
    pub certificate: bool,
}

/// What is known of a code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeRecord {
    /// Run that it is for.
    pub run: RunId,
    /// Unit that it is bound to.
    pub mac: Mac,
    /// When it stops being valid.
    pub expires: Timestamp,
    /// Whether redeeming it also buys a client certificate.
    pub certificate: bool,
    /// When it was used.
    pub redeemed: Option<Timestamp>,
    /// When it was made unusable.
    pub voided: Option<Timestamp>,
}

/// A session to issue. Holds no plaintext secret.
#[derive(Debug, Clone)]
pub struct NewSession {
    /// Identity of the device.
    pub device_id: DeviceId,
    /// Topic key.
    pub device_key: String,
    /// Workspace part of topics.
    pub workspace_slug: String,
    /// Broker host as told to the unit.
    pub mqtt_host: String,
    /// Broker port as told to the unit.
    pub mqtt_port: u16,
    /// Broker user name, unique.
    pub mqtt_username: String,
    /// Verifier of the broker password.
    pub verifier: PasswordVerifier,
    /// SHA-256 of the device HTTP token.
    pub token: Option<Sha256Digest>,
}

/// A session on record.
#[derive(Debug, Clone)]
pub struct SessionRecord {
    /// Unit that it was issued to.
    pub mac: Mac,
    /// Run that it was issued in.
    pub run: RunId,
    /// The session.
    pub session: NewSession,
    /// Fingerprint of the certificate issued with it.
    pub certificate: Option<Sha256Digest>,
    /// When it was issued.
    pub issued: Timestamp,
    /// When it was made unusable.
    pub revoked: Option<Timestamp>,
    /// When the certificate issued with it was revoked; from then on the session is as unusable as a revoked one.
    pub certificate_revoked: Option<Timestamp>,
}

impl SessionRecord {
    /// Whether it may log in: neither the session nor the certificate issued with it was revoked.
    pub const fn may_log_in(&self) -> bool {
        self.revoked.is_none() && self.certificate_revoked.is_none()
    }
}

/// A certificate to note.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCertificate {
    /// Serial number, lower-case hexadecimal, unique.
    pub serial: String,
    /// SHA-256 of the DER.
    pub fingerprint: Sha256Digest,
    /// The certificate as PEM, without its chain.
    pub pem: String,
    /// Subject's common name.
    pub subject: String,
    /// Start of validity.
    pub not_before: Timestamp,
    /// End of validity.
    pub not_after: Timestamp,
    /// Unit that it was issued to; `None` for a server's or a person's.
    pub mac: Option<Mac>,
}

/// A certificate on record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateRecord {
    /// The certificate.
    pub certificate: NewCertificate,
    /// Run that it was issued in.
    pub run: Option<RunId>,
    /// When it was issued.
    pub issued: Timestamp,
    /// When and why it was revoked.
    pub revoked: Option<(Timestamp, String)>,
}

/// Who does something, and why.
#[derive(Debug, Clone)]
pub struct Act {
    /// A person's name, or `line`.
    pub actor: String,
    /// Why; may be empty.
    pub reason: String,
}

/// How a run ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RunEnd {
    /// With everything the policy demands on record.
    Passed,
    /// With a reason.
    Failed(Diagnosis),
}

/// A step on record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepRecord {
    /// Which step.
    pub step: Step,
    /// When it began.
    pub began: Timestamp,
    /// When and how it ended.
    pub ended: Option<(Timestamp, StepOutcome)>,
}

/// A run with all that belongs to it.
#[derive(Debug, Clone)]
pub struct RunDetail {
    /// The run.
    pub run: Run,
    /// Name of the recipe.
    pub recipe_name: String,
    /// The recipe's text. With the policy it makes the hash in `run.recipe`, or else one of the three was changed.
    pub recipe_text: String,
    /// What the recipe demanded.
    pub policy: Policy,
    /// Its steps, in order.
    pub steps: Vec<StepRecord>,
    /// Its evidence, in the order in which it was recorded.
    pub evidence: Vec<Evidence>,
    /// Digest of the evidence as it stands on record; the audit entry that ended the run holds the same one as
    /// `evidence_digest`, or else the evidence was changed afterwards.
    pub evidence_digest: Sha256Digest,
    /// Why it failed, when it did.
    pub diagnosis: Option<Diagnosis>,
    /// The audit entries of its beginning and its end, in order: `run.began` and, once it has ended, exactly one of
    /// `run.passed` and `run.failed`. Both name the recipe; the end names the unit, the diagnosis and the evidence's
    /// digest too. What stands on record of the run is as it was when it says the same.
    pub entries: Vec<AuditEntry>,
}

/// Which units to list.
#[derive(Debug, Clone)]
pub struct UnitFilter {
    /// Only units after this MAC.
    pub after: Option<Mac>,
    /// Only units that stand so.
    pub standing: Option<Standing>,
    /// At most this many.
    pub limit: u32,
}

/// A unit in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnitSummary {
    /// The unit.
    pub mac: Mac,
    /// Its serial number.
    pub serial: Option<SerialNumber>,
    /// How many attempts it had, the one in work among them: no run that the rules refused, none that was cut, no repair.
    pub attempts: u32,
    /// How it stands; `None` before its first run has ended.
    pub standing: Option<Standing>,
    /// Its newest run.
    pub last_run: Option<Run>,
}

/// Everything about one unit.
#[derive(Debug, Clone)]
pub struct UnitDetail {
    /// What a list shows of it.
    pub summary: UnitSummary,
    /// Why it is set aside, when it is.
    pub hold: Option<Hold>,
    /// Its runs, oldest first.
    pub runs: Vec<Run>,
    /// Those of its runs that the rules did not let go on: they left the unit as it was.
    pub refused: Vec<RunId>,
    /// Its sessions, oldest first.
    pub sessions: Vec<SessionRecord>,
    /// Its certificates, oldest first.
    pub certificates: Vec<CertificateRecord>,
}
