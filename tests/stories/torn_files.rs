//! The power went, and a file of the station's is torn: the next start opens what holds together, repairs what can be
//! made again, and refuses the rest with a remedy. What was confirmed is never lost without a word.

use std::{
    fs::{self, OpenOptions},
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
};

use nix::sys::signal::Signal;
use serde_json::Value;
use sha2::{Digest, Sha256};
use tempfile::TempDir;
use tests::{Injection, Product, Station, VirtualUnit};

const FIRST: &str = "62:55:f9:00:a8:01";
const SECOND: &str = "62:55:f9:00:a8:02";

/// Bytes of a page of SQLite, and of the heads that a write-ahead log and its frames have.
/// Source: SQLite, "Database file format", sections 1.2 and 4.1.
const PAGE: u64 = 4096;
const WAL_HEAD: u64 = 32;
const WAL_FRAME: u64 = 24 + PAGE;

/// What happens to a file.
enum Damage {
    /// It ends here.
    Cut(u64),
    /// It ends so many bytes earlier.
    CutFromEnd(u64),
    /// Its middle is the end.
    Halved,
    /// It is gone.
    Gone,
    /// These bytes stand at this place.
    Over(u64, &'static [u8]),
    /// These bytes stand behind its end.
    Behind(&'static [u8]),
}

/// What the next start must do.
enum Expected {
    /// Goes on, with everything that was on record.
    Opened,
    /// Says this code.
    Refused(&'static str),
    /// Either: whether the last bytes had been confirmed is a matter of microseconds.
    NothingLost(&'static str),
}

use Damage::{Behind, Cut, CutFromEnd, Gone, Halved, Over};
use Expected::{NothingLost, Opened, Refused};

const RECORD: &[(&str, Damage, Expected)] = &[
    ("record.sqlite", Gone, Refused("record_damaged")),
    ("record.sqlite", Cut(0), Refused("record_damaged")),
    ("record.sqlite", Halved, Refused("record_damaged")),
    ("record.sqlite", CutFromEnd(1), Refused("record_damaged")),
    ("record.sqlite", Over(0, b"not a database file"), Refused("record_damaged")),
    ("record.sqlite", Over(PAGE, &[0xa5; PAGE as usize]), Refused("record_damaged")),
];

const WRITE_AHEAD_LOG: &[(&str, Damage, Expected)] = &[
    ("record.sqlite-wal", Gone, Refused("record_damaged")),
    ("record.sqlite-wal", Cut(0), Refused("record_damaged")),
    ("record.sqlite-wal", Cut(WAL_HEAD / 2), Refused("record_damaged")),
    ("record.sqlite-wal", Cut(WAL_HEAD + WAL_FRAME / 2), Refused("record_damaged")),
    ("record.sqlite-wal", Halved, Refused("record_damaged")),
    ("record.sqlite-wal", CutFromEnd(1), NothingLost("record_damaged")),
    ("record.sqlite-wal", Behind(&[0x5a; 3 * PAGE as usize + 7]), Opened),
    ("record.sqlite-shm", Gone, Opened),
    ("record.sqlite-shm", Cut(0), Opened),
    ("record.sqlite-shm", Over(0, &[0x5a; 200]), Opened),
    ("record.sqlite-mark", Gone, Opened),
    ("record.sqlite-mark", Halved, Opened),
    ("record.sqlite-mark", Over(0, &[0xff; 64]), Opened),
];

const BESIDE_THE_RECORD: &[(&str, Damage, Expected)] = &[
    ("uart", Halved, Opened),
    ("uart", Gone, Opened),
    ("station.lock", Gone, Opened),
    ("station.lock", Behind(b"left by a station that died"), Opened),
];

const AUTHORITY: &[(&str, Damage, Expected)] = &[
    ("ca/root.pem", Halved, Refused("ca_damaged")),
    ("ca/root.pem", Cut(0), Refused("ca_damaged")),
    ("ca/root.pem", Gone, Refused("ca_damaged")),
    ("ca/root.key", Halved, Refused("ca_damaged")),
    ("ca/intermediate.key", Halved, Refused("ca_damaged")),
    ("ca/intermediate.key", Over(40, b"AAAAAAAAAAAA"), Refused("ca_damaged")),
    ("ca/server.key", Halved, Opened),
    ("ca/server.key", Gone, Opened),
    ("ca/intermediate.pem", Gone, Opened),
    ("ca/lock", Gone, Opened),
    ("ca", Gone, Refused("ca_lost")),
];

#[test]
fn a_torn_record_is_refused_with_a_remedy() {
    Torn::set_up(End::Closed).tell(RECORD);
}

#[test]
fn a_torn_log_of_the_record_loses_nothing_that_was_confirmed() {
    Torn::set_up(End::Died).tell(WRITE_AHEAD_LOG);
}

#[test]
fn torn_logs_of_units_and_locks_keep_nobody_from_work() {
    Torn::set_up(End::Died).tell(BESIDE_THE_RECORD);
}

#[test]
fn a_torn_authority_is_refused_or_made_whole_and_never_made_anew() {
    Torn::set_up(End::Died).tell(AUTHORITY);
}

/// How the station ended before the damage.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    /// By itself: everything stands in the record's file.
    Closed,
    /// It died in the second unit's run: the newest part stands in the record's log.
    Died,
}

/// What a station left behind, with the audit log as it stood then.
struct Torn {
    end: End,
    left: TempDir,
    audit: Vec<Value>,
    _product: Product,
    recipe: PathBuf,
    unit: VirtualUnit,
}

impl Torn {
    fn set_up(end: End) -> Self {
        let (left, product) = (tempfile::tempdir().unwrap(), Product::new());
        let recipe = product.recipe(Injection::Nvs, &[("max_attempts = 3", "max_attempts = 0")]);
        let station = Station::at(left.path());
        let first = VirtualUnit::start(product.folder(), "A1", FIRST, &[]);
        station.flash(&recipe, &[&first], &[]).expect_code(0).expect_counts(1, 0);
        let unit = VirtualUnit::start(product.folder(), "A2", SECOND, &[]);
        if end == End::Died {
            let killed = station.flash(&recipe, &[&unit], &["--crash-at", "flash:done"]);
            assert_eq!(killed.signal, Some(Signal::SIGKILL as i32), "{killed:?}");
        }
        // The story's own look must not tidy up: it looks at a copy.
        let copy = copy_of(left.path());
        let audit = Station::at(copy.path()).audit().entries;
        Self { end, left, audit, _product: product, recipe, unit }
    }

    fn tell(&self, cases: &[(&str, Damage, Expected)]) {
        for (name, damage, expected) in cases {
            let data = copy_of(self.left.path());
            let told = damage.befall(&data.path().join(name));
            self.start(data.path(), &format!("{name}: {told}"), expected);
        }
    }

    fn start(&self, data: &Path, case: &str, expected: &Expected) {
        let station = Station::at(data);
        let before = contents(data);
        let outcome = station.flash(&self.recipe, &[&self.unit], &[]);
        let refusal = match (expected, outcome.code) {
            (Refused(code), _) | (NothingLost(code), Some(3)) => Some(code),
            (Opened | NothingLost(_), _) => None,
        };
        let Some(code) = refusal else {
            assert_eq!(outcome.code, Some(0), "{case}: {outcome:?}");
            return self.assert_kept(&station, case);
        };
        assert_ne!(outcome.code, Some(0), "{case}");
        let problem = outcome.problem();
        assert_eq!((outcome.code, problem["code"].as_str()), (Some(3), Some(*code)), "{case}: {outcome:?}");
        assert!(problem["remedy"].as_str().is_some_and(|remedy| remedy.len() > 20), "{case}: {problem}");
        // Who repairs it finds it as it was.
        assert_eq!(contents(data), before, "{case}: a refused start changes nothing");
    }

    /// Everything that was on record still is, the cut run has its reason, and the unit has passed.
    fn assert_kept(&self, station: &Station, case: &str) {
        let audit = station.audit().entries;
        assert!(audit.starts_with(&self.audit), "{case}: {} entries were on record", self.audit.len());
        assert_eq!(station.unit(FIRST).states(), ["passed"], "{case}");
        let states: &[&str] = if self.end == End::Died { &["interrupted", "passed"] } else { &["passed"] };
        assert_eq!(station.unit(SECOND).states(), states, "{case}");
    }
}

impl Damage {
    /// Comes over a file, or every file of a folder. Returns what happened, in words.
    fn befall(&self, path: &Path) -> String {
        if path.is_dir() && !matches!(self, Self::Gone) {
            let entries = fs::read_dir(path).unwrap();
            return entries.map(|entry| self.befall(&entry.unwrap().path())).collect();
        }
        let len = fs::metadata(path).unwrap().len();
        let file = || OpenOptions::new().write(true).open(path).unwrap();
        match self {
            Self::Cut(at) => file().set_len(*at).unwrap(),
            Self::CutFromEnd(bytes) => file().set_len(len - bytes).unwrap(),
            Self::Halved => file().set_len(len / 2).unwrap(),
            Self::Gone if path.is_dir() => fs::remove_dir_all(path).unwrap(),
            Self::Gone => fs::remove_file(path).unwrap(),
            Self::Over(at, bytes) => file().write_all_at(bytes, *at).unwrap(),
            Self::Behind(bytes) => file().write_all_at(bytes, len).unwrap(),
        }
        match self {
            Self::Cut(at) => format!("cut at {at} of {len}"),
            Self::CutFromEnd(bytes) => format!("cut {bytes} before its end at {len}"),
            Self::Halved => format!("half of {len}"),
            Self::Gone => "gone".to_owned(),
            Self::Over(at, bytes) => format!("{} other bytes at {at} of {len}", bytes.len()),
            Self::Behind(bytes) => format!("{} bytes behind {len}", bytes.len()),
        }
    }
}

fn copy_of(folder: &Path) -> TempDir {
    let copy = tempfile::tempdir().unwrap();
    copy_into(folder, copy.path());
    copy
}

fn copy_into(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            fs::create_dir(&target).unwrap();
            copy_into(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), &target).unwrap();
        }
    }
}

/// What the record and the authority consist of; locks and the index of the record's log hold nothing.
fn contents(data: &Path) -> Vec<(String, String)> {
    let files = ["record.sqlite", "record.sqlite-wal", "record.sqlite-mark", "ca/root.pem", "ca/root.key"];
    let more = ["ca/intermediate.key", "ca/intermediate.pem", "ca/server.key"];
    let digest = |name: &&str| Some(((*name).to_owned(), hex::encode(Sha256::digest(fs::read(data.join(name)).ok()?))));
    files.iter().chain(&more).filter_map(digest).collect()
}
