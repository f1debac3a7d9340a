//! The record: what happened to every unit, in SQLite or PostgreSQL.
//!
//! Methods speak intent; one method is one transaction that also writes its audit entries. What returns `Ok` is
//! durable. Knows no serial port and no network of the units. It keeps what it is given, except a pass that the evidence
//! on record does not bear out.

mod damage;
mod db;
mod error;
mod floor;
mod model;
mod open;
mod outbox;
mod people;
mod record;
mod search;
mod sql;
mod tx;

use async_trait::async_trait;
use firstpass_domain::{
    AuditEntry, AuditKind, CodeHash, Evidence, Mac, Policy, Run, RunId, SerialNumber, SerialPattern, Sha256Digest,
    SlotId, StationId, Step, StepOutcome, Timestamp,
};

pub use damage::Damage;
pub use error::{Cause, ClaimError, IssueError, StoreError, UnitActError};
pub use floor::{
    FloorPlan, GoldenCheck, GoldenCheckRecord, GoldenRecord, GoldenResult, GoldenStanding, GoldenUnit, SlotMove,
    SlotPlan,
};
pub use model::{
    Act, Admission, BatchChange, BatchId, BatchRecord, BatchSize, BatchState, BatchYield, CertificateRecord,
    CodeRecord, Hold, HoldKind, ImageRecord, NewBatch, NewCertificate, NewCode, NewRun, NewSession, RecipeRecord,
    RunDetail, RunEnd, SerialFate, SerialRecord, SessionRecord, Standing, StepRecord, UnitDetail, UnitFilter,
    UnitSummary,
};
pub use model::{
    AuditSearch, BatchFigures, BatchSearch, Bucket, Histogram, HourFigures, ImageUse, MatchedBy, RECENT_RUNS_MAX,
    RecipeUse, RecordCounts, RunPoint, SEARCH_PART_MIN, SEARCH_TEXT_MAX, SlotFigures, StepFigures, UnitHit, UnitSearch,
};
pub use model::{
    BatchFacts, Claimed, EventFacts, Filled, KeptAnswer, KeyedCommand, MessageFilter, MessageState, OutboxMessage,
    RunFacts, SealedSecret, WEBHOOKS_MAX, WebhookError, WebhookEvent, WebhookId, WebhookQueue, WebhookRecord,
    WebhookSettings,
};
pub use model::{
    Credentials, Login, LoginError, LoginVia, NewPersonSession, NewToken, NewUser, PeopleError, PersonSession,
    SecretHash, TokenId, TokenRecord, UserChange, UserId, UserRecord, Verified,
};
#[cfg(feature = "postgres")]
pub use open::PgStore;
pub use open::SqliteStore;
pub use outbox::Outbox;
pub use people::People;
pub use record::Record;
pub use search::Search;

