//! An authority in a folder of its own, and Debian's openssl.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, SystemTime},
};

use firstpass_authority::{Authority, AuthorityError, Settings};
use firstpass_domain::Timestamp;
use tempfile::TempDir;

pub(crate) const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// A folder for an authority and for the files that openssl reads.
pub(crate) struct Place {
    folder: TempDir,
}

impl Place {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn dir(&self) -> PathBuf {
        self.folder.path().join("authority")
    }

    pub(crate) fn open(&self, now: Timestamp) -> Result<Authority, AuthorityError> {
        Authority::open_or_create(&self.dir(), Settings::default(), now)
    }

    /// Writes a file for openssl beside the authority.
    pub(crate) fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.folder.path().join(name);
        fs::write(&path, content).unwrap();
        path
    }
}

/// openssl checks certificates against the machine's clock, so tests that use it begin there.
pub(crate) fn today() -> Timestamp {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    Timestamp::from_micros(i64::try_from(now.as_micros()).unwrap())
}

pub(crate) fn before(time: Timestamp, span: Duration) -> Timestamp {
    Timestamp::from_micros(time.as_micros() - i64::try_from(span.as_micros()).unwrap())
}

/// Runs openssl; what it printed on both outputs when it ends well, or that as an error.
pub(crate) fn openssl(arguments: &[&str]) -> Result<String, String> {
    let output = Command::new("openssl").args(arguments).output().expect("openssl is installed");
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    if output.status.success() { Ok(text) } else { Err(text) }
}

pub(crate) fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}
