//! Where the rows of an export come from: pages of the record, one in memory at a time. Knows no format.

use std::{collections::HashMap, sync::Arc};

use firstpass_domain::{AuditEntry, Run, RunId, audit::ChainVerifier};
use firstpass_line::replay::AuditPages;
use firstpass_store::{AuditSearch, BatchId, SEARCH_TEXT_MAX, Standing, Store, StoreError, UnitFilter, UnitSearch};
use serde::Serialize;

use super::row::{Row, RunRow, UnitRow};

/// Rows that are in memory at a time.
const PAGE_ROWS: u32 = 1000;
/// Names of work orders that are in memory at a time.
const NAMES_MAX: usize = 1000;

/// Pages of rows.
pub(super) trait Source: Send + 'static {
    /// What the rows are.
    type Row: Row;

    /// The next rows; `None` after the last.
    fn next(&mut self) -> impl Future<Output = Result<Option<Vec<Self::Row>>, StoreError>> + Send;

    /// In which order the rows come, for the manifest.
    fn order(&self) -> &'static str;

    /// Whether all rows are as they were when the export began. Others are read page by page while the record goes on.
    fn is_of_one_moment(&self) -> bool {
        false
    }

    /// What was found of the audit chain on the way, when the rows are entries of it.
    fn chain(&self) -> Option<Chain> {
        None
    }
}

/// Whether the exported entries are as they were written.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Chain {
    /// `whole`: every entry follows from the one before; `each`: every entry was held against its own hash only.
    checked: &'static str,
    /// Whether nothing was wrong.
    intact: bool,
    /// The first that is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    first_wrong: Option<String>,
}

impl Chain {
    fn of(checked: &'static str, wrong: Option<&String>) -> Self {
        Self { checked, intact: wrong.is_none(), first_wrong: wrong.cloned() }
    }
}

/// The whole audit log, up to the entry that was the last when the export began.
pub(super) struct WholeAudit {
    store: Arc<dyn Store>,
    last: i64,
    pages: AuditPages,
    verifier: ChainVerifier,
    wrong: Option<String>,
}

impl WholeAudit {
    pub(super) fn new(store: Arc<dyn Store>, last: i64) -> Self {
        Self { store, last, pages: AuditPages::new(), verifier: ChainVerifier::new(), wrong: None }
    }
}

impl Source for WholeAudit {
    type Row = AuditEntry;

    async fn next(&mut self) -> Result<Option<Vec<AuditEntry>>, StoreError> {
        let Some(mut page) = self.pages.next(self.store.as_ref()).await? else { return Ok(None) };
        page.retain(|entry| entry.seq <= self.last);
        for entry in &page {
            if self.wrong.is_none() {
                self.wrong = self.verifier.check(entry).err().map(|error| error.to_string());
            }
        }
        Ok((!page.is_empty()).then_some(page))
    }

    fn order(&self) -> &'static str {
        "oldest first"
    }

    fn is_of_one_moment(&self) -> bool {
        true
    }

    fn chain(&self) -> Option<Chain> {
        Some(Chain::of("whole", self.wrong.as_ref()))
    }
}

/// Audit entries that fit a search.
pub(super) struct FoundAudit {
    store: Arc<dyn Store>,
    search: AuditSearch,
    wrong: Option<String>,
    done: bool,
}

impl FoundAudit {
    pub(super) fn new(store: Arc<dyn Store>, search: AuditSearch, last: i64) -> Self {
        let before = Some(search.before.unwrap_or(i64::MAX).min(last.saturating_add(1)));
        Self { store, search: AuditSearch { before, limit: PAGE_ROWS, ..search }, wrong: None, done: false }
    }
}

impl Source for FoundAudit {
    type Row = AuditEntry;

    async fn next(&mut self) -> Result<Option<Vec<AuditEntry>>, StoreError> {
        if self.done {
            return Ok(None);
        }
        let page = self.store.search_audit(&self.search).await?;
        let Some(last) = page.last() else { return Ok(None) };
        self.search.before = Some(last.seq);
        self.done = page.len() < PAGE_ROWS as usize;
        if self.wrong.is_none() {
            let wrong = page.iter().find(|entry| entry.computed_hash() != entry.hash);
            self.wrong = wrong.map(|entry| format!("entry {} was changed", entry.seq));
        }
        Ok(Some(page))
    }

