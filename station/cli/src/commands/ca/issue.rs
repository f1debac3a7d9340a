//! `station ca issue`: a client certificate with its key for a person or a tool. On record before anybody can use it.

use std::{
    fs::Permissions,
    io::{self, Write},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use firstpass_authority::{IssuedCertificate, UnitKey};
use firstpass_domain::{DeviceId, Sha256Digest};
use firstpass_gateway::certificates::record_of;
use firstpass_store::{Act, Store};
use serde::Serialize;
use tempfile::NamedTempFile;

use crate::{
    data::DataFolder,
    exit::{Exit, Failure},
    output::{Output, utc},
    station::{authority_failure, now, open_authority},
};

/// Permission bits of the key's file.
const KEY_MODE: u32 = 0o600;
/// Permission bits of the certificate's file, less those that the umask takes away.
const CERTIFICATE_MODE: u32 = 0o644;
/// Who stands in the audit log: this command has no `--by`.
const ACTOR: &str = "cli";

/// Issues a certificate for `name` and leaves it and its key in `folder`; overwrites nothing.
pub(super) async fn run(data: &DataFolder, name: &str, folder: &Path, output: Output) -> Result<Exit, Failure> {
    let device = parse(name)?;
    let (certificate_file, key_file) = targets(folder, &device)?;
    data.ca()?;
    let store = data.open_record().await?;
    let authority = open_authority(data.config(), data.path())?;
    let issued = authority.issue_unit(&device, UnitKey::Fresh, now()).map_err(|error| authority_failure(&error))?;
    let key = issued.private_key_pem.as_ref().expect("a fresh key comes with its certificate");
    // Complete on disk, yet without a name, before the record: so a full disk leaves no certificate without a key.
    let certificate = write_unnamed(folder, &issued.chain_pem, CERTIFICATE_MODE)?;
    let key = write_unnamed(folder, key.expose(), KEY_MODE)?;
    let act = Act { actor: ACTOR.to_owned(), reason: "issued with `station ca issue`".to_owned() };
    store.add_certificate(&record_of(&issued, None), &act, now()).await?;
    for (file, target) in [(key, &key_file), (certificate, &certificate_file)] {
        file.persist_noclobber(target).map_err(|error| recorded_only(&issued.serial, target, &error.error))?;
    }
    say(output, &issued, &certificate_file, &key_file);
    Ok(Exit::Done)
}

fn parse(name: &str) -> Result<DeviceId, Failure> {
    DeviceId::new(name).map_err(|error| {
        let remedy = "Choose a name of 1 to 63 letters, digits, '-', '_' and '.'.";
        Failure::usage("name_invalid", "This name cannot stand in a certificate.", format!("{error}."), remedy)
    })
}

/// Where certificate and key will lie, when nothing lies there yet.
fn targets(folder: &Path, device: &DeviceId) -> Result<(PathBuf, PathBuf), Failure> {
    if !folder.is_dir() {
        let why = format!("{} is no folder.", folder.display());
        return Err(Failure::usage(
            "out_missing",
            "The files have no place.",
            why,
            "Make the folder, or name another with --out.",
        ));
    }
    let file = |extension: &str| folder.join(format!("{device}.{extension}"));
    let targets = [file("crt.pem"), file("key.pem")];
    if let Some(taken) = targets.iter().find(|target| target.symlink_metadata().is_ok()) {
        let why = format!("{} is there already, and keys are never overwritten.", taken.display());
        return Err(Failure::usage(
            "out_exists",
            "The file is there already.",
            why,
            "Move it away, or name another --out.",
        ));
    }
    let [certificate, key] = targets;
    Ok((certificate, key))
}

fn write_unnamed(folder: &Path, text: &str, mode: u32) -> Result<NamedTempFile, Failure> {
    let mut builder = tempfile::Builder::new();
    let file = builder.permissions(Permissions::from_mode(mode)).tempfile_in(folder);
    // The kind alone: the text names a temporary file that nobody knows.
    let written = file.map_err(|error| io::Error::from(error.kind())).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.as_file().sync_all()?;
        Ok(file)
    });
    written.map_err(|error| {
        let why = format!("{}: {error}. Nothing was issued.", folder.display());
        Failure::station(
            "out_unwritable",
            "The files cannot be written.",
            why,
            "Check the folder's rights and the disk's free space.",
        )
    })
}

fn recorded_only(serial: &str, target: &Path, error: &io::Error) -> Failure {
    let why = format!("{}: {error}. Certificate {serial} is on record.", target.display());
    let remedy = format!("Run `station ca revoke {serial} --reason \"files lost\"`, then issue again.");
    Failure::station("out_unwritable", "The files cannot be put in place.", why, remedy)
}

fn say(output: Output, issued: &IssuedCertificate, certificate: &Path, key: &Path) {
    #[derive(Serialize)]
    struct View<'a> {
        serial: &'a str,
        fingerprint: Sha256Digest,
        subject: &'a str,
        not_before: String,
        not_after: String,
        certificate: &'a Path,
        key: &'a Path,
    }
    let IssuedCertificate { serial, fingerprint, subject, .. } = issued;
    let (not_before, not_after) = (utc(issued.not_before), utc(issued.not_after));
    let view = View { serial, fingerprint: *fingerprint, subject, not_before, not_after, certificate, key };
    output.say(&view, || {
        let (certificate, key) = (certificate.display(), key.display());
        let not_after = &view.not_after;
        format!("issued {serial} to {subject}, until {not_after}\n  certificate: {certificate}\n  key:         {key}")
    });
}
