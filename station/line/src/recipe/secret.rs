//! Where a secret comes from, in recipes and configurations: the environment, a file, or a systemd credential. The secret
//! itself never stands in either, and is in no error.

use std::{
    env, io,
    path::{Path, PathBuf},
};

use firstpass_contract::Secret;
use serde::Deserialize;
use thiserror::Error;

use super::files;

/// Longest secret, in bytes: a PEM key fits, a disk does not.
const SECRET_BYTES_MAX: u64 = 64 * 1024;
/// Where systemd puts credentials (`systemd.exec`, "Credentials").
const CREDENTIALS_DIRECTORY: &str = "CREDENTIALS_DIRECTORY";
/// How a secret is referred to, for remedies.
pub const SECRET_FORMS: &str = "{ env = \"NAME\" }, { file = \"PATH\" } or { credential = \"NAME\" }";

/// What a recipe or a configuration says instead of a secret.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SecretSource {
    /// An environment variable of the station.
    Env(String),
    /// A file, relative to the one that names it; one trailing line end is taken off.
    File(PathBuf),
    /// A credential that systemd hands to the station's service.
    Credential(String),
}

/// A secret cannot be had.
#[derive(Debug, Error)]
pub enum SecretError {
    /// No such variable, or one that is no text.
    #[error("the environment variable {0} is not set, or is no text")]
    Env(String),
    /// The file cannot be read.
    #[error("the file {} cannot be read: {err}", path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        err: io::Error,
    },
    /// The station was not started with credentials, or the name is a path.
    #[error("there is no credential {0:?}: {CREDENTIALS_DIRECTORY} is not set, or the name holds a slash")]
    Credential(String),
}

impl SecretError {
    /// What a person does about it.
    pub const fn remedy(&self) -> &'static str {
        match self {
            Self::Env(_) => "Set the variable for the station, or take the secret from a file.",
            Self::File { .. } => "Check path and rights; it is a text in UTF-8, relative to the file that names it.",
            Self::Credential(_) => {
                "Name it with LoadCredential= or SetCredentialEncrypted= in the service's unit file."
            }
        }
    }
}

impl SecretSource {
    /// Reads the secret; `base` is the folder of the file that refers to it.
    pub fn read(&self, base: &Path) -> Result<Secret, SecretError> {
        if let Self::Env(name) = self {
            return env::var(name).map(Secret::new).map_err(|_| SecretError::Env(name.clone()));
        }
        let path = self.path(base).ok_or_else(|| SecretError::Credential(self.name()))?;
        match files::read_bounded(&path, SECRET_BYTES_MAX).and_then(text) {
            Ok(text) => Ok(Secret::new(without_line_end(&text))),
            Err(err) => Err(SecretError::File { path, err }),
        }
    }

    /// The file that the secret is read from, when it is read from one.
    pub fn path(&self, base: &Path) -> Option<PathBuf> {
        match self {
            Self::Env(_) => None,
            Self::File(path) => Some(base.join(path)),
            Self::Credential(name) if name.is_empty() || name.contains('/') => None,
            Self::Credential(name) => Some(PathBuf::from(env::var_os(CREDENTIALS_DIRECTORY)?).join(name)),
        }
    }

    fn name(&self) -> String {
        match self {
            Self::Env(name) | Self::Credential(name) => name.clone(),
            Self::File(path) => path.display().to_string(),
        }
    }
}

fn text(bytes: Vec<u8>) -> io::Result<String> {
    // Without the cause: it would tell a part of the secret.
    String::from_utf8(bytes).map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "it is no UTF-8 text"))
}

/// Editors end a file with a line end; the secret does not.
fn without_line_end(text: &str) -> &str {
    let line = text.strip_suffix('\n').unwrap_or(text);
    line.strip_suffix('\r').unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_in_a_file_loses_one_line_end_and_nothing_else() {
        for (content, expected) in [("a b\n", "a b"), ("a\r\n", "a"), ("a\n\n", "a\n"), (" a", " a"), ("", "")] {
            assert_eq!(without_line_end(content), expected, "{content:?}");
        }
    }

    #[test]
    fn a_credential_never_leaves_its_folder() {
        for name in ["../etc/passwd", "a/b", ""] {
            let source = SecretSource::Credential(name.to_owned());
            assert_eq!(source.path(Path::new("/")), None);
            assert!(matches!(source.read(Path::new("/")), Err(SecretError::Credential(_))), "{name}");
        }
    }
}
