//! A file that appears whole or not at all: written under another name beside its place, then renamed.

use std::{
    fs::{self, Permissions},
    io::{self, Write},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use tempfile::NamedTempFile;

/// A file on its way. Dropped before [`WholeFile::finish`], it leaves nothing.
#[derive(Debug)]
pub(crate) struct WholeFile {
    temporary: NamedTempFile,
    target: PathBuf,
}

impl WholeFile {
    /// Begins the file that will be at `target`, with the permission bits `mode` less those that the umask takes away.
    ///
    /// What is there already must be a regular file: a rename would put a file in the place of a device or a pipe.
    pub(crate) fn create(target: &Path, mode: u32) -> io::Result<Self> {
        let target = match fs::metadata(target) {
            Ok(metadata) if metadata.is_file() => target.canonicalize()?,
            Ok(_) => return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is there and is no regular file")),
            Err(error) if error.kind() == io::ErrorKind::NotFound => target.to_owned(),
            Err(error) => return Err(error),
        };
        let folder = match target.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            Some(_) | None => Path::new("."),
        };
        if !folder.is_dir() {
            return Err(io::Error::new(io::ErrorKind::NotFound, "its folder is not there"));
        }
        let mut builder = tempfile::Builder::new();
        let temporary = builder.permissions(Permissions::from_mode(mode)).tempfile_in(folder);
        // The kind alone: the text names a temporary file that nobody knows.
        let temporary = temporary.map_err(|error| io::Error::from(error.kind()))?;
        Ok(Self { temporary, target })
    }

    /// What to write into.
    pub(crate) fn sink(&mut self) -> &mut impl Write {
        self.temporary.as_file_mut()
    }

    /// Puts the file in its place, durably.
    pub(crate) fn finish(self) -> io::Result<()> {
        self.temporary.as_file().sync_all()?;
        self.temporary.persist(&self.target).map_err(|error| error.error)?;
        Ok(())
    }
}

/// Writes a file of known content.
pub(crate) fn write(target: &Path, content: &[u8], mode: u32) -> io::Result<()> {
    let mut file = WholeFile::create(target, mode)?;
    file.sink().write_all(content)?;
    file.finish()
}
