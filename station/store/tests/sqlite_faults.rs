//! The record in SQLite when the disk, the file or the permissions are not as they should be.

#![expect(clippy::unwrap_used, reason = "in a test, a panic is the report")]

#[expect(dead_code, unused_imports, unused_macros, reason = "the suite's own tests use the rest")]
mod conformance;
mod small_disk;

use std::{fs, path::Path, sync::Arc};

use conformance::{
    fixture::{failure, mac, now, policy},
    line::Line,
};
use firstpass_domain::{RunState, StationId};
use firstpass_store::{SqliteStore, Store as _, StoreError};
use small_disk::SmallDisk;
use sqlx::{ConnectOptions as _, Connection as _, sqlite::SqliteConnectOptions};
use tokio::task::JoinSet;

/// More acts than any of these disks can hold.
const ACTS_MAX: usize = 10_000;

async fn open(path: &Path) -> Result<SqliteStore, StoreError> {
    SqliteStore::open(path, StationId::new("s1").unwrap()).await
}

async fn line(path: &Path) -> (Arc<SqliteStore>, Line) {
    let store = Arc::new(open(path).await.unwrap());
    (store.clone(), Line::on(store, None).await)
}

/// Begins and ends runs until the record says why it cannot; returns how many acts it has confirmed, and why.
async fn work_until_it_fails(line: &Line) -> (usize, StoreError) {
    for acts in 0..ACTS_MAX {
        let run = line.new_run("A1");
        if let Err(error) = line.store.begin_run(&run, now()).await {
            return (2 * acts, error);
        }
        if let Err(error) = line.store.finish_run(run.id, &failure(), &[], now()).await {
            return (2 * acts + 1, error);
        }
    }
    panic!("the disk never got full");
}

/// On a full disk there may be room in the log for a few writes more.
async fn check_until_it_fails(line: &Line) -> StoreError {
    for _ in 0..ACTS_MAX {
        if let Err(error) = line.store.check().await {
            return error;
        }
    }
    panic!("the disk never got full");
}

#[tokio::test]
async fn a_full_disk_gives_full_and_loses_nothing() {
    let Some(disk) = SmallDisk::mount() else { return };
    let (_, line) = line(&disk.path().join("record.sqlite")).await;
    let before = line.verify().await.unwrap();
    disk.fill();
    let (acts, error) = work_until_it_fails(&line).await;
    assert!(matches!(error, StoreError::Full { .. }), "{error:?}");
    assert_eq!(line.verify().await, Ok(before + i64::try_from(acts).unwrap()));

    assert!(matches!(check_until_it_fails(&line).await, StoreError::Full { .. }));
    disk.make_room();
    line.store.check().await.unwrap();
    let open_runs = line.store.start_station(now()).await.unwrap();
    for run in &open_runs {
        line.fail(run.id).await;
    }
    let run = line.run_with("A1", mac(), &policy()).await;
    line.provision(run).await;
    line.pass(run).await;
    line.verify().await.unwrap();
}

#[tokio::test]
async fn a_record_on_a_read_only_disk_can_be_read_and_not_written() {
    let Some(disk) = SmallDisk::mount() else { return };
    let path = disk.path().join("record.sqlite");
    let (store, line) = line(&path).await;
    let written = line.verify().await.unwrap();
    store.close().await;
    disk.make_read_only();
    let error = open(&path).await.unwrap_err();
    assert!(matches!(error, StoreError::ReadOnly { .. }), "{error:?}");
    let line = Line { store: Arc::new(SqliteStore::open_read_only(&path).await.unwrap()), ..line };
    assert_eq!(line.verify().await, Ok(written));
    let checked = line.store.check().await;
    assert!(matches!(checked, Err(StoreError::ReadOnly { .. })), "{checked:?}");
}

#[tokio::test]
async fn a_record_opened_to_read_refuses_to_write_and_sees_what_the_station_writes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("record.sqlite");
    let (_station, line) = line(&path).await;
    let reader = Line { store: Arc::new(SqliteStore::open_read_only(&path).await.unwrap()), ..line.clone() };
    let run = line.admitted_run("A1").await;
    assert_eq!(reader.verify().await, line.verify().await);
    assert_eq!(reader.store.run(run).await.unwrap().unwrap().run.state, RunState::Open);
    let error = reader.store.begin_run(&line.new_run("A2"), now()).await.unwrap_err();
    assert!(matches!(error, StoreError::ReadOnly { .. }), "{error:?}");
}

#[tokio::test]
async fn a_file_that_is_no_database_gives_corrupt() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("record.sqlite");
    fs::write(&path, "This is a letter and not a database. ".repeat(200)).unwrap();
    for error in [open(&path).await.unwrap_err(), SqliteStore::open_read_only(&path).await.unwrap_err()] {
        assert!(matches!(error, StoreError::Corrupt { .. }), "{error:?}");
    }
}

#[tokio::test]
async fn a_damaged_page_gives_corrupt() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("record.sqlite");
    let (store, line) = line(&path).await;
    for _ in 0..20 {
        let run = line.admitted_run("A1").await;
        line.fail(run).await;
    }
    store.close().await;
    let mut bytes = fs::read(&path).unwrap();
    // The first page holds the header and stays; everything after it is overwritten.
    bytes[4096..].fill(0xa5);
    fs::write(&path, bytes).unwrap();
    let error = open(&path).await.unwrap_err();
    assert!(matches!(error, StoreError::Corrupt { .. }), "{error:?}");
}

