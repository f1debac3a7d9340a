//! How fast the audit log is written and verified, through the store's own interface.
//!
//! `cargo bench -p firstpass-store --bench audit`. The limit is the product's promise: 10 000 entries verify in 1 s.

use std::time::{Duration, Instant};

use firstpass_domain::{
    Chip, FlashSize, Injection, Policy, RunId, SlotId, StationId, Step, StepOutcome, Timestamp, audit::ChainVerifier,
};
use firstpass_store::{NewBatch, NewRun, RecipeRecord, SqliteStore, Store, StoreError};
use uuid::Uuid;

/// Entries to write and to verify.
const ENTRIES: i64 = 10_000;
/// How long verifying them may take.
const VERIFY_LIMIT: Duration = Duration::from_secs(1);
/// Entries that are read at a time.
const PAGE: u32 = 1000;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // Beside the build, because a temporary folder may lie in memory, where nothing is ever synchronised.
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let store = SqliteStore::open(folder.path().join("record.sqlite"), StationId::new("bench")?).await?;
    let started = Instant::now();
    let entries = write(&store).await?;
    report_writing(entries, started.elapsed());
    let started = Instant::now();
    assert_eq!(verify(&store).await?, entries);
    report_verifying(entries, started.elapsed());
    Ok(())
}

/// Writes one entry a transaction, as the line does with its steps. Returns how many there are.
async fn write(store: &dyn Store) -> Result<i64, Box<dyn std::error::Error>> {
    let at = Timestamp::from_micros(0);
    store.start_station(at).await?;
    let (text, policy) = (String::new(), policy()?);
    let recipe = policy.recipe_hash(&text);
    let record = RecipeRecord { hash: recipe, name: "bench".to_owned(), text, policy };
    store.use_recipe(&record, &[], at).await?;
    let (name, product) = ("bench".to_owned(), String::new());
    let batch = NewBatch { name, product, recipe, quantity: None, quota: None };
    let batch = store.open_batch(&batch, at).await?;
    let id = RunId(Uuid::new_v4());
    store.begin_run(&NewRun { id, slot: SlotId::new("A1")?, batch, recipe }, at).await?;
    let mut entries = 4;
    while entries < ENTRIES {
        store.begin_step(id, Step::Flash, at).await?;
        store.end_step(id, Step::Flash, StepOutcome::Done, at).await?;
        entries += 2;
    }
    Ok(entries)
}

fn policy() -> Result<Policy, Box<dyn std::error::Error>> {
    Ok(Policy { ..Policy::plain(Injection::Nvs, Chip::Esp32c3, FlashSize::from_bytes(4 << 20)?) })
}

async fn verify(store: &dyn Store) -> Result<i64, StoreError> {
    let mut verifier = ChainVerifier::new();
    loop {
        let page = store.audit_entries(verifier.checked(), PAGE).await?;
        if page.is_empty() {
            return Ok(verifier.checked());
        }
        for entry in &page {
            verifier.check(entry).expect("nobody has tampered with the bench's own record");
        }
    }
}

fn report_writing(entries: i64, took: Duration) {
    let rate = entries as f64 / took.as_secs_f64();
    println!("written:  {entries} entries in {took:.2?}: {rate:.0} entries/s, each durable by itself");
}

fn report_verifying(entries: i64, took: Duration) {
    let ratio = took.as_secs_f64() / VERIFY_LIMIT.as_secs_f64();
    println!("verified: {entries} entries in {took:.2?}: {ratio:.3} of the limit of {VERIFY_LIMIT:?}");
}
