//! Files that hold a private key, or must not be half-written. Knows nothing of certificates.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use crate::AuthorityError;

/// Permission bits of a file that only its owner may read.
pub(crate) const PRIVATE: u32 = 0o600;

/// Permission bits of a file that everybody may read.
pub(crate) const PUBLIC: u32 = 0o644;

const OTHERS_READ_OR_WRITE: u32 = 0o077;

/// Largest file that is read, in bytes; ours are far smaller.
const FILE_MAX: u64 = 64 * 1024;

/// Puts `content` at `path`, wholly or not at all, and durably: what is there before stays until the new is complete.
pub(crate) fn write(path: &Path, content: &str, mode: u32) -> Result<(), AuthorityError> {
    let failed = |err| AuthorityError::Io { operation: "write", path: path.to_owned(), err };
    let temporary = temporary_name(path);
    // Left behind by a crash; nobody else writes here.
    match fs::remove_file(&temporary) {
        Err(err) if err.kind() != io::ErrorKind::NotFound => return Err(failed(err)),
        Ok(()) | Err(_) => {}
    }
    let written = write_new(&temporary, content, mode).and_then(|()| fs::rename(&temporary, path));
    if written.is_err() {
        // The error that matters is the first; a leftover is removed by the next write.
        let _ = fs::remove_file(&temporary);
    }
    written.and_then(|()| sync_parent(path)).map_err(failed)
}

/// What is at `path`; `None` when nothing is.
pub(crate) fn read(path: &Path) -> Result<Option<String>, AuthorityError> {
    let failed = |err| AuthorityError::Io { operation: "read", path: path.to_owned(), err };
    match fs::metadata(path) {
        Err(err) if err.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(err) => return Err(failed(err)),
        Ok(metadata) if metadata.len() > FILE_MAX => {
            let reason = format!("it is larger than {FILE_MAX} bytes");
            return Err(AuthorityError::Damaged { path: path.to_owned(), reason });
        }
        Ok(_) => {}
    }
    fs::read_to_string(path).map(Some).map_err(failed)
}

/// Like [`read`], for a file that holds a private key: refused when others can read it.
pub(crate) fn read_private(path: &Path) -> Result<Option<String>, AuthorityError> {
    check_private(path)?;
    read(path)
}

/// Refuses a file that others than its owner can read or write; an absent one is fine.
pub(crate) fn check_private(path: &Path) -> Result<(), AuthorityError> {
    let mode = match fs::metadata(path) {
        Ok(metadata) => metadata.permissions().mode() & 0o7777,
        Err(err) if err.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(err) => return Err(AuthorityError::Io { operation: "read", path: path.to_owned(), err }),
    };
    if mode & OTHERS_READ_OR_WRITE != 0 {
        return Err(AuthorityError::KeyReadableByOthers { path: path.to_owned(), mode });
    }
    Ok(())
}

fn write_new(path: &Path, content: &str, mode: u32) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(path)?;
    // The mode given to open is narrowed by the process's umask; this one is not.
    file.set_permissions(fs::Permissions::from_mode(mode))?;
    file.write_all(content.as_bytes())?;
    file.sync_all()
}

/// Makes a rename in the file's folder durable.
fn sync_parent(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), |parent| File::open(parent)?.sync_all())
}

fn temporary_name(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    path.with_file_name(name)
}