#[tokio::test]
async fn a_record_of_another_version_gives_corrupt() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("record.sqlite");
    open(&path).await.unwrap().close().await;
    let mut connection = SqliteConnectOptions::new().filename(&path).connect().await.unwrap();
    let newer = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
                 VALUES (999, 'newer', 1, x'00', 0)";
    sqlx::query(newer).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    for error in [open(&path).await.unwrap_err(), SqliteStore::open_read_only(&path).await.unwrap_err()] {
        assert!(matches!(error, StoreError::Corrupt { .. }), "{error:?}");
    }
}

#[tokio::test]
async fn a_record_that_is_not_there_is_unavailable_and_reading_does_not_make_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("record.sqlite");
    let error = SqliteStore::open_read_only(&path).await.unwrap_err();
    assert!(matches!(error, StoreError::Unavailable { .. }), "{error:?}");
    assert!(!path.exists());
    let error = open(&folder.path().join("missing/record.sqlite")).await.unwrap_err();
    assert!(matches!(error, StoreError::Unavailable { .. }), "{error:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stations_that_start_at_once_on_one_new_file_all_open_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("record.sqlite");
    let mut tasks = JoinSet::new();
    for _ in 0..6 {
        let path = path.clone();
        tasks.spawn(async move { open(&path).await.map(drop) });
    }
    for result in tasks.join_all().await {
        result.unwrap();
    }
}

#[tokio::test]
async fn what_was_confirmed_is_there_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("record.sqlite");
    let (store, line) = line(&path).await;
    let (done, under_way) = (line.admitted_run("A1").await, line.admitted_run("A2").await);
    line.pass(done).await;
    let before = line.audit().await;
    drop((store, line));
    let store = open(&path).await.unwrap();
    let line = Line::on(Arc::new(store), None).await;
    assert_eq!(line.audit().await[..before.len()], before);
    assert_eq!(line.store.run(done).await.unwrap().unwrap().run.state, RunState::Passed);
    let open: Vec<_> = line.store.start_station(now()).await.unwrap().iter().map(|run| run.id).collect();
    assert_eq!(open, [under_way]);
}

#[tokio::test]
async fn a_closed_record_is_one_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("record.sqlite");
    let (store, line) = line(&path).await;
    let written = line.verify().await.unwrap();
    store.close().await;
    let files = || {
        let name = |entry: std::io::Result<fs::DirEntry>| entry.unwrap().file_name().into_string().unwrap();
        let mut names: Vec<_> = fs::read_dir(folder.path()).unwrap().map(name).collect();
        names.sort();
        names
    };
    // The mark tells how far the record went; the record is whole without it.
    assert_eq!(files(), ["record.sqlite", "record.sqlite-mark"]);
    let store = Arc::new(SqliteStore::open_read_only(&path).await.unwrap());
    let reader = Line { store: store.clone(), ..line };
    assert_eq!(reader.verify().await, Ok(written));
    store.close().await;
    assert_eq!(files(), ["record.sqlite", "record.sqlite-mark"]);
    let copy = folder.path().join("copy.sqlite");
    fs::copy(&path, &copy).unwrap();
    let copied = Line { store: Arc::new(open(&copy).await.unwrap()), ..reader };
    assert_eq!(copied.verify().await, Ok(written));
}

#[tokio::test]
async fn a_record_as_a_power_cut_leaves_it_holds_what_was_confirmed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("record.sqlite");
    let (_station, line) = line(&path).await;
    let run = line.admitted_run("A1").await;
    line.provision(run).await;
    let before = line.audit().await;
    // The file and its log as they stand on disk, without the index that lives in memory, and nothing closed.
    let after_the_cut = tempfile::tempdir().unwrap();
    for name in ["record.sqlite", "record.sqlite-wal"] {
        fs::copy(folder.path().join(name), after_the_cut.path().join(name)).unwrap();
    }
    let path = after_the_cut.path().join("record.sqlite");
    let reader = Line { store: Arc::new(SqliteStore::open_read_only(&path).await.unwrap()), ..line.clone() };
    assert_eq!(reader.audit().await, before);
    let restarted = open(&path).await.unwrap();
    let open: Vec<_> = restarted.start_station(now()).await.unwrap().iter().map(|run| run.id).collect();
    assert_eq!(open, [run]);
}

#[tokio::test]
async fn a_record_whose_file_is_moved_away_takes_no_writes_until_it_is_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("record.sqlite");
    let (_, line) = line(&path).await;
    let run = line.admitted_run("A1").await;
    let log = folder.path().join("record.sqlite-wal");
    for moved in [&path, &log] {
        let away = folder.path().join("away");
        fs::rename(moved, &away).unwrap();
        assert!(matches!(line.store.check().await, Err(StoreError::Unavailable { .. })));
        // A copy is not the file that is written to.
        fs::copy(&away, moved).unwrap();
        assert!(matches!(line.store.check().await, Err(StoreError::Unavailable { .. })));
        fs::rename(&away, moved).unwrap();
        line.store.check().await.unwrap();
    }
    line.pass(run).await;
    line.verify().await.unwrap();
}
