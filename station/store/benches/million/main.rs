//! Whether searches and pages answer in time when a year is on record.
//!
//! `cargo bench -p firstpass-store --bench million` makes a record of 20 000 units and asks it everything that pages ask.
//! `FIRSTPASS_BENCH_UNITS=1000000` makes the one of the product's promise: about 20 million audit entries, tens of
//! gigabytes. The file is kept under `target/tmp`, or at `FIRSTPASS_BENCH_RECORD`, and used again. The limit: 100 ms for
//! 95 of 100 answers.

mod ask;
mod floor;
mod make;
mod record;
mod rows;
mod unit;

use std::{
    env,
    path::{Path, PathBuf},
    process::ExitCode,
    time::Instant,
};

use firstpass_domain::StationId;
use firstpass_store::{SqliteStore, Store as _};

/// Units when nothing else is said.
const UNITS: usize = 20_000;

#[tokio::main]
async fn main() -> Result<ExitCode, Box<dyn std::error::Error>> {
    let units = env::var("FIRSTPASS_BENCH_UNITS").map_or(Ok(UNITS), |units| units.parse())?;
    let kept = format!("{}/million-{units}.sqlite", env!("CARGO_TARGET_TMPDIR"));
    let path = env::var_os("FIRSTPASS_BENCH_RECORD").map_or_else(|| PathBuf::from(kept), PathBuf::from);
    if !path.exists() {
        let started = Instant::now();
        let entries = make::make(&path, units).await?;
        println!("made:      {units} units, {entries} entries, {} MB in {:.0?}", megabytes(&path), started.elapsed());
    }
    let started = Instant::now();
    let store = SqliteStore::open(&path, StationId::new("bench")?).await?;
    println!("opened:    {} MB in {:.1?}, with its migration when it is new", megabytes(&path), started.elapsed());
    let is_in_time = ask::everything(&store, units).await?;
    store.close().await;
    Ok(if is_in_time { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn megabytes(path: &Path) -> u64 {
    path.metadata().map_or(0, |found| found.len() >> 20)
}
