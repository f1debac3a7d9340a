//! Badges: their numbers are few and stand printed on them, so the record knows them only under a key that is not in it.

use std::{
    fmt, fs,
    io::{self, Write as _},
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::Path,
};

use firstpass_domain::Sha256Digest;
use hmac::{Hmac, Mac};
use rand::{TryRngCore as _, rngs::OsRng};
use serde::Deserialize;
use sha2::Sha256;
use uuid::Uuid;

use super::secret::read_text;
use crate::symbology::without_mark;

/// File of the key in the data folder. Stations that share a record share it.
const FILE: &str = "badge.key";
/// Lengths of a badge's number, in characters.
const NUMBER_MIN: usize = 4;
const NUMBER_MAX: usize = 64;
/// What a label may say that it is, before a colon.
pub(crate) const PREFIXES: [&str; 2] = ["BADGE", "USER"];

/// What was scanned, or typed, as the number of a badge. It cannot be printed.
#[derive(Clone, Default, Deserialize)]
#[serde(transparent)]
pub(crate) struct BadgeNumber(#[serde(deserialize_with = "read_text")] String);

impl BadgeNumber {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for BadgeNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BadgeNumber(…)")
    }
}

/// What hashes the numbers of badges.
#[derive(Clone)]
pub(crate) struct BadgeKey([u8; 32]);

impl fmt::Debug for BadgeKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BadgeKey(…)")
    }
}

impl BadgeKey {
    /// A key for as long as the server lives.
    pub(crate) fn make() -> Self {
        let mut bytes = [0; 32];
        OsRng.try_fill_bytes(&mut bytes).expect("the system's source of randomness works");
        Self(bytes)
    }

    /// The key in the data folder; makes it when there is none.
    pub(crate) fn open_or_make(folder: &Path) -> io::Result<Self> {
        let path = folder.join(FILE);
        match fs::read(&path) {
            Ok(bytes) => Self::from_file(&path, &bytes),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Self::make_file(&path),
            Err(error) => Err(error),
        }
    }

    fn from_file(path: &Path, bytes: &[u8]) -> io::Result<Self> {
        let others = fs::metadata(path)?.permissions().mode() & 0o077;
        if others != 0 {
            return Err(io::Error::other(format!("{} is open to others; run chmod 600 on it", path.display())));
        }
        let bytes = bytes.try_into().map_err(|_| io::Error::other(format!("{} is no badge key", path.display())))?;
        Ok(Self(bytes))
    }

    /// Makes a key. Its file has its name only once it is whole and on the disk, and never takes the place of another.
    fn make_file(path: &Path) -> io::Result<Self> {
        let key = Self::make();
        let draft = path.with_extension(format!("{}.new", Uuid::new_v4()));
        let linked = key.write(&draft).and_then(|()| fs::hard_link(&draft, path));
        let _ = fs::remove_file(&draft);
        match linked {
            Ok(()) => sync_folder(path).map(|()| key),
            // Another start was first; its key counts.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Self::from_file(path, &fs::read(path)?),
            Err(error) => Err(error),
        }
    }

    fn write(&self, path: &Path) -> io::Result<()> {
        let mut file = fs::File::options().write(true).create_new(true).mode(0o600).open(path)?;
        file.write_all(&self.0)?;
        file.sync_all()
    }

    /// What the record knows a badge by; `None` when the text is no badge's number. Scanners differ in capitals and in
    /// what they put around it, and labels in whether they say that they are a badge.
    pub(crate) fn hash(&self, number: &str) -> Option<Sha256Digest> {
        let number = bare(number).to_ascii_uppercase();
        let length = (NUMBER_MIN..=NUMBER_MAX).contains(&number.len());
        if !length || !number.bytes().all(|byte| byte.is_ascii_graphic()) {
            return None;
        }
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("a key of HMAC has any length");
        mac.update(number.as_bytes());
        Some(Sha256Digest::new(mac.finalize().into_bytes().into()))
    }
}

/// The number alone, wherever it was scanned: registered, on the line, or at the login.
fn bare(text: &str) -> &str {
    let text = without_mark(text.trim());
    let of_badge = |(word, _): &(&str, &str)| PREFIXES.iter().any(|known| word.trim().eq_ignore_ascii_case(known));
    text.split_once(':').filter(of_badge).map_or(text, |(_, number)| number).trim()
}

/// Without this, a crash may take the name of a new file away.
fn sync_folder(file: &Path) -> io::Result<()> {
    file.parent().map_or(Ok(()), |folder| fs::File::open(folder)?.sync_all())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_badge_is_the_same_whatever_the_scanner_makes_of_it_and_another_under_another_key() {
        let key = BadgeKey::make();
        for scanned in [" B-0042\r\n", "]C1B-0042", "BADGE:B-0042", "user: b-0042", "]Q3badge:b-0042"] {
            assert_eq!(key.hash("b-0042"), key.hash(scanned), "{scanned:?}");
        }
        assert_ne!(key.hash("b-0042"), key.hash("b-0043"));
        assert_ne!(key.hash("b-0042"), BadgeKey::make().hash("b-0042"));
        assert!(key.hash("b 42").is_none() && key.hash("").is_none() && key.hash(&"1".repeat(65)).is_none());
    }

    #[test]
    fn whoever_starts_at_the_same_time_has_the_same_key_and_no_draft_is_left() {
        for _ in 0..20 {
            let folder = tempfile::tempdir().unwrap();
            let barrier = std::sync::Barrier::new(8);
            let open = || {
                barrier.wait();
                BadgeKey::open_or_make(folder.path()).unwrap().hash("b-0042")
            };
            let hashes: Vec<_> = std::thread::scope(|scope| {
                let starts: Vec<_> = (0..8).map(|_| scope.spawn(open)).collect();
                starts.into_iter().map(|start| start.join().unwrap()).collect()
            });
            assert!(hashes.iter().all(|hash| *hash == hashes[0]));
            assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        }
    }

    #[test]
    fn the_key_stays_and_is_for_its_owner_only() {
        let folder = tempfile::tempdir().unwrap();
        let key = BadgeKey::open_or_make(folder.path()).unwrap();
        let mode = fs::metadata(folder.path().join(FILE)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(BadgeKey::open_or_make(folder.path()).unwrap().hash("b-0042"), key.hash("b-0042"));
        fs::set_permissions(folder.path().join(FILE), fs::Permissions::from_mode(0o644)).unwrap();
        assert!(BadgeKey::open_or_make(folder.path()).unwrap_err().to_string().contains("chmod 600"));
    }
}
