//! `station ca revoke`: on record first, then in the revocation list. Doing it again mends a list that is missing.

use std::path::{Path, PathBuf};

use firstpass_authority::normal_serial;
use firstpass_gateway::certificates::{RevocationError, revocation_list};
use firstpass_store::{Act, SqliteStore, Store};
use serde::Serialize;

use crate::{
    data::DataFolder,
    exit::{Exit, Failure},
    output::Output,
    station::{authority_failure, now, open_authority},
};

/// Revokes the certificate with this serial number and writes the list to `ca/crl.pem`.
pub(super) async fn run(
    data: &DataFolder,
    serial: &str,
    reason: &str,
    by: &str,
    output: Output,
) -> Result<Exit, Failure> {
    let serial = normal_serial(serial);
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

fn unknown(serial: &str) -> Failure {
    let why = format!("No certificate on record has the serial number {serial:?}.");
    let remedy = "Compare with `station ca show`; serial numbers are hexadecimal.";
    Failure::usage("certificate_unknown", "This certificate is not on record.", why, remedy)
}

async fn write_list(data: &DataFolder, store: &SqliteStore) -> Result<PathBuf, Failure> {
    let authority = open_authority(data.config(), data.path())?;
    let list = revocation_list(store, &authority, now()).await.map_err(|error| match error {
        RevocationError::Store(error) => Failure::from(error),
        RevocationError::Authority(error) => authority_failure(&error),
    })?;
    authority.publish(&list).map_err(|error| {
        let why = format!("{} The revocation itself is on record.", error.problem().why);
        let remedy = "Check the folder's rights and the disk's free space, then run the same command again.";
        Failure::station("crl_unwritable", "The revocation list cannot be written.", why, remedy)
    })
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
