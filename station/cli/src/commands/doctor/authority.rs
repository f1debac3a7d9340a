//! Whether the CA is there, counts today, and keeps its keys to itself.

use std::{fs, io, os::unix::fs::PermissionsExt, path::Path};

use firstpass_authority::parse_certificate;

use super::Check;
use crate::{data::DataFolder, output::utc, station::now};

/// Rights to a key file that nobody but its owner may have.
const OTHERS: u32 = 0o077;
/// Rights to the folder that would let others swap its files.
const OTHERS_WRITE: u32 = 0o022;

pub(super) fn check(data: &DataFolder) -> Vec<Check> {
    let Ok(folder) = data.ca() else {
        return vec![Check::ok("CA", "not there yet; the first batch makes it")];
    };
    vec![
        certificate(&folder, "root", "root.pem"),
        certificate(&folder, "intermediate", "intermediate.pem"),
        keys(&folder),
    ]
}

/// A certificate can be read, and today lies in its validity.
fn certificate(folder: &Path, role: &'static str, file: &str) -> Check {
    let name = if role == "root" { "CA root" } else { "CA intermediate" };
    let path = folder.join(file);
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) => {
            let what = format!("{}: {error}", path.display());
            return Check::fail(name, what, "Check the folder's rights, or put the file back from a backup.");
        }
    };
    let info = match parse_certificate(&text) {
        Ok(info) => info,
        Err(error) => return Check::fail(name, format!("{}: {error}", path.display()), "Put it back from a backup."),
    };
    let now = now();
    if now < info.not_before {
        let what = format!("the clock ({}) is before its validity ({})", utc(now), utc(info.not_before));
        return Check::fail(name, what, "Set the clock (see `timedatectl`).");
    }
    if now > info.not_after {
        let what = format!("it ended on {}", utc(info.not_after));
        return Check::fail(name, what, "Check the clock; if it is right, renew the authority.");
    }
    Check::ok(name, format!("{}, until {}", info.subject, utc(info.not_after)))
}

/// No key can be read by others, and nobody else can swap a file.
fn keys(folder: &Path) -> Check {
    const NAME: &str = "CA keys";
    match exposed(folder) {
        Ok(None) => Check::ok(NAME, "can be read by their owner only"),
        Ok(Some(path)) => {
            let what = format!("{path} is open to others");
            Check::fail(NAME, what, format!("Run: chmod go-rwx {path}. If others may have read a key, make a new CA."))
        }
        Err(error) => Check::fail(NAME, format!("{}: {error}", folder.display()), "Check who owns the folder."),
    }
}

fn exposed(folder: &Path) -> io::Result<Option<String>> {
    let mode = |path: &Path| Ok::<_, io::Error>(fs::metadata(path)?.permissions().mode());
    if mode(folder)? & OTHERS_WRITE != 0 {
        return Ok(Some(folder.display().to_string()));
    }
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "key") && mode(&path)? & OTHERS != 0 {
            return Ok(Some(path.display().to_string()));
        }
    }
    Ok(None)
}
