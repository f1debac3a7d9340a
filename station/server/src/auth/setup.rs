//! The first start: there is no default password. While there is no user, a code that only the station's console and a file
//! for its owner show makes the first administrator.

use std::{
    fs,
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

use rand::{TryRngCore as _, rngs::OsRng};

use super::secret::same;

/// File of the code in the data folder.
const FILE: &str = "setup-code";
/// Characters of the code: none that is taken for another. 32 of them, so each carries 5 bits.
const ALPHABET: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
/// Length of the code: 100 bits.
const LENGTH: usize = 20;
/// After so many characters comes a hyphen.
const GROUP: usize = 5;

/// The way to the first user, while there is none.
#[derive(Debug)]
pub(crate) struct SetUp {
    open: Mutex<Option<Open>>,
}

struct Open {
    code: String,
    file: Option<PathBuf>,
}

impl std::fmt::Debug for Open {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Open").field("file", &self.file).finish_non_exhaustive()
    }
}

impl SetUp {
    /// There are users.
    pub(crate) fn done() -> Self {
        Self { open: Mutex::new(None) }
    }

    /// There is no user: makes a code, and writes it into the folder for its owner only.
    pub(crate) fn begin(folder: Option<&Path>) -> io::Result<Self> {
        let code = make_code();
        let file = folder.map(|folder| folder.join(FILE));
        if let Some(file) = &file {
            write(file, &code)?;
        }
        Ok(Self { open: Mutex::new(Some(Open { code, file })) })
    }

    /// The code, to be shown on the station's console.
    pub(crate) fn code(&self) -> Option<String> {
        self.lock().as_ref().map(|open| open.code.clone())
    }

    /// Where the code is written.
    pub(crate) fn file(&self) -> Option<PathBuf> {
        self.lock().as_ref().and_then(|open| open.file.clone())
    }

    /// Whether there is a code still.
    pub(crate) fn is_open(&self) -> bool {
        self.lock().is_some()
    }

    /// Whether this is the code; people leave hyphens out and write small letters.
    pub(crate) fn fits(&self, typed: &str) -> bool {
        let plain =
            |text: &str| text.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_uppercase();
        let open = self.lock();
        open.as_ref().is_some_and(|open| same(&plain(&open.code), &plain(typed)))
    }

    /// The first user is there: the code is good for nothing any more.
    pub(crate) fn end(&self) {
        let Some(Open { file: Some(file), .. }) = self.lock().take() else { return };
        if let Err(error) = fs::remove_file(&file) {
            tracing::warn!(%error, file = %file.display(), "could not remove the file with the used set-up code");
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Open>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn make_code() -> String {
    let mut bytes = [0; LENGTH];
    OsRng.try_fill_bytes(&mut bytes).expect("the system's source of randomness works");
    let groups = bytes
        .chunks(GROUP)
        .map(|group| group.iter().map(|byte| char::from(ALPHABET[usize::from(byte % 32)])).collect::<String>());
    groups.collect::<Vec<_>>().join("-")
}

/// A file that is there already is from an earlier start, and its rights are not trusted.
fn write(file: &Path, code: &str) -> io::Result<()> {
    match fs::remove_file(file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let mut file = fs::File::options().write(true).create_new(true).mode(0o600).open(file)?;
    writeln!(file, "{code}")
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn the_code_is_in_a_file_for_its_owner_until_it_is_used() {
        let folder = tempfile::tempdir().unwrap();
        let setup = SetUp::begin(Some(folder.path())).unwrap();
        let (file, code) = (setup.file().unwrap(), setup.code().unwrap());
        assert_eq!(fs::read_to_string(&file).unwrap().trim(), code);
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(setup.fits(&code.to_lowercase().replace('-', " ")));
        assert!(!setup.fits("") && !setup.fits(&code[1..]));
        setup.end();
        assert!(!file.exists() && !setup.fits(&code) && !setup.is_open() && !setup.fits(""));
    }

    #[test]
    fn every_start_has_a_code_of_its_own() {
        let codes = [make_code(), make_code()];
        assert_ne!(codes[0], codes[1]);
        assert_eq!(codes[0].len(), LENGTH + LENGTH / GROUP - 1);
        assert_eq!(format!("{:?}", SetUp::begin(None).unwrap()).matches(&codes[0]).count(), 0);
    }
}
