//! The shape of a certificate in `--json`. Field names are promises.

use firstpass_domain::{Mac, RunId, Sha256Digest};
use firstpass_store::CertificateRecord;
use serde::Serialize;

use crate::output::utc;

/// A certificate on record. Times are RFC 3339, UTC.
#[derive(Debug, Serialize)]
pub(in crate::commands) struct CertificateView {
    pub(in crate::commands) serial: String,
    /// Subject's common name.
    pub(in crate::commands) subject: String,
    /// SHA-256 of the DER.
    pub(in crate::commands) fingerprint: Sha256Digest,
    pub(in crate::commands) mac: Option<Mac>,
    pub(in crate::commands) run: Option<RunId>,
    pub(in crate::commands) not_before: String,
    pub(in crate::commands) not_after: String,
    pub(in crate::commands) issued: String,
    pub(in crate::commands) revoked: Option<String>,
    pub(in crate::commands) revoked_reason: Option<String>,
    pub(in crate::commands) pem: String,
}

impl CertificateView {
    pub(in crate::commands) fn of(record: &CertificateRecord) -> Self {
        let certificate = record.certificate.clone();
        let (revoked, revoked_reason) = record.revoked.clone().unzip();
        Self {
            serial: certificate.serial,
            subject: certificate.subject,
            fingerprint: certificate.fingerprint,
            mac: certificate.mac,
            run: record.run,
            not_before: utc(certificate.not_before),
            not_after: utc(certificate.not_after),
            issued: utc(record.issued),
            revoked: revoked.map(utc),
            revoked_reason,
            pem: certificate.pem,
        }
    }
}
