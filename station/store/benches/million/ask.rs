//! What is asked, and how long the answers take.

mod audit;
mod export;
mod pages;
mod units;

use std::time::{Duration, Instant};

use firstpass_store::{SqliteStore, StoreError};

use crate::floor;

/// How long 95 of 100 answers may take.
const LIMIT: Duration = Duration::from_millis(100);
/// How often each question is asked, each time about something else.
const TIMES: u64 = 40;

/// What is asked about: the record and how large it is.
pub(crate) struct Asked<'a> {
    pub(crate) store: &'a SqliteStore,
    pub(crate) units: usize,
    pub(crate) entries: i64,
    slowest: Duration,
}

/// Asks everything; whether all answers came in time.
pub(crate) async fn everything(store: &SqliteStore, units: usize) -> Result<bool, StoreError> {
    use firstpass_store::Search as _;
    let entries = store.audit_head().await?.map_or(0, |(seq, _)| seq);
    let mut asked = Asked { store, units, entries, slowest: Duration::ZERO };
    println!("{:<52} {:>8} {:>9} {:>9} {:>9} {:>6}", "question", "answers", "p50 ms", "p95 ms", "max ms", "ratio");
    units::ask(&mut asked).await?;
    audit::ask(&mut asked).await?;
    pages::ask(&mut asked).await?;
    let ratio = asked.slowest.as_secs_f64() / LIMIT.as_secs_f64();
    println!("slowest:   {ratio:.3} of the limit of {LIMIT:?} for 95 of 100 answers");
    let is_flat = export::stream(store, entries).await?;
    Ok(ratio <= 1.0 && is_flat)
}

impl Asked<'_> {
    /// Asks a question so often, of another number each time, and prints how long the answers took. The question tells
    /// how many rows its answer has.
    pub(crate) async fn time<F>(&mut self, name: &str, question: impl Fn(u64) -> F) -> Result<(), StoreError>
    where
        F: Future<Output = Result<usize, StoreError>>,
    {
        let (mut took, mut answers) = (Vec::new(), 0);
        for number in 0..TIMES {
            let started = Instant::now();
            answers += question(floor::chance(name, number)).await?;
            took.push(started.elapsed());
        }
        took.sort_unstable();
        let of = |percent: usize| took[(took.len() * percent).div_ceil(100).max(1) - 1];
        self.slowest = self.slowest.max(of(95));
        let [p50, p95, max] = [of(50), of(95), of(100)].map(|took| took.as_secs_f64() * 1000.0);
        let (answers, ratio) = (answers as f64 / TIMES as f64, of(95).as_secs_f64() / LIMIT.as_secs_f64());
        println!("{name:<52} {answers:>8.1} {p50:>9.2} {p95:>9.2} {max:>9.2} {ratio:>6.3}");
        Ok(())
    }
}
