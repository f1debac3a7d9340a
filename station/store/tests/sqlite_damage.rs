//! The record in SQLite when its file, its log or both were cut, damaged, lost or replaced by an older copy: what was
//! confirmed is there, or the record is refused with a remedy.

#![expect(clippy::unwrap_used, reason = "in a test, a panic is the report")]

#[expect(dead_code, unused_imports, unused_macros, reason = "the suite's own tests use the rest")]
mod conformance;

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use conformance::{
    fixture::{evidence, mac, now, pattern, policy},
    line::Line,
};
use firstpass_domain::{
    AuditEntry, Evidence, RunId, StationId,
    audit::{ChainError, ChainVerifier},
};
use firstpass_store::{Damage, SqliteStore, Store, StoreError};
use sqlx::{ConnectOptions as _, Connection as _, sqlite::SqliteConnectOptions};
use tempfile::TempDir;

/// Bytes of the header of a log, and of the header of each page in it: <https://www.sqlite.org/fileformat.html#walformat>.
const LOG_HEADER: usize = 32;
const FRAME_HEADER: usize = 24;
const PAGE: usize = 4096;
const FRAME: usize = FRAME_HEADER + PAGE;

const RECORD: &str = "record.sqlite";
const LOG: &str = "record.sqlite-wal";
const MARK: &str = "record.sqlite-mark";

async fn open(path: &Path) -> Result<SqliteStore, StoreError> {
    SqliteStore::open(path, StationId::new("s1").unwrap()).await
}

/// A record as a station leaves it that dies, and what it had confirmed.
struct Cut {
    record: Vec<u8>,
    log: Vec<u8>,
    mark: Vec<u8>,
    /// The mark as it stood before the last confirmed acts.
    earlier_mark: Vec<u8>,
    run: RunId,
    audit: Vec<AuditEntry>,
    evidence: Vec<Evidence>,
}

impl Cut {
    async fn make() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(RECORD);
        let line = Line::on(Arc::new(open(&path).await.unwrap()), None).await;
        let passed = line.admitted_run("A1").await;
        line.provision(passed).await;
        line.pass(passed).await;
        let earlier_mark = fs::read(folder.path().join(MARK)).unwrap();
        let run = line.run_with("A2", mac(), &policy()).await;
        line.store.allocate_serial(run, &pattern("FP"), now()).await.unwrap();
        line.provision(run).await;
        // The last confirmed write is one that the audit log does not tell of.
        line.store.add_evidence(run, &[evidence()]).await.unwrap();
        let read = |name: &str| fs::read(folder.path().join(name)).unwrap();
        let (record, log, mark) = (read(RECORD), read(LOG), read(MARK));
        let (audit, evidence) = (line.audit().await, line.store.run(run).await.unwrap().unwrap().evidence);
        Self { record, log, mark, earlier_mark, run, audit, evidence }
    }

    /// The three files in a folder of their own; `None` is a file that is missing.
    fn put(&self, record: Option<&[u8]>, log: Option<&[u8]>, mark: Option<&[u8]>) -> (TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        for (name, bytes) in [(RECORD, record), (LOG, log), (MARK, mark)] {
            if let Some(bytes) = bytes {
                fs::write(folder.path().join(name), bytes).unwrap();
            }
        }
        let path = folder.path().join(RECORD);
        (folder, path)
    }

    /// Whether the record opens with all that was confirmed; `false` when it is refused. Panics on everything else.
    async fn opens_whole(&self, path: &Path, what: &str) -> bool {
        let store = match open(path).await {
            Ok(store) => Arc::new(store),
            Err(error @ StoreError::Corrupt { .. }) => {
                assert!(!error.remedy().is_empty());
                return false;
            }
            Err(error) => panic!("{what}: {error:?}"),
        };
        let line = Line::on(store, None).await;
        assert_eq!(line.audit().await[..self.audit.len()], self.audit, "{what}");
        let found = line.store.run(self.run).await.unwrap().unwrap().evidence;
        assert_eq!(found, self.evidence, "{what}");
        line.verify().await.unwrap();
        true
    }
}

/// Every boundary of the log and places on either side and between.
fn cuts(log: &[u8]) -> Vec<usize> {
    let frames = (log.len() - LOG_HEADER) / FRAME;
    let ends = (0..frames).map(|frame| LOG_HEADER + frame * FRAME);
    let around = ends.flat_map(|at| [at, at + FRAME_HEADER / 2, at + FRAME_HEADER, at + FRAME / 2, at + FRAME - 1]);
    [0, 1, LOG_HEADER / 2, LOG_HEADER - 1].into_iter().chain(around).collect()
}

#[tokio::test]
async fn an_undamaged_record_opens_whole_whatever_became_of_its_mark() {
    let cut = Cut::make().await;
    // After a power cut the mark may lag behind, be torn or be missing.
    let torn = &cut.mark[..cut.mark.len() / 2];
    for mark in [Some(cut.mark.as_slice()), Some(&cut.earlier_mark), Some(torn), Some(b"scribble"), None] {
        let (_folder, path) = cut.put(Some(&cut.record), Some(&cut.log), mark);
        assert!(cut.opens_whole(&path, "undamaged").await);
    }
}

#[tokio::test]
async fn a_log_that_was_cut_anywhere_or_is_missing_is_refused() {
    let cut = Cut::make().await;
    for len in cuts(&cut.log) {
        let (_folder, path) = cut.put(Some(&cut.record), Some(&cut.log[..len]), Some(&cut.mark));
        assert!(!cut.opens_whole(&path, "cut log").await, "a log of {len} of {} bytes is whole", cut.log.len());
    }
    let (_folder, path) = cut.put(Some(&cut.record), None, Some(&cut.mark));
    assert!(!cut.opens_whole(&path, "no log").await);
}

