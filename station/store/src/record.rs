//! The record on a database: each method opens one transaction, calls one function of `sql` and commits.

use async_trait::async_trait;
use firstpass_domain::{
    AuditEntry, AuditKind, CodeHash, Evidence, Mac, Policy, Run, RunId, SerialNumber, SerialPattern, Sha256Digest,
    SlotId, StationId, Step, StepOutcome, Timestamp,
};

use crate::{
    Act, Admission, BatchChange, BatchId, BatchRecord, BatchSize, BatchState, BatchYield, CertificateRecord,
    ClaimError, CodeRecord, ImageRecord, IssueError, NewBatch, NewCertificate, NewCode, NewRun, NewSession,
    RecipeRecord, RunDetail, RunEnd, SerialRecord, SessionRecord, Store, StoreError, UnitActError, UnitDetail,
    UnitFilter, UnitSummary,
    db::{Database, Mark},
    sql::{
        admission, audit, batch_size, batches, certificates, claims, codes, evidence, finish, holds, proofs, pulse,
        run_pages, runs, serials, sessions, setup, slots, steps, units, yields,
    },
    tx::Tx,
};

/// Runs one function of `sql` in a write transaction.
macro_rules! write_record {
    ($self:ident, $operation:literal, $($function:ident)::+ ( $($argument:expr),* )) => {{
        let mut tx = $self.write($operation).await?;
        let done = $($function)::+(&mut tx, $($argument),*).await?;
        $self.database.note_confirmed(tx.commit().await?);
        Ok(done)
    }};
}

/// Runs one function of `sql` in a read transaction.
macro_rules! read_record {
    ($self:ident, $operation:literal, $($function:ident)::+ ( $($argument:expr),* )) => {{
        let mut tx = $self.read($operation).await?;
        let found = $($function)::+(&mut tx, $($argument),*).await?;
        tx.commit().await?;
        Ok(found)
    }};
}

pub(crate) use {read_record, write_record};

/// The record on database `D`, as one station sees it.
#[derive(Debug)]
pub struct Record<D> {
    pub(crate) database: D,
    station: StationId,
}

impl<D: Database> Record<D> {
    pub(crate) fn new(database: D, station: StationId) -> Self {
        Self { database, station }
    }

    /// Checks that the record holds at least what `mark` says, and that the end of its audit chain is right.
    pub(crate) async fn check_end(&self, mark: Mark) -> Result<(), StoreError> {
        read_record!(self, "open the record", proofs::check_end(mark))
    }

    pub(crate) async fn write(&self, operation: &'static str) -> Result<Tx, StoreError> {
        let transaction = self.database.begin_write().await.map_err(|error| error.during(operation))?;
        Ok(Tx::new(transaction, operation, self.station.clone()))
    }

    pub(crate) async fn read(&self, operation: &'static str) -> Result<Tx, StoreError> {
        let transaction = self.database.begin_read().await.map_err(|error| error.during(operation))?;
        Ok(Tx::new(transaction, operation, self.station.clone()))
    }
}

#[async_trait]
impl<D: Database> Store for Record<D> {
    fn station(&self) -> &StationId {
        &self.station
    }

    async fn start_station(&self, now: Timestamp) -> Result<Vec<Run>, StoreError> {
        write_record!(self, "start the station", setup::start_station(now))
    }

    async fn use_recipe(
        &self,
        recipe: &RecipeRecord,
        images: &[ImageRecord],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        write_record!(self, "note the recipe", setup::use_recipe(recipe, images, now))
    }

    async fn open_batch(&self, batch: &NewBatch, now: Timestamp) -> Result<BatchId, StoreError> {
        write_record!(self, "open the batch", batches::open(batch, now))
    }

    async fn order_batch(&self, batch: &NewBatch, act: &Act, now: Timestamp) -> Result<BatchId, StoreError> {
        write_record!(self, "open the batch", batches::order(batch, act, now))
    }

    async fn batch(&self, id: BatchId) -> Result<Option<BatchRecord>, StoreError> {
        read_record!(self, "read the batch", batches::by_id(id))
    }

    async fn batch_by_name(&self, name: &str) -> Result<Option<BatchRecord>, StoreError> {
        read_record!(self, "look up the batch", batches::by_name(name))
    }

