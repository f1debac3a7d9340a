//! Where the authority's files lie.
//!
//! `root.pem`, `root.key` (may be moved away), `intermediate.pem`, and two bundles of a private key with its
//! certificates: `intermediate.key` and `server.key`. A bundle is one file so that key and certificate change together;
//! `intermediate.pem` is only a copy for people. `crl.pem` is the newest revocation list, once something was revoked.

use std::{
    fs::{self, File},
    io,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use crate::{AuthorityError, key_file};

const OWNER_ONLY: u32 = 0o700;
const OTHERS_WRITE: u32 = 0o022;

/// The authority's folder.
#[derive(Debug, Clone)]
pub(crate) struct Folder(PathBuf);

impl Folder {
    /// Uses the folder, or makes it (for its owner only).
    pub(crate) fn open(path: &Path) -> Result<Self, AuthorityError> {
        let failed = |err| AuthorityError::Io { operation: "open the folder", path: path.to_owned(), err };
        match fs::metadata(path) {
            Ok(metadata) if !metadata.is_dir() => return Err(failed(io::ErrorKind::NotADirectory.into())),
            Ok(_) => {}
            Err(err) if err.kind() == io::ErrorKind::NotFound => make(path).map_err(failed)?,
            Err(err) => return Err(failed(err)),
        }
        Ok(Self(path.to_owned()))
    }

    /// Refuses a folder in which others could swap files, and keys that others could read.
    pub(crate) fn check_modes(&self) -> Result<(), AuthorityError> {
        let metadata = fs::metadata(&self.0).map_err(|err| self.failed("open the folder", err))?;
        let mode = metadata.permissions().mode() & 0o7777;
        if mode & OTHERS_WRITE != 0 {
            return Err(AuthorityError::FolderWritableByOthers { path: self.0.clone(), mode });
        }
        [self.root_key(), self.intermediate_bundle(), self.server_bundle()]
            .iter()
            .try_for_each(|path| key_file::check_private(path))
    }

    /// Keeps other processes from changing the folder until the file is dropped.
    pub(crate) fn lock(&self) -> Result<File, AuthorityError> {
        let mut options = File::options();
        options.create(true).truncate(false).write(true).mode(key_file::PRIVATE);
        let lock = options.open(self.0.join("lock")).map_err(|err| self.failed("lock", err))?;
        lock.lock().map_err(|err| self.failed("lock", err))?;
        Ok(lock)
    }

    /// Takes the rights of others away; for a folder that is about to get its first key.
    pub(crate) fn close_to_others(&self) -> Result<(), AuthorityError> {
        fs::set_permissions(&self.0, fs::Permissions::from_mode(OWNER_ONLY))
            .map_err(|err| self.failed("set the mode of", err))
    }

    fn failed(&self, operation: &'static str, err: io::Error) -> AuthorityError {
        AuthorityError::Io { operation, path: self.0.clone(), err }
    }

    pub(crate) fn root_certificate(&self) -> PathBuf {
        self.0.join("root.pem")
    }

    pub(crate) fn root_key(&self) -> PathBuf {
        self.0.join("root.key")
    }

    pub(crate) fn intermediate_certificate(&self) -> PathBuf {
        self.0.join("intermediate.pem")
    }

    pub(crate) fn intermediate_bundle(&self) -> PathBuf {
        self.0.join("intermediate.key")
    }

    pub(crate) fn revocation_list(&self) -> PathBuf {
        self.0.join("crl.pem")
    }

    pub(crate) fn server_bundle(&self) -> PathBuf {
        self.0.join("server.key")
    }
}

fn make(path: &Path) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(OWNER_ONLY).create(path)?;
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => File::open(parent)?.sync_all(),
        Some(_) | None => Ok(()),
    }
}
