//! Whether a record's files are still where they were opened. SQLite goes on writing to a file that was moved away or
//! removed, and all that it confirms is lost with it.

use std::{
    fs, io,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

/// The files of an open record.
#[derive(Debug)]
pub(crate) struct Place {
    files: Vec<(PathBuf, Identity)>,
}

/// Device and number of a file, which a copy does not share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Identity(u64, u64);

impl Identity {
    fn of(path: &Path) -> io::Result<Self> {
        fs::metadata(path).map(|found| Self(found.dev(), found.ino()))
    }
}

impl Place {
    /// Notes the files as they stand.
    pub(crate) fn of(files: impl IntoIterator<Item = PathBuf>) -> io::Result<Self> {
        let identified = files.into_iter().map(|path| Identity::of(&path).map(|identity| (path, identity)));
        Ok(Self { files: identified.collect::<io::Result<_>>()? })
    }

    /// Looks whether they still stand there: two look-ups in memory.
    pub(crate) fn check(&self) -> io::Result<()> {
        for (path, identity) in &self.files {
            let found = Identity::of(path).map_err(|error| gone(path, &error.to_string()))?;
            if found != *identity {
                return Err(gone(path, "another file stands there"));
            }
        }
        Ok(())
    }
}

fn gone(path: &Path, why: &str) -> io::Error {
    io::Error::other(format!("{} was moved or removed while the record was open: {why}", path.display()))
}