    async fn batches(&self, limit: u32) -> Result<Vec<BatchRecord>, StoreError> {
        read_record!(self, "list the batches", batches::newest(limit))
    }

    async fn set_batch_state(
        &self,
        id: BatchId,
        state: BatchState,
        act: &Act,
        now: Timestamp,
    ) -> Result<BatchChange, StoreError> {
        write_record!(self, "change the batch", batches::set_state(id, state, act, now))
    }

    async fn wait_for_service(&self, id: BatchId, act: &Act, now: Timestamp) -> Result<BatchChange, StoreError> {
        write_record!(self, "pause the batch", batches::wait(id, act, now))
    }

    async fn end_wait_for_service(&self, id: BatchId, act: &Act, now: Timestamp) -> Result<BatchChange, StoreError> {
        write_record!(self, "resume the batch", batches::end_wait(id, act, now))
    }

    async fn change_batch(&self, id: BatchId, size: &BatchSize, act: &Act, now: Timestamp) -> Result<bool, StoreError> {
        write_record!(self, "change the batch's size", batch_size::change(id, size, act, now))
    }

    async fn batch_yield(&self, id: BatchId) -> Result<BatchYield, StoreError> {
        read_record!(self, "count the batch", yields::of_batch(id))
    }

    async fn begin_run(&self, run: &NewRun, now: Timestamp) -> Result<Run, StoreError> {
        write_record!(self, "begin the run", runs::begin(run, now))
    }

    async fn identify_run(
        &self,
        run: RunId,
        mac: Mac,
        policy: &Policy,
        now: Timestamp,
    ) -> Result<Admission, StoreError> {
        write_record!(self, "tie the run to its unit", admission::identify(run, mac, policy, now))
    }

    async fn begin_step(&self, run: RunId, step: Step, now: Timestamp) -> Result<(), StoreError> {
        write_record!(self, "begin the step", steps::begin(run, step, now))
    }

    async fn end_step(&self, run: RunId, step: Step, outcome: StepOutcome, now: Timestamp) -> Result<(), StoreError> {
        write_record!(self, "end the step", steps::end(run, step, outcome, now))
    }

    async fn add_evidence(&self, run: RunId, evidence: &[Evidence]) -> Result<(), StoreError> {
        write_record!(self, "add evidence", evidence::add(run, evidence))
    }

    async fn allocate_serial(
        &self,
        run: RunId,
        pattern: &SerialPattern,
        now: Timestamp,
    ) -> Result<SerialNumber, StoreError> {
        write_record!(self, "allocate a serial number", serials::allocate(run, pattern, now))
    }

    async fn serials(&self, after: Option<&SerialNumber>, limit: u32) -> Result<Vec<SerialRecord>, StoreError> {
        read_record!(self, "list the serial numbers", serials::list(after, limit))
    }

    async fn issue_code(&self, code: &NewCode, now: Timestamp) -> Result<(), StoreError> {
        write_record!(self, "note the code", codes::issue(code, now))
    }

    async fn find_code(&self, hash: CodeHash) -> Result<Option<CodeRecord>, StoreError> {
        read_record!(self, "look up the code", codes::find(hash))
    }

    async fn redeem_code(
        &self,
        hash: CodeHash,
        mac: Option<Mac>,
        session: &NewSession,
        certificate: Option<&NewCertificate>,
        evidence: &Evidence,
        now: Timestamp,
    ) -> Result<RunId, IssueError> {
        write_record!(self, "redeem the code", codes::redeem(hash, mac, session, certificate, evidence, now))
    }

    async fn issue_session(
        &self,
        run: RunId,
        session: &NewSession,
        certificate: Option<&NewCertificate>,
        evidence: &Evidence,
        now: Timestamp,
    ) -> Result<(), IssueError> {
        write_record!(self, "issue the session", sessions::issue_on_behalf(run, session, certificate, evidence, now))
    }

    async fn session_by_username(&self, username: &str) -> Result<Option<SessionRecord>, StoreError> {
        read_record!(self, "look up the session", sessions::by_username(username))
    }