#[tokio::test]
async fn a_flipped_bit_anywhere_in_the_log_loses_nothing_unnoticed() {
    let cut = Cut::make().await;
    let step = cut.log.len() / 97;
    for at in (0..LOG_HEADER).chain((LOG_HEADER..cut.log.len()).step_by(step)).chain([cut.log.len() - 1]) {
        let mut log = cut.log.clone();
        log[at] ^= 1 << (at % 8);
        let (_folder, path) = cut.put(Some(&cut.record), Some(&log), Some(&cut.mark));
        cut.opens_whole(&path, &format!("bit of byte {at}")).await;
    }
}

#[tokio::test]
async fn a_refused_record_is_left_as_it_was_found() {
    let cut = Cut::make().await;
    let log = &cut.log[..cut.log.len() - PAGE];
    let (folder, path) = cut.put(Some(&cut.record), Some(log), Some(&cut.mark));
    let error = open(&path).await.unwrap_err();
    let StoreError::Corrupt { source, .. } = &error else { panic!("{error:?}") };
    assert!(matches!(source.downcast_ref(), Some(Damage::Lost { .. })), "{source}");
    assert!(error.remedy().contains("Put the newest copy of the record"), "{}", error.remedy());
    let read = |name: &str| fs::read(folder.path().join(name)).unwrap();
    assert!(read(RECORD) == cut.record && read(LOG) == log && read(MARK) == cut.mark);
    // Who accepts the loss says so, and goes on with what is there.
    fs::remove_file(folder.path().join(MARK)).unwrap();
    let line = Line::on(Arc::new(open(&path).await.unwrap()), None).await;
    line.verify().await.unwrap();
}

#[tokio::test]
async fn an_older_copy_an_empty_and_a_missing_file_are_refused() {
    let cut = Cut::make().await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(RECORD);
    let line = Line::on(Arc::new(open(&path).await.unwrap()), None).await;
    line.store.close().await;
    let older = fs::read(&path).unwrap();
    for record in [Some(older.as_slice()), Some(b"".as_slice()), None] {
        let (_folder, path) = cut.put(record, None, Some(&cut.mark));
        assert!(!cut.opens_whole(&path, "older").await);
        assert_eq!(path.exists(), record.is_some());
    }
}

#[tokio::test]
async fn a_file_that_was_cut_anywhere_is_refused() {
    let cut = Cut::make().await;
    let (_folder, path) = cut.put(Some(&cut.record), Some(&cut.log), Some(&cut.mark));
    open(&path).await.unwrap().close().await;
    let record = fs::read(&path).unwrap();
    assert!(record.len() > 20 * PAGE);
    let within = (1..record.len() / PAGE).flat_map(|page| [page * PAGE, page * PAGE + PAGE / 2]).step_by(3);
    for len in within.chain([record.len() - PAGE / 2, record.len() - 1]) {
        for mark in [Some(cut.mark.as_slice()), None] {
            let (folder, path) = cut.put(Some(&record[..len]), None, mark);
            assert!(!cut.opens_whole(&path, "cut file").await, "a file of {len} of {} bytes is whole", record.len());
            let files = fs::read_dir(folder.path()).unwrap().count();
            assert_eq!(files, 1 + usize::from(mark.is_some()), "nothing is left beside a file of {len} bytes");
        }
    }
}

#[tokio::test]
async fn a_page_that_was_overwritten_is_refused() {
    let cut = Cut::make().await;
    let (_folder, path) = cut.put(Some(&cut.record), Some(&cut.log), Some(&cut.mark));
    open(&path).await.unwrap().close().await;
    let record = fs::read(&path).unwrap();
    for page in 1..record.len() / PAGE {
        let mut torn = record.clone();
        torn[page * PAGE..][..PAGE].fill(0);
        let (_folder, path) = cut.put(Some(&torn), None, Some(&cut.mark));
        assert!(!cut.opens_whole(&path, &format!("page {page}")).await, "page {page} is not missed");
    }
}

#[tokio::test]
async fn a_record_whose_chain_is_broken_at_its_end_is_refused_and_can_be_read() {
    let cut = Cut::make().await;
    let (_folder, path) = cut.put(Some(&cut.record), Some(&cut.log), Some(&cut.mark));
    let mut connection = SqliteConnectOptions::new().filename(&path).connect().await.unwrap();
    for sql in ["DROP TRIGGER audit_refuses_update", "UPDATE audit SET actor = 'nobody' WHERE seq = 9"] {
        sqlx::query(sql).execute(&mut connection).await.unwrap();
    }
    connection.close().await.unwrap();
    let error = open(&path).await.unwrap_err();
    let StoreError::Corrupt { source, .. } = &error else { panic!("{error:?}") };
    let Some(Damage::Chain(found)) = source.downcast_ref() else { panic!("{source:?}") };
    assert_eq!(*found, ChainError::Changed { seq: 9 });
    assert!(error.remedy().contains("audit verify"), "{}", error.remedy());
    let reader = SqliteStore::open_read_only(&path).await.unwrap();
    let mut verifier = ChainVerifier::new();
    let entries = reader.audit_entries(0, 1000).await.unwrap();
    assert_eq!(entries.iter().try_for_each(|entry| verifier.check(entry)), Err(ChainError::Changed { seq: 9 }));
}
