//! Reads the audit log page by page, so that its length costs no memory.

use std::error::Error;

use firstpass_domain::AuditEntry;
use firstpass_store::{Store, StoreError};

/// Entries that are in memory at a time.
const PAGE_ENTRIES: u32 = 1000;

/// A place in the log, from which a walk goes on.
#[derive(Debug, Clone)]
pub struct AuditPages {
    after: i64,
    limit: u32,
}

impl Default for AuditPages {
    fn default() -> Self {
        Self::new()
    }
}

impl AuditPages {
    /// From the first entry on, whatever position it claims.
    pub const fn new() -> Self {
        Self { after: i64::MIN, limit: PAGE_ENTRIES }
    }

    /// The next entries of the record in order; `None` after the last.
    pub async fn next(&mut self, store: &dyn Store) -> Result<Option<Vec<AuditEntry>>, StoreError> {
        let page = match store.audit_entries(self.after, self.limit).await {
            // One unreadable entry spoils its page: from here on, all that can be read is read one by one.
            Err(StoreError::Corrupt { .. }) if self.limit > 1 => {
                self.limit = 1;
                store.audit_entries(self.after, self.limit).await?
            }
            result => result?,
        };
        let Some(last) = page.last() else { return Ok(None) };
        self.after = last.seq;
        Ok(Some(page))
    }
}

/// The reason behind an error of the record. For the auditor, who asks for exactly this.
pub fn cause(error: &StoreError) -> String {
    error.source().map_or_else(|| error.to_string(), ToString::to_string)
}
