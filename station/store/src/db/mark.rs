//! What a record in a file has confirmed, noted beside it. A log that was cut off, damaged or removed looks to SQLite
//! like one that was never longer; the mark shows that it was.
//!
//! It is written after each commit and not synchronised: after a power cut it may lag behind, and never be ahead.

use std::{
    ffi::OsString,
    fs::{File, OpenOptions},
    io,
    os::unix::fs::FileExt as _,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard},
};

use firstpass_domain::{Sha256Digest, audit::GENESIS};

/// First word of the file, with the version of its layout.
const LABEL: &str = "firstpass-mark-v1";
/// No mark is longer.
const LEN_MAX: u64 = 256;

/// A lower bound of what is on record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// Position of an audit entry; 0 before the first.
    pub seq: i64,
    /// Hash of that entry.
    pub hash: Sha256Digest,
    /// Writes that are counted because no audit entry tells of them.
    pub writes: i64,
}

impl Mark {
    /// Of an empty record.
    pub(crate) const NONE: Self = Self { seq: 0, hash: GENESIS, writes: 0 };

    /// Reads the mark of a record. A mark that is no mark is none: it may be what a power cut left of one.
    pub(crate) fn read(record: &Path) -> Option<Self> {
        let path = path_of(record);
        match read_text(&path) {
            Ok(text) => {
                let mark = Self::parse(&text);
                if mark.is_none() {
                    tracing::warn!(path = %path.display(), "the mark of the record is not readable and is not used");
                }
                mark
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => {
                tracing::warn!(path = %path.display(), %error, "the mark of the record cannot be read");
                None
            }
        }
    }

    fn parse(text: &str) -> Option<Self> {
        let (body, check) = text.strip_suffix('\n')?.rsplit_once(' ')?;
        if check != Sha256Digest::of(body.as_bytes()).to_string() {
            return None;
        }
        let mut words = body.split(' ');
        let is_mark = words.next() == Some(LABEL);
        let (seq, writes) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
        let hash = words.next()?.parse().ok()?;
        is_mark.then_some(Self { seq, hash, writes })
    }

    /// Numbers have leading zeros, so that a mark always covers the one before.
    fn text(&self) -> String {
        let body = format!("{LABEL} {:020} {:020} {}", self.seq, self.writes, self.hash);
        let check = Sha256Digest::of(body.as_bytes());
        format!("{body} {check}\n")
    }

    fn raise_to(&mut self, other: Self) {
        if other.seq > self.seq {
            (self.seq, self.hash) = (other.seq, other.hash);
        }
        self.writes = self.writes.max(other.writes);
    }
}

/// The file of a mark while the record is open.
#[derive(Debug)]
pub(crate) struct MarkFile(Mutex<Writing>);

#[derive(Debug)]
struct Writing {
    /// `None` when it could not be opened, or was closed: the record works without.
    file: Option<File>,
    mark: Mark,
}

impl MarkFile {
    /// Goes on from `mark`, the last one read.
    pub(crate) fn open(record: &Path, mark: Option<Mark>) -> Self {
        let path = path_of(record);
        let file = OpenOptions::new().write(true).create(true).truncate(false).open(&path);
        let file = file.inspect_err(|error| {
            tracing::warn!(path = %path.display(), %error, "the mark of the record cannot be written");
        });
        Self(Mutex::new(Writing { file: file.ok(), mark: mark.unwrap_or(Mark::NONE) }))
    }

    /// Notes what was confirmed. A few hundred bytes into a page that is in memory: no wait for a disk.
    pub(crate) fn raise_to(&self, confirmed: Mark) {
        let mut writing = self.lock();
        writing.mark.raise_to(confirmed);
        let Some(file) = &writing.file else { return };
        if let Err(error) = file.write_all_at(writing.mark.text().as_bytes(), 0) {
            tracing::warn!(%error, "the mark of the record cannot be written");
        }
    }

    pub(crate) fn close(&self) {
        self.lock().file = None;
    }

    fn lock(&self) -> MutexGuard<'_, Writing> {
        self.0.lock().expect("who holds the lock does not panic")
    }
}

fn read_text(path: &Path) -> io::Result<String> {
    use io::Read as _;
    let mut text = String::new();
    File::open(path)?.take(LEN_MAX).read_to_string(&mut text)?;
    Ok(text)
}

fn path_of(record: &Path) -> PathBuf {
    let mut name = OsString::from(record);
    name.push("-mark");
    name.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MARK: Mark = Mark { seq: 7, hash: Sha256Digest::new([9; 32]), writes: 3 };

    #[test]
    fn a_mark_reads_as_it_was_written_and_never_goes_back() {
        let folder = tempfile::tempdir().unwrap();
        let record = folder.path().join("record.sqlite");
        assert_eq!(Mark::read(&record), None);
        let file = MarkFile::open(&record, None);
        file.raise_to(MARK);
        file.raise_to(Mark { seq: 5, hash: GENESIS, writes: 4 });
        assert_eq!(Mark::read(&record), Some(Mark { writes: 4, ..MARK }));
        MarkFile::open(&record, Mark::read(&record)).raise_to(Mark { seq: 8, writes: 0, ..MARK });
        assert_eq!(Mark::read(&record), Some(Mark { seq: 8, writes: 4, ..MARK }));
    }

    #[test]
    fn a_damaged_mark_is_none() {
        let text = MARK.text();
        assert_eq!(Mark::parse(&text), Some(MARK));
        for at in 0..text.len() {
            assert_eq!(Mark::parse(&text[..at]), None);
            let mut bytes = text.clone().into_bytes();
            bytes[at] ^= 1;
            assert_eq!(Mark::parse(&String::from_utf8(bytes).unwrap()), None, "byte {at}");
        }
    }
}
