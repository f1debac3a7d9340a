//! The list of certificates that no longer count.

use std::{path::PathBuf, time::Duration};

use firstpass_domain::Timestamp;
use rcgen::{CertificateRevocationListParams, KeyIdMethod, RevocationReason, RevokedCertParams, SerialNumber};

use crate::{
    Authority, AuthorityError,
    key_file::{self, PUBLIC},
    settings::DAY,
    validity::to_date,
};

/// How long a list counts; whoever uses one fetches a new one before that.
const CRL_LIFE: Duration = DAY.saturating_mul(7);

/// A certificate that no longer counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revoked {
    /// Serial number in hexadecimal, as on record.
    pub serial: String,
    /// Since when.
    pub at: Timestamp,
}

/// A signed revocation list, good for seven days.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Crl {
    /// DER form.
    pub der: Vec<u8>,
    /// PEM form.
    pub pem: String,
}

impl Authority {
    /// Signs the list of `revoked` certificates. Its number is `now` in microseconds, so that later lists have higher
    /// ones without a counter to keep.
    pub fn crl(&self, revoked: &[Revoked], now: Timestamp) -> Result<Crl, AuthorityError> {
        let signer = self.signer();
        signer.validity.check("intermediate", now)?;
        let params = CertificateRevocationListParams {
            this_update: to_date(now),
            next_update: to_date(now.plus(CRL_LIFE)),
            crl_number: SerialNumber::from(u64::try_from(now.as_micros()).unwrap_or(0)),
            issuing_distribution_point: None,
            revoked_certs: revoked.iter().map(entry).collect::<Result<_, _>>()?,
            // The way in which the intermediate's own key identifier was made.
            key_identifier_method: KeyIdMethod::Sha256,
        };
        let failed = |err| AuthorityError::Make { name: "revocation list", err };
        let list = params.signed_by(&signer.issuer).map_err(failed)?;
        Ok(Crl { der: list.der().to_vec(), pem: list.pem().map_err(failed)? })
    }

    /// Puts a list beside the authority's certificates, for servers that read it from there, and tells where.
    pub fn publish(&self, list: &Crl) -> Result<PathBuf, AuthorityError> {
        let path = self.folder().revocation_list();
        let lock = self.folder().lock()?;
        key_file::write(&path, &list.pem, PUBLIC)?;
        drop(lock);
        Ok(path)
    }
}

fn entry(revoked: &Revoked) -> Result<RevokedCertParams, AuthorityError> {
    let unusable = |reason: String| AuthorityError::Unusable { what: "serial number", reason };
    let serial = hex::decode(&revoked.serial).map_err(|err| unusable(err.to_string()))?;
    Ok(RevokedCertParams {
        serial_number: serial.into(),
        revocation_time: to_date(revoked.at),
        reason_code: Some(RevocationReason::PrivilegeWithdrawn),
        invalidity_date: None,
    })
}
