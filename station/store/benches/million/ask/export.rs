//! Whether an export streams: the memory it takes does not grow with what it gives out.

use std::{fs, time::Instant};

use firstpass_domain::audit::ChainVerifier;
use firstpass_store::{SqliteStore, Store as _, StoreError};

/// Entries that are read at a time, as exports do.
const PAGE: u32 = 1000;
/// What memory may grow by over all pages after the first ones.
const GROWTH_MAX_KIB: u64 = 16 << 10;
/// Entries after which memory is compared: caches are full by then.
const WARM: i64 = 50_000;

/// Reads the whole log and verifies its chain; whether memory stayed flat.
pub(super) async fn stream(store: &SqliteStore, entries: i64) -> Result<bool, StoreError> {
    let (started, mut warm) = (Instant::now(), None);
    let mut verifier = ChainVerifier::new();
    loop {
        let page = store.audit_entries(verifier.checked(), PAGE).await?;
        if page.is_empty() {
            break;
        }
        for entry in &page {
            verifier.check(entry).expect("the chain that was made holds");
        }
        if verifier.checked() >= WARM {
            warm.get_or_insert_with(resident_kib);
        }
    }
    assert_eq!(verifier.checked(), entries, "the log ends where its head is");
    let took = started.elapsed();
    let growth = resident_kib().saturating_sub(warm.unwrap_or_else(resident_kib));
    let rate = entries as f64 / took.as_secs_f64();
    let ratio = growth as f64 / GROWTH_MAX_KIB as f64;
    println!(
        "exported:  {entries} entries, verified, in {took:.1?}: {rate:.0} entries/s; memory grew by {growth} KiB, {ratio:.3} of what it may"
    );
    Ok(ratio <= 1.0)
}

/// Memory of this process that is in use.
fn resident_kib() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0)
}
