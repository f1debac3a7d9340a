//! Finding what is on record: units by any of their names, audit entries, and the figures of batches.
//!
//! Every answer is bounded: by the limit that is asked for, or by what a page can show.

use async_trait::async_trait;
use firstpass_domain::{AuditEntry, Mac, RunId, Sha256Digest, Step};

use crate::{
    AuditSearch, BatchFigures, BatchId, BatchRecord, BatchSearch, CertificateRecord, ImageUse, RecipeUse, Record,
    RecordCounts, RunPoint, StoreError, UnitHit, UnitSearch,
    db::Database,
    record::read_record,
    sql::{batches, certificates, figures, recipes, search_audit, search_units, size},
};

/// Questions to the record.
#[async_trait]
pub trait Search: Send + Sync {
    /// Units with a name that is or holds the text: those that it names exactly come first, the others by when they were
    /// first seen, newest first.
    async fn search_units(&self, search: &UnitSearch) -> Result<Vec<UnitHit>, StoreError>;

    /// Audit entries that fit, newest first. The order is that of the chain, whatever the stations' clocks say.
    async fn search_audit(&self, search: &AuditSearch) -> Result<Vec<AuditEntry>, StoreError>;

    /// Audit entries about a unit, its runs and its certificates, in order: the newest `limit` of them. Looked at are as many
    /// of its newest runs and certificates as entries are wanted, and 500 at least.
    async fn audit_of_unit(&self, mac: Mac, limit: u32) -> Result<Vec<AuditEntry>, StoreError>;

    /// Position and hash of the newest audit entry.
    async fn audit_head(&self) -> Result<Option<(i64, Sha256Digest)>, StoreError>;

    /// Batches that fit, newest first.
    async fn batch_page(&self, search: &BatchSearch) -> Result<Vec<BatchRecord>, StoreError>;

    /// The figures of a batch; those of a batch that is not on record are empty.
    async fn batch_figures(&self, id: BatchId) -> Result<BatchFigures, StoreError>;

    /// How long each step of a recipe usually takes, in milliseconds, in the order of the line: the median of its newest
    /// passed runs.
    async fn usual_step_times(&self, recipe: Sha256Digest) -> Result<Vec<(Step, u64)>, StoreError>;

    /// Runs of a batch before the run `before`, newest first, at most `limit`.
    async fn runs_of_batch(&self, id: BatchId, before: Option<RunId>, limit: u32) -> Result<Vec<RunPoint>, StoreError>;

    /// Recipes by when they were first used, newest first, at most `limit`.
    async fn recipes(&self, limit: u32) -> Result<Vec<RecipeUse>, StoreError>;

    /// One recipe that was ever used.
    async fn recipe(&self, hash: Sha256Digest) -> Result<Option<RecipeUse>, StoreError>;

    /// Images by when they were first used, newest first, at most `limit`.
    async fn images(&self, limit: u32) -> Result<Vec<ImageUse>, StoreError>;

    /// Certificates issued before the one with the serial number `before`, newest first, at most `limit`.
    async fn certificate_page(&self, before: Option<&str>, limit: u32) -> Result<Vec<CertificateRecord>, StoreError>;

    /// How much room the record takes, in bytes.
    async fn record_bytes(&self) -> Result<u64, StoreError>;

    /// How much is on record.
    async fn record_counts(&self) -> Result<RecordCounts, StoreError>;
}

#[async_trait]
impl<D: Database> Search for Record<D> {
    async fn search_units(&self, search: &UnitSearch) -> Result<Vec<UnitHit>, StoreError> {
        read_record!(self, "find units", search_units::find(search))
    }

    async fn search_audit(&self, search: &AuditSearch) -> Result<Vec<AuditEntry>, StoreError> {
        read_record!(self, "find audit entries", search_audit::find(search))
    }

    async fn audit_of_unit(&self, mac: Mac, limit: u32) -> Result<Vec<AuditEntry>, StoreError> {
        read_record!(self, "find a unit's audit entries", search_audit::of_unit(mac, limit))
    }

    async fn audit_head(&self) -> Result<Option<(i64, Sha256Digest)>, StoreError> {
        read_record!(self, "look up the end of the audit log", search_audit::head())
    }

    async fn batch_page(&self, search: &BatchSearch) -> Result<Vec<BatchRecord>, StoreError> {
        read_record!(self, "find batches", batches::page(search))
    }

    async fn batch_figures(&self, id: BatchId) -> Result<BatchFigures, StoreError> {
        read_record!(self, "count the batch", figures::of_batch(id))
    }

    async fn usual_step_times(&self, recipe: Sha256Digest) -> Result<Vec<(Step, u64)>, StoreError> {
        read_record!(self, "look up the usual step times", figures::usual_step_times(recipe))
    }

    async fn runs_of_batch(&self, id: BatchId, before: Option<RunId>, limit: u32) -> Result<Vec<RunPoint>, StoreError> {
        read_record!(self, "list the runs of the batch", figures::runs(id, before, limit))
    }

    async fn recipes(&self, limit: u32) -> Result<Vec<RecipeUse>, StoreError> {
        read_record!(self, "list the recipes", recipes::newest(limit))
    }

    async fn recipe(&self, hash: Sha256Digest) -> Result<Option<RecipeUse>, StoreError> {
        read_record!(self, "look up the recipe", recipes::by_hash(hash))
    }

    async fn images(&self, limit: u32) -> Result<Vec<ImageUse>, StoreError> {
        read_record!(self, "list the images", recipes::newest_images(limit))
    }

    async fn certificate_page(&self, before: Option<&str>, limit: u32) -> Result<Vec<CertificateRecord>, StoreError> {
        read_record!(self, "list the certificates", certificates::page(before, limit))
    }

    async fn record_bytes(&self) -> Result<u64, StoreError> {
        read_record!(self, "measure the record", size::bytes())
    }

    async fn record_counts(&self) -> Result<RecordCounts, StoreError> {
        read_record!(self, "count the record", figures::counts())
    }
}