    fn order(&self) -> &'static str {
        "newest first"
    }

    fn is_of_one_moment(&self) -> bool {
        true
    }

    fn chain(&self) -> Option<Chain> {
        Some(Chain::of("each", self.wrong.as_ref()))
    }
}

/// Units.
pub(super) struct Units {
    store: Arc<dyn Store>,
    filter: UnitFilter,
    done: bool,
}

impl Units {
    pub(super) fn new(store: Arc<dyn Store>, filter: UnitFilter) -> Self {
        Self { store, filter: UnitFilter { after: None, limit: PAGE_ROWS, ..filter }, done: false }
    }
}

impl Source for Units {
    type Row = UnitRow;

    async fn next(&mut self) -> Result<Option<Vec<UnitRow>>, StoreError> {
        if self.done {
            return Ok(None);
        }
        let page = self.store.units(&self.filter).await?;
        let Some(last) = page.last() else { return Ok(None) };
        self.filter.after = Some(last.mac);
        self.done = page.len() < PAGE_ROWS as usize;
        Ok(Some(page.into_iter().map(UnitRow::from).collect()))
    }

    fn order(&self) -> &'static str {
        "by MAC"
    }
}

/// Units that have a name with a text in it, and stand so.
pub(super) struct FoundUnits {
    store: Arc<dyn Store>,
    search: UnitSearch,
    standing: Option<Standing>,
    done: bool,
}

impl FoundUnits {
    /// `text` is what is searched for.
    pub(super) fn new(store: Arc<dyn Store>, text: &str, standing: Option<Standing>) -> Self {
        // No name on record is longer, so nothing could be found.
        let text = text.chars().take(SEARCH_TEXT_MAX + 1).collect();
        Self { store, search: UnitSearch { text, after: None, limit: PAGE_ROWS }, standing, done: false }
    }
}

impl Source for FoundUnits {
    type Row = UnitRow;

    async fn next(&mut self) -> Result<Option<Vec<UnitRow>>, StoreError> {
        if self.done {
            return Ok(None);
        }
        let page = self.store.search_units(&self.search).await?;
        let Some(last) = page.last() else { return Ok(None) };
        self.search.after = Some(last.summary.mac);
        self.done = page.len() < PAGE_ROWS as usize;
        let wanted = page.into_iter().map(|hit| hit.summary);
        let wanted = wanted.filter(|unit| self.standing.is_none() || unit.standing == self.standing);
        Ok(Some(wanted.map(UnitRow::from).collect()))
    }

    fn order(&self) -> &'static str {
        "as the search finds them"
    }
}

/// A run and what it counts for.
pub(super) struct RunOfBatch<'a> {
    pub(super) run: &'a Run,
    pub(super) batch: BatchId,
    /// Name of the work order.
    pub(super) name: &'a str,
}

/// All runs.
pub(super) struct Runs {
    store: Arc<dyn Store>,
    after: Option<RunId>,
    names: HashMap<BatchId, String>,
    done: bool,
}

impl Runs {
    pub(super) fn new(store: Arc<dyn Store>) -> Self {
        Self { store, after: None, names: HashMap::new(), done: false }
    }

    async fn learn_name(&mut self, batch: BatchId) -> Result<(), StoreError> {
        if !self.names.contains_key(&batch) {
            if self.names.len() >= NAMES_MAX {
                self.names.clear();
            }
            let name = self.store.batch(batch).await?.map(|record| record.batch.name);
            self.names.insert(batch, name.unwrap_or_default());
        }
        Ok(())
    }
}

impl Source for Runs {
    type Row = RunRow;

    async fn next(&mut self) -> Result<Option<Vec<RunRow>>, StoreError> {
        if self.done {
            return Ok(None);
        }
        let page = self.store.run_page(self.after, PAGE_ROWS).await?;
        let Some((last, _)) = page.last() else { return Ok(None) };
        self.after = Some(last.id);
        self.done = page.len() < PAGE_ROWS as usize;
        let mut rows = Vec::with_capacity(page.len());
        for (run, batch) in &page {
            self.learn_name(*batch).await?;
            let name = self.names.get(batch).map_or("", String::as_str);
            rows.push(RunRow::from(RunOfBatch { run, batch: *batch, name }));
        }
        Ok(Some(rows))
    }

    fn order(&self) -> &'static str {
        "oldest first"
    }
}