/// The record of one or more stations.
#[async_trait]
pub trait Store: People + Search + FloorPlan + Outbox + Send + Sync + 'static {
    /// The station that writes.
    fn station(&self) -> &StationId;

    /// Notes that a station has started, and returns its runs that are still open from before, oldest first. Batches
    /// that an earlier life of it left waiting for its service are open again.
    async fn start_station(&self, now: Timestamp) -> Result<Vec<Run>, StoreError>;

    /// Notes the recipe and its images; what is already on record with the same hash is left alone.
    ///
    /// A record whose hash is not [`Policy::recipe_hash`] of its text is refused: [`StoreError::Conflict`]. A recipe on
    /// record that has this hash but another text or policy was changed there: [`StoreError::Corrupt`].
    async fn use_recipe(&self, recipe: &RecipeRecord, images: &[ImageRecord], now: Timestamp)
    -> Result<(), StoreError>;

    /// Opens a batch. A batch of the same name that is not closed stands against it: [`StoreError::Conflict`].
    async fn open_batch(&self, batch: &NewBatch, now: Timestamp) -> Result<BatchId, StoreError>;

    /// The same, by a person: who opened it stands in the audit log, and why, when that was told.
    async fn order_batch(&self, batch: &NewBatch, act: &Act, now: Timestamp) -> Result<BatchId, StoreError>;

    /// One batch.
    async fn batch(&self, id: BatchId) -> Result<Option<BatchRecord>, StoreError>;

    /// The newest batch of this name.
    async fn batch_by_name(&self, name: &str) -> Result<Option<BatchRecord>, StoreError>;

    /// Batches, newest first, at most `limit`.
    async fn batches(&self, limit: u32) -> Result<Vec<BatchRecord>, StoreError>;

    /// Pauses, resumes or closes a batch. A closed one stays closed: [`StoreError::Conflict`]. Runs that are under way
    /// go on to their end. A pause takes the place of one that waits for a service.
    async fn set_batch_state(
        &self,
        id: BatchId,
        state: BatchState,
        act: &Act,
        now: Timestamp,
    ) -> Result<BatchChange, StoreError>;

    /// Pauses an open batch until this station's provisioning service is here again. A batch that is paused already
    /// stays so, for the reason that it has.
    async fn wait_for_service(&self, id: BatchId, act: &Act, now: Timestamp) -> Result<BatchChange, StoreError>;

    /// Resumes a batch that waits for this station's service, and no other.
    async fn end_wait_for_service(&self, id: BatchId, act: &Act, now: Timestamp) -> Result<BatchChange, StoreError>;

    /// Changes how many units a batch is to make; `false` when both numbers were so before. Neither may be less than there
    /// are units with a place in it, and a closed batch stays as it is: [`StoreError::Conflict`].
    async fn change_batch(&self, id: BatchId, size: &BatchSize, act: &Act, now: Timestamp) -> Result<bool, StoreError>;

    /// Counts a batch.
    async fn batch_yield(&self, id: BatchId) -> Result<BatchYield, StoreError>;

    /// Begins a run on a slot, before the unit is known. A batch that is paused or closed takes none:
    /// [`StoreError::BatchNotOpen`].
    async fn begin_run(&self, run: &NewRun, now: Timestamp) -> Result<Run, StoreError>;

    /// Ties the run to its unit, counts the attempt and tells what the rules say: atomic over all slots and stations.
    ///
    /// A unit that is admitted has a place in the batch until the run fails, so that no two get the last one. A unit
    /// that is not admitted leaves the run without claim on the unit; the caller finishes the run.
    async fn identify_run(
        &self,
        run: RunId,
        mac: Mac,
        policy: &Policy,
        now: Timestamp,
    ) -> Result<Admission, StoreError>;

    /// Notes that a step begins. Call it before the first irreversible act of the step.
    async fn begin_step(&self, run: RunId, step: Step, now: Timestamp) -> Result<(), StoreError>;

    /// Notes that a step ended.
    async fn end_step(&self, run: RunId, step: Step, outcome: StepOutcome, now: Timestamp) -> Result<(), StoreError>;

    /// Adds evidence to an open run, in the given order.
    async fn add_evidence(&self, run: RunId, evidence: &[Evidence]) -> Result<(), StoreError>;

    /// Allocates the next serial number of exactly this pattern and gives it to the run's unit; a unit that was given one
    /// of this pattern before has that one. No text is given twice, whatever the pattern.
    async fn allocate_serial(
        &self,
        run: RunId,
        pattern: &SerialPattern,
        now: Timestamp,
    ) -> Result<SerialNumber, StoreError>;

    /// Every serial number that was ever given, after `after` in the order of their text, at most `limit`.
    async fn serials(&self, after: Option<&SerialNumber>, limit: u32) -> Result<Vec<SerialRecord>, StoreError>;

    /// Notes a one-time code for a run's unit.
    async fn issue_code(&self, code: &NewCode, now: Timestamp) -> Result<(), StoreError>;

    /// What is known of a code.
    async fn find_code(&self, hash: CodeHash) -> Result<Option<CodeRecord>, StoreError>;

    /// Redeems a code and issues the session (and certificate) that it buys: all or nothing, at most once per code.
    ///
    /// `mac`: what the unit sent, when it sent one; must be the code's. `evidence` is added to the run in the same
    /// transaction.
    async fn redeem_code(
        &self,
        hash: CodeHash,
        mac: Option<Mac>,
        session: &NewSession,
        certificate: Option<&NewCertificate>,
        evidence: &Evidence,
        now: Timestamp,
    ) -> Result<RunId, IssueError>;

    /// Issues a session to a run's unit without a code (injection `session`).
    async fn issue_session(
        &self,
        run: RunId,
        session: &NewSession,
        certificate: Option<&NewCertificate>,
        evidence: &Evidence,
        now: Timestamp,
    ) -> Result<(), IssueError>;

    /// The session with this broker user name, revoked or not; ask [`SessionRecord::may_log_in`] which it is.
    async fn session_by_username(&self, username: &str) -> Result<Option<SessionRecord>, StoreError>;

    /// The newest session of a unit that may log in.
    async fn live_session(&self, mac: Mac) -> Result<Option<SessionRecord>, StoreError>;

    /// Ties a claim code to the unit whose device HTTP token has this hash. A session that may not log in binds nothing.
    async fn bind_claim(&self, token: Sha256Digest, claim: Sha256Digest, now: Timestamp) -> Result<(), ClaimError>;

    /// Ends a run. A pass is on record when this returns `Ok`, and not before. A failure voids the run's unused codes
    /// and revokes the sessions and certificates that it issued. `evidence` is added first, in the same transaction.
    ///
    /// A failure that asks for quarantine ([`firstpass_domain::NextAction`]) sets the unit aside.
    ///
    /// Returns the broker user names of the sessions that ended with this call: a failure ends the run's own, a pass
    /// the older ones of its unit. The caller cuts their open connections, which outlive a revoked login otherwise.
    ///
    /// A pass is refused unless the recipe's policy and the evidence on record make one, both as they stand in this
    /// very transaction: what came in after the caller judged is judged here. So is one that lacks an attested end, one
    /// of a unit that is on hold, and one that keeps a session which may not log in any more.
    /// A run that has already ended stays as it is. Each of these is a [`StoreError::Conflict`].
    async fn finish_run(
        &self,
        run: RunId,
        end: &RunEnd,
        evidence: &[Evidence],
        now: Timestamp,
    ) -> Result<Vec<String>, StoreError>;

    /// A run with its steps, evidence, recipe, and the audit entries that it must agree with.
    async fn run(&self, run: RunId) -> Result<Option<RunDetail>, StoreError>;

    /// Ended runs after `after` in the order of their ids, at most `limit`.
    async fn ended_runs(&self, after: Option<RunId>, limit: u32) -> Result<Vec<RunId>, StoreError>;

    /// Runs after `after` in the order of their ids, which is that of their beginnings, at most `limit`, each with the
    /// batch that it counts for.
    async fn run_page(&self, after: Option<RunId>, limit: u32) -> Result<Vec<(Run, BatchId)>, StoreError>;

    /// Units that fit the filter, by MAC, after `filter.after`, at most `filter.limit`.
    async fn units(&self, filter: &UnitFilter) -> Result<Vec<UnitSummary>, StoreError>;

    /// Everything about one unit.
    async fn unit(&self, mac: Mac) -> Result<Option<UnitDetail>, StoreError>;

    /// Sets a unit aside until a person releases it. Its session and certificate live on.
    async fn quarantine_unit(&self, mac: Mac, act: &Act, now: Timestamp) -> Result<Vec<String>, UnitActError>;

    /// Lets a unit that was set aside run again; the attempts that it had no longer count against it.
    async fn release_unit(&self, mac: Mac, act: &Act, now: Timestamp) -> Result<Vec<String>, UnitActError>;

    /// Refuses a unit for ever: revokes its sessions and certificates and voids its codes. Returns the broker user names
    /// of the sessions that ended; the caller cuts their open connections.
    async fn scrap_unit(&self, mac: Mac, act: &Act, now: Timestamp) -> Result<Vec<String>, UnitActError>;

    /// Notes a certificate made outside a run.
    async fn add_certificate(&self, certificate: &NewCertificate, act: &Act, now: Timestamp) -> Result<(), StoreError>;

    /// Certificates, newest first, at most `limit`.
    async fn certificates(&self, limit: u32) -> Result<Vec<CertificateRecord>, StoreError>;

    /// One certificate by its serial number (lower-case hexadecimal).
    async fn certificate(&self, serial: &str) -> Result<Option<CertificateRecord>, StoreError>;

    /// Revoked certificates after the serial number `after` in the order of those, at most `limit`.
    async fn revoked_certificates(&self, after: Option<&str>, limit: u32)
    -> Result<Vec<CertificateRecord>, StoreError>;

    /// Revokes a certificate; `false` when it was revoked before.
    async fn revoke_certificate(&self, serial: &str, act: &Act, now: Timestamp) -> Result<bool, StoreError>;

    /// Audit entries after position `after`, at most `limit`, in order.
    async fn audit_entries(&self, after: i64, limit: u32) -> Result<Vec<AuditEntry>, StoreError>;

    /// Notes an act that leaves the rest of the record as it is, such as a label that was printed or a copy that was taken
    /// out. `body` is a JSON object without secrets.
    async fn note(
        &self,
        kind: AuditKind,
        subject: &str,
        body: serde_json::Value,
        act: &Act,
        now: Timestamp,
    ) -> Result<(), StoreError>;

    /// The baud rate that was last noted for a slot of this station.
    async fn slot_baud(&self, slot: &SlotId) -> Result<Option<u32>, StoreError>;

    /// Notes the baud rate that holds on a slot of this station.
    async fn remember_slot_baud(&self, slot: &SlotId, baud: u32, now: Timestamp) -> Result<(), StoreError>;

    /// Proves with a write of its own that the record takes writes.
    async fn check(&self) -> Result<(), StoreError>;

    /// Closes the record at the end of the program: waits for transactions that are under way, and leaves a record in a
    /// file as that one file, beside which only a mark of how far it goes remains. Every later call fails with [`StoreError::Unavailable`].
    async fn close(&self);
}
