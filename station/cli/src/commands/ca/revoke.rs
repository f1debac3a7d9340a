//! `station ca revoke`: on record first, then in the revocation list. Doing it again mends a list that is missing.

use std::path::{Path, PathBuf};

use firstpass_authority::Revoked;
use firstpass_domain::AuditKind;
use firstpass_store::{Act, SqliteStore, Store};
use serde::Serialize;

use crate::{
    data::DataFolder,
    exit::{Exit, Failure},
    output::Output,
    station::{authority_failure, now, open_authority},
    whole_file,
};

/// Permission bits of the list, less those that the umask takes away: it is for everybody.
const LIST_MODE: u32 = 0o644;
/// Audit entries that are in memory at a time.
const PAGE_ENTRIES: u32 = 1000;

/// Revokes the certificate with this serial number and writes the list to `ca/crl.pem`.
pub(super) async fn run(
    data: &DataFolder,
    serial: &str,
    reason: &str,
    by: &str,
    output: Output,
) -> Result<Exit, Failure> {
    let serial = normal(serial);
    data.record()?;
    data.ca()?;
    let store = data.open_record().await?;
    if store.certificate(&serial).await?.is_none() {
        return Err(unknown(&serial));
    }
    let act = Act { actor: by.to_owned(), reason: reason.to_owned() };
    let newly = store.revoke_certificate(&serial, &act, now()).await?;
    let list = write_list(data, &store).await?;
    say(output, &serial, newly, &list);
    Ok(Exit::Done)
}

/// The form on record: lower-case digits. OpenSSL prints upper case, browsers put colons between the bytes.
fn normal(serial: &str) -> String {
    serial.chars().filter(|c| *c != ':').map(|c| c.to_ascii_lowercase()).collect()
}

fn unknown(serial: &str) -> Failure {
    let why = format!("No certificate on record has the serial number {serial:?}.");
    let remedy = "Compare with `station ca show`; serial numbers are hexadecimal.";
    Failure::usage("certificate_unknown", "This certificate is not on record.", why, remedy)
}

async fn write_list(data: &DataFolder, store: &SqliteStore) -> Result<PathBuf, Failure> {
    let authority = open_authority(data.config(), data.path())?;
    let list = authority.crl(&revoked(store).await?, now()).map_err(|error| authority_failure(&error))?;
    let path = data.ca()?.join("crl.pem");
    whole_file::write(&path, list.pem.as_bytes(), LIST_MODE).map_err(|error| {
        let why = format!("{}: {error}. The revocation itself is on record.", path.display());
        let remedy = "Check the folder's rights and the disk's free space, then run the same command again.";
        Failure::station("crl_unwritable", "The revocation list cannot be written.", why, remedy)
    })?;
    Ok(path)
}

/// Every certificate that was ever revoked, from the audit log, which can be read page by page.
async fn revoked(store: &SqliteStore) -> Result<Vec<Revoked>, Failure> {
    let (mut all, mut after) = (Vec::new(), 0);
    loop {
        let page = store.audit_entries(after, PAGE_ENTRIES).await?;
        let Some(last) = page.last() else { return Ok(all) };
        after = last.seq;
        let revocations = page.into_iter().filter(|entry| entry.kind == AuditKind::CertificateRevoked);
        all.extend(revocations.map(|entry| Revoked { serial: entry.subject, at: entry.at }));
    }
}

fn say(output: Output, serial: &str, newly: bool, list: &Path) {
    #[derive(Serialize)]
    struct View<'a> {
        serial: &'a str,
        /// `false` when it had been revoked before.
        newly_revoked: bool,
        revocation_list: &'a Path,
    }
    let view = View { serial, newly_revoked: newly, revocation_list: list };
    output.say(&view, || {
        let done = if newly { "is revoked" } else { "had been revoked before" };
        format!("certificate {serial} {done}\n  revocation list: {}", list.display())
    });
}
