//! Where the audit log ends.

use firstpass_store::{Store, StoreError};

/// Position of the last entry, by doubling and halving: the log has no gaps, or else a check finds one.
pub(crate) async fn position(store: &dyn Store) -> Result<i64, StoreError> {
    let (mut there, mut absent) = (0, 1);
    while has_after(store, absent - 1).await? {
        there = absent;
        absent *= 2;
    }
    while absent - there > 1 {
        let middle = there + (absent - there) / 2;
        if has_after(store, middle - 1).await? { there = middle } else { absent = middle }
    }
    Ok(there)
}

async fn has_after(store: &dyn Store, position: i64) -> Result<bool, StoreError> {
    Ok(!store.audit_entries(position, 1).await?.is_empty())
}
