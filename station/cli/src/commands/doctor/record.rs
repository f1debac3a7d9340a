//! Whether the record opens, and whether the end of its audit chain is right.

use firstpass_domain::audit::ChainVerifier;
use firstpass_store::{SqliteStore, Store, StoreError};

use super::Check;
use crate::{audit_end, data::DataFolder};

const NAME: &str = "record";
/// Entries at the end of the chain that are checked; `audit verify` checks them all.
const ENTRIES_CHECKED: i64 = 1000;

pub(super) async fn check(data: &DataFolder) -> Check {
    let Ok(file) = data.record() else {
        return Check::ok(NAME, "not there yet; the first batch makes it");
    };
    let store = match data.read_record().await {
        Ok(store) => store,
        Err(failure) => {
            let what = format!("{}: {}", file.display(), failure.problem.why);
            return Check::fail(NAME, what, failure.problem.remedy);
        }
    };
    match check_end(&store).await {
        Ok(Ok((total, checked))) => {
            Check::ok(NAME, format!("{total} audit entries, the chain of the last {checked} is intact"))
        }
        Ok(Err(broken)) => Check::fail(NAME, broken, "Run `station audit verify`, and keep the record as it is."),
        Err(error) => Check::fail(NAME, error.to_string(), "Restore the record from its backup."),
    }
}

/// How many entries there are and how many of them were checked, or what is wrong with one.
async fn check_end(store: &SqliteStore) -> Result<Result<(i64, i64), String>, StoreError> {
    let total = audit_end::position(store).await?;
    let mut before = (total - ENTRIES_CHECKED).max(0);
    let mut verifier = ChainVerifier::new();
    if before > 0 {
        let Some(trusted) = store.audit_entries(before - 1, 1).await?.pop() else { return Ok(Err(gap(before))) };
        before = trusted.seq;
        verifier = ChainVerifier::after(&trusted);
    }
    let limit = u32::try_from(ENTRIES_CHECKED).expect("a thousand fits");
    for entry in store.audit_entries(before, limit).await? {
        if let Err(error) = verifier.check(&entry) {
            return Ok(Err(error.to_string()));
        }
    }
    Ok(if verifier.checked() == total { Ok((total, total - before)) } else { Err(gap(total)) })
}

fn gap(seq: i64) -> String {
    format!("audit entry {seq} is missing")
}
