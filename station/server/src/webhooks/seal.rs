//! Keeps the secrets of webhooks unreadable on record: sealed with a key that lies in a file beside it, for the station's
//! user alone. Whoever has a copy of the record cannot sign in the station's name.

use std::{
    fmt, fs,
    io::{self, Write as _},
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use firstpass_store::SealedSecret;
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use thiserror::Error;

use super::sign::{WebhookSecret, random_bytes};

/// Bytes of the key.
const KEY_BYTES: usize = 32;
/// Permission bits of the key's file.
const KEY_MODE: u32 = 0o600;
/// Bound into every sealed secret, so that nothing else passes for one.
const LABEL: &[u8] = b"firstpass-webhook-secret-v1";

/// What secrets are sealed with.
pub(crate) struct SealKey(LessSafeKey);

impl fmt::Debug for SealKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealKey(…)")
    }
}

/// The key cannot be used.
#[derive(Debug, Error)]
pub(crate) enum SealKeyError {
    /// The file cannot be read or made.
    #[error("could not read or make the key of the webhooks' secrets at {}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        err: io::Error,
    },
    /// The file holds no key.
    #[error("{} is no key of webhooks' secrets", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
    },
    /// Others may read the file.
    #[error("others may read {}, the key of the webhooks' secrets: make it readable for the station's user only", path.display())]
    ReadableByOthers {
        /// The file.
        path: PathBuf,
    },
}

impl SealKey {
    /// Reads the key from its file, or makes one there. Without a file, it ends with the process.
    pub(crate) fn open(file: Option<&Path>) -> Result<Self, SealKeyError> {
        let bytes = match file {
            None => random_bytes(),
            Some(path) => match fs::read_to_string(path) {
                Ok(text) => parse(path, &text)?,
                Err(err) if err.kind() == io::ErrorKind::NotFound => make(path)?,
                Err(err) => return Err(SealKeyError::Io { path: path.to_owned(), err }),
            },
        };
        let key = UnboundKey::new(&CHACHA20_POLY1305, &bytes).expect("32 bytes are a key");
        Ok(Self(LessSafeKey::new(key)))
    }

    /// Seals a secret for the record.
    pub(super) fn seal(&self, secret: &WebhookSecret) -> SealedSecret {
        let nonce: [u8; NONCE_LEN] = random_bytes();
        let mut sealed = secret.bytes().to_vec();
        let nonce_used = Nonce::assume_unique_for_key(nonce);
        let done = self.0.seal_in_place_append_tag(nonce_used, Aad::from(LABEL), &mut sealed);
        done.expect("32 bytes can be sealed");
        SealedSecret([nonce.to_vec(), sealed].concat())
    }

    /// Opens a secret from the record; `None` when it was sealed with another key.
    pub(super) fn open_secret(&self, sealed: &SealedSecret) -> Option<WebhookSecret> {
        let (nonce, rest) = sealed.0.split_first_chunk::<NONCE_LEN>()?;
        let mut opened = rest.to_vec();
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let opened = self.0.open_in_place(nonce, Aad::from(LABEL), &mut opened).ok()?;
        WebhookSecret::from_bytes(opened)
    }
}

fn parse(path: &Path, text: &str) -> Result<[u8; KEY_BYTES], SealKeyError> {
    let io = |err| SealKeyError::Io { path: path.to_owned(), err };
    let mode = fs::metadata(path).map_err(io)?.permissions().mode();
    if mode & 0o077 != 0 {
        return Err(SealKeyError::ReadableByOthers { path: path.to_owned() });
    }
    let mut bytes = [0; KEY_BYTES];
    let read = hex::decode_to_slice(text.trim(), &mut bytes);
    read.map_err(|_| SealKeyError::Damaged { path: path.to_owned() })?;
    Ok(bytes)
}

/// Makes a key. Its file has its name only once it is whole, and never takes the place of another.
fn make(path: &Path) -> Result<[u8; KEY_BYTES], SealKeyError> {
    let io = |err| SealKeyError::Io { path: path.to_owned(), err };
    let bytes: [u8; KEY_BYTES] = random_bytes();
    let draft = path.with_extension(format!("{}.new", std::process::id()));
    let written = (|| {
        let mut options = fs::OpenOptions::new();
        let mut file = options.write(true).create(true).truncate(true).mode(KEY_MODE).open(&draft)?;
        writeln!(file, "{}", hex::encode(bytes))?;
        file.sync_all()?;
        fs::hard_link(&draft, path)
    })();
    let _ = fs::remove_file(&draft);
    match written {
        Ok(()) => Ok(bytes),
        // Another process was first; its key counts.
        Err(err) if err.kind() == io::ErrorKind::AlreadyExists => parse(path, &fs::read_to_string(path).map_err(io)?),
        Err(err) => Err(io(err)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_opened_with_the_key_in_the_file_and_no_other() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("webhooks.key");
        let secret = WebhookSecret::random();
        let sealed = SealKey::open(Some(&path)).unwrap().seal(&secret);
        assert!(!sealed.0.windows(8).any(|part| secret.bytes().starts_with(part)), "it cannot be read");
        assert_eq!(SealKey::open(Some(&path)).unwrap().open_secret(&sealed), Some(secret));
        assert_eq!(SealKey::open(None).unwrap().open_secret(&sealed), None);
        let mut changed = sealed;
        changed.0[20] ^= 1;
        assert_eq!(SealKey::open(Some(&path)).unwrap().open_secret(&changed), None);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no draft is left");
    }

    #[test]
    fn a_key_that_others_may_read_and_what_is_no_key_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("webhooks.key");
        SealKey::open(Some(&path)).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(SealKey::open(Some(&path)), Err(SealKeyError::ReadableByOthers { .. })));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        fs::write(&path, "no key").unwrap();
        assert!(matches!(SealKey::open(Some(&path)), Err(SealKeyError::Damaged { .. })));
        let nowhere = SealKey::open(Some(&folder.path().join("missing/webhooks.key")));
        assert!(matches!(nowhere, Err(SealKeyError::Io { .. })));
    }
}