    async fn live_session(&self, mac: Mac) -> Result<Option<SessionRecord>, StoreError> {
        read_record!(self, "look up the unit's session", sessions::live(mac))
    }

    async fn bind_claim(&self, token: Sha256Digest, claim: Sha256Digest, now: Timestamp) -> Result<(), ClaimError> {
        write_record!(self, "bind the claim", claims::bind(token, claim, now))
    }

    async fn finish_run(
        &self,
        run: RunId,
        end: &RunEnd,
        evidence: &[Evidence],
        now: Timestamp,
    ) -> Result<Vec<String>, StoreError> {
        write_record!(self, "finish the run", finish::finish(run, end, evidence, now))
    }

    async fn run(&self, run: RunId) -> Result<Option<RunDetail>, StoreError> {
        read_record!(self, "read the run", runs::detail(run))
    }

    async fn ended_runs(&self, after: Option<RunId>, limit: u32) -> Result<Vec<RunId>, StoreError> {
        read_record!(self, "list the ended runs", runs::ended(after, limit))
    }

    async fn run_page(&self, after: Option<RunId>, limit: u32) -> Result<Vec<(Run, BatchId)>, StoreError> {
        read_record!(self, "list runs", run_pages::after(after, limit))
    }

    async fn units(&self, filter: &UnitFilter) -> Result<Vec<UnitSummary>, StoreError> {
        read_record!(self, "list the units", units::list(filter))
    }

    async fn unit(&self, mac: Mac) -> Result<Option<UnitDetail>, StoreError> {
        read_record!(self, "read the unit", units::detail(mac))
    }

    async fn quarantine_unit(&self, mac: Mac, act: &Act, now: Timestamp) -> Result<Vec<String>, UnitActError> {
        write_record!(self, "quarantine the unit", holds::quarantine(mac, act, now))
    }

    async fn release_unit(&self, mac: Mac, act: &Act, now: Timestamp) -> Result<Vec<String>, UnitActError> {
        write_record!(self, "release the unit", holds::release(mac, act, now))
    }

    async fn scrap_unit(&self, mac: Mac, act: &Act, now: Timestamp) -> Result<Vec<String>, UnitActError> {
        write_record!(self, "scrap the unit", holds::scrap(mac, act, now))
    }

    async fn add_certificate(&self, certificate: &NewCertificate, act: &Act, now: Timestamp) -> Result<(), StoreError> {
        write_record!(self, "note the certificate", certificates::add(certificate, act, now))
    }

    async fn certificates(&self, limit: u32) -> Result<Vec<CertificateRecord>, StoreError> {
        read_record!(self, "list the certificates", certificates::newest(limit))
    }

    async fn certificate(&self, serial: &str) -> Result<Option<CertificateRecord>, StoreError> {
        read_record!(self, "look up the certificate", certificates::by_serial(serial))
    }

    async fn revoked_certificates(
        &self,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<CertificateRecord>, StoreError> {
        read_record!(self, "list the revoked certificates", certificates::revoked(after, limit))
    }

    async fn revoke_certificate(&self, serial: &str, act: &Act, now: Timestamp) -> Result<bool, StoreError> {
        write_record!(self, "revoke the certificate", certificates::revoke(serial, act, now))
    }

    async fn audit_entries(&self, after: i64, limit: u32) -> Result<Vec<AuditEntry>, StoreError> {
        read_record!(self, "read the audit log", audit::entries(after, limit))
    }

    async fn note(
        &self,
        kind: AuditKind,
        subject: &str,
        body: serde_json::Value,
        act: &Act,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        write_record!(self, "note an act", audit::note(kind, subject, body, act, now))
    }

    async fn slot_baud(&self, slot: &SlotId) -> Result<Option<u32>, StoreError> {
        read_record!(self, "look up the slot's baud rate", slots::baud(slot))
    }

    async fn remember_slot_baud(&self, slot: &SlotId, baud: u32, now: Timestamp) -> Result<(), StoreError> {
        write_record!(self, "note the slot's baud rate", slots::remember_baud(slot, baud, now))
    }

    async fn check(&self) -> Result<(), StoreError> {
        write_record!(self, "try whether the record takes writes", pulse::beat())
    }

    async fn close(&self) {
        self.database.close().await;
    }
}
