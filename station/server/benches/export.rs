//! Whether an export streams: `cargo bench -p firstpass-server --bench export` makes a log of 400 000 entries (or of
//! `FIRSTPASS_BENCH_ENTRIES`), takes it out in every format over the socket, and prints how much the memory of the whole
//! program grew beside what it gave out. Prints each figure against its limit; more than 1.00 is too much.

#![expect(clippy::unwrap_used, reason = "in a benchmark, a panic is the report")]

#[path = "../tests/support/mod.rs"]
mod support;

use std::{
    fs,
    io::{Read as _, Write as _},
    net::TcpStream,
    path::Path,
    process::ExitCode,
    time::{Duration, Instant},
};

use firstpass_domain::{AuditEntry, AuditKind, Role, Sha256Digest, StationId, Timestamp, audit::GENESIS};
use sqlx::{ConnectOptions as _, Connection as _, SqliteConnection, sqlite::SqliteConnectOptions};
use support::Bench;

const ENTRIES: i64 = 400_000;
/// What the memory may grow by while an export goes out, whatever its length: a row group and the buffers.
const GROWTH_MAX_KIB: u64 = 96 << 10;

fn main() -> ExitCode {
    // `cargo test` runs benchmarks too, once and without measuring.
    if !std::env::args().any(|arg| arg == "--bench") {
        return ExitCode::SUCCESS;
    }
    let entries = std::env::var("FIRSTPASS_BENCH_ENTRIES").map_or(ENTRIES, |count| count.parse().unwrap());
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let bench = runtime.block_on(async {
        let bench = Bench::start().await;
        bench.session(Role::Auditor).await;
        fill(&bench, entries).await;
        bench
    });
    let session = runtime.block_on(bench.session(Role::Auditor));
    let good = ["jsonl", "csv", "parquet"].into_iter().map(|format| measure(&bench, &session.cookie, format, entries));
    // Every format is measured, also after one that is not good.
    if good.filter(|good| !good).count() == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Writes entries behind the last one as the record would, without its waiting for the disk.
async fn fill(bench: &Bench, entries: i64) {
    let (mut seq, mut prev) = bench.store.audit_head().await.unwrap().unwrap_or((0, GENESIS));
    let options = SqliteConnectOptions::new().filename(bench.folder.path().join("record.sqlite"));
    let mut connection = options.connect().await.unwrap();
    let mut transaction = connection.begin().await.unwrap();
    let station = StationId::new("bench-1").unwrap();
    for n in 0..entries {
        seq += 1;
        let (run, noise) = (Sha256Digest::of(&n.to_be_bytes()), Sha256Digest::of(&(-n).to_be_bytes()));
        let body = format!(r#"{{"mac":"60:55:f9:00:00:01","recipe":"{noise}","step":"flash","outcome":"done"}}"#);
        let at = Timestamp::from_micros(1_767_268_800_000_000 + n * 1000);
        let (kind, actor) = (AuditKind::StepEnded, "line".to_owned());
        let entry = AuditEntry::seal(seq, at, station.clone(), actor, kind, run.to_string(), body, prev);
        prev = entry.hash;
        insert(&mut transaction, &entry).await;
    }
    transaction.commit().await.unwrap();
}

async fn insert(connection: &mut SqliteConnection, entry: &AuditEntry) {
    sqlx::query(
        "INSERT INTO audit (seq, at, station, actor, kind, subject, body, prev, hash) VALUES (?,?,?,?,?,?,?,?,?)",
    )
    .bind(entry.seq)
    .bind(entry.at.as_micros())
    .bind(entry.station.as_str())
    .bind(&entry.actor)
    .bind(entry.kind.name())
    .bind(&entry.subject)
    .bind(&entry.body)
    .bind(&entry.prev.bytes()[..])
    .bind(&entry.hash.bytes()[..])
    .execute(connection)
    .await
    .unwrap();
}

/// Takes the whole log out in one format; whether memory stayed flat.
fn measure(bench: &Bench, cookie: &str, format: &str, entries: i64) -> bool {
    fs::write("/proc/self/clear_refs", "5").unwrap();
    let before = status_kib("VmRSS:");
    let started = Instant::now();
    let sent = download(&bench.url, cookie, &format!("/export/audit?format={format}"));
    let took = started.elapsed();
    let growth = status_kib("VmHWM:").saturating_sub(before);
    let ratio = growth as f64 / GROWTH_MAX_KIB as f64;
    println!(
        "{format:<8} {entries} entries, {} MiB sent in {took:.1?}: {:.0} entries/s; memory grew by {growth} KiB at most, {ratio:.2} of what it may",
        sent >> 20,
        entries as f64 / took.as_secs_f64(),
    );
    ratio <= 1.0
}

/// Reads an answer to its end and keeps nothing of it; returns its length.
fn download(url: &str, cookie: &str, path: &str) -> u64 {
    let address = url.trim_start_matches("http://");
    let mut socket = TcpStream::connect(address).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: {address}\r\ncookie: {cookie}\r\nconnection: close\r\n\r\n");
    socket.write_all(request.as_bytes()).unwrap();
    let (mut buffer, mut sent, mut tail) = (vec![0; 256 * 1024], 0, Vec::new());
    loop {
        let count = socket.read(&mut buffer).unwrap();
        if count == 0 {
            // The last chunk of a body that is whole.
            assert!(tail.ends_with(b"0\r\n\r\n"), "the export broke off");
            return sent;
        }
        sent += count as u64;
        tail.extend(&buffer[count.saturating_sub(8)..count]);
        tail.drain(..tail.len().saturating_sub(8));
    }
}

fn status_kib(name: &str) -> u64 {
    let status = fs::read_to_string(Path::new("/proc/self/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}
