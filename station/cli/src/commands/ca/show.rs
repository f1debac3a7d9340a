//! `station ca show`: the authority's own certificates, and those on record. Reads its public files only, no key.

use std::path::Path;

use firstpass_authority::{AuthorityError, CertificateInfo, parse_certificate};
use firstpass_domain::Sha256Digest;
use firstpass_store::Store;
use serde::Serialize;

use super::CertificateView;
use crate::{
    data::DataFolder,
    exit::{Exit, Failure},
    output::{Output, utc},
    station::authority_failure,
};

/// Most certificates that are listed; the newest come first, and `units show` has those of a unit.
const CERTIFICATES_SHOWN_MAX: u32 = 1000;

/// Prints the root, for `curl --cacert` and browsers.
pub(super) fn root_pem(data: &DataFolder, output: Output) -> Result<Exit, Failure> {
    #[derive(Serialize)]
    struct Root {
        root_pem: String,
    }
    let root_pem = read(&data.ca()?, "root.pem")?;
    let root = Root { root_pem: root_pem.trim_end().to_owned() };
    output.row(&root, || root.root_pem.clone())?;
    Ok(Exit::Done)
}

/// Prints root, intermediate and the newest certificates.
pub(super) async fn all(data: &DataFolder, output: Output) -> Result<Exit, Failure> {
    let folder = data.ca()?;
    let root_key_present = folder.join("root.key").exists();
    for (role, file) in [("root", "root.pem"), ("intermediate", "intermediate.pem")] {
        let info = parse_certificate(&read(&folder, file)?).map_err(|error| unreadable(&folder.join(file), &error))?;
        let key = (role == "root").then_some(root_key_present);
        let view = AuthorityView::of(role, &info, key);
        output.row(&view, || view.text())?;
    }
    match data.record() {
        Ok(_) => issued(data, output).await,
        // An authority may stand ready before the first batch.
        Err(_) => Ok(Exit::Done),
    }
}

async fn issued(data: &DataFolder, output: Output) -> Result<Exit, Failure> {
    let mut records = data.read_record().await?.certificates(CERTIFICATES_SHOWN_MAX + 1).await?;
    let cut = records.len() > CERTIFICATES_SHOWN_MAX as usize;
    records.truncate(CERTIFICATES_SHOWN_MAX as usize);
    for record in &records {
        let view = Issued { kind: "certificate", certificate: CertificateView::of(record) };
        if !output.row(&view, || line(&view.certificate))? {
            return Ok(Exit::Done);
        }
    }
    if cut {
        eprintln!("Only the newest {CERTIFICATES_SHOWN_MAX} are shown; `station units show MAC` has those of a unit.");
    }
    Ok(Exit::Done)
}

/// A certificate of the authority itself.
#[derive(Debug, Serialize)]
struct AuthorityView<'a> {
    /// `root` or `intermediate`.
    kind: &'static str,
    subject: &'a str,
    serial: &'a str,
    fingerprint: Sha256Digest,
    not_before: String,
    not_after: String,
    /// Whether the root's key lies on this station.
    #[serde(skip_serializing_if = "Option::is_none")]
    key_on_station: Option<bool>,
}

impl<'a> AuthorityView<'a> {
    fn of(kind: &'static str, info: &'a CertificateInfo, key_on_station: Option<bool>) -> Self {
        Self {
            kind,
            subject: &info.subject,
            serial: &info.serial,
            fingerprint: info.fingerprint,
            not_before: utc(info.not_before),
            not_after: utc(info.not_after),
            key_on_station,
        }
    }

    fn text(&self) -> String {
        let Self { kind, subject, serial, fingerprint, not_before, not_after, .. } = self;
        let key = match self.key_on_station {
            Some(true) => "\n  its key is on this station; it can be moved away until a new intermediate is needed",
            Some(false) => "\n  its key is not on this station",
            None => "",
        };
        format!(
            "{kind}: {subject}\n  serial {serial}\n  fingerprint {fingerprint}\n  valid {not_before} to {not_after}{key}"
        )
    }
}

#[derive(Debug, Serialize)]
struct Issued {
    kind: &'static str,
    #[serde(flatten)]
    certificate: CertificateView,
}

fn line(certificate: &CertificateView) -> String {
    let CertificateView { serial, subject, not_after, .. } = certificate;
    let revoked = match (&certificate.revoked, &certificate.revoked_reason) {
        (Some(at), Some(reason)) => format!("  REVOKED {at}: {reason}"),
        (Some(at), None) => format!("  REVOKED {at}"),
        (None, _) => String::new(),
    };
    format!("{serial}  {subject:<38} until {not_after}{revoked}")
}

fn read(folder: &Path, file: &str) -> Result<String, Failure> {
    let path = folder.join(file);
    std::fs::read_to_string(&path).map_err(|error| {
        let why = format!("{}: {error}.", path.display());
        let remedy = "Check the folder's rights; put a missing file back from a backup (the station makes \
                      intermediate.pem again when it starts).";
        Failure::station("ca_files_unusable", "The authority's files cannot be used.", why, remedy)
    })
}

fn unreadable(path: &Path, error: &AuthorityError) -> Failure {
    let mut failure = authority_failure(error);
    failure.problem.why = format!("{}: {}", path.display(), failure.problem.why);
    failure
}
