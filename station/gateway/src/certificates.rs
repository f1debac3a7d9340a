//! What the authority issues, as it goes on record, and what the record revokes, as the authority lists it. Decides
//! nothing about either.

use firstpass_authority::{Authority, AuthorityError, Crl, IssuedCertificate, Revoked};
use firstpass_domain::{Mac, Timestamp};
use firstpass_store::{NewCertificate, Store, StoreError};
use thiserror::Error;

/// Revoked certificates that are read at a time.
const PAGE: u32 = 1000;

/// The revocation list could not be made.
#[derive(Debug, Error)]
pub enum RevocationError {
    /// The record failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The authority failed.
    #[error(transparent)]
    Authority(#[from] AuthorityError),
}

/// A certificate for the record; its private key, if it was made here, is not part of it.
pub fn record_of(issued: &IssuedCertificate, mac: Option<Mac>) -> NewCertificate {
    NewCertificate {
        serial: issued.serial.clone(),
        fingerprint: issued.fingerprint,
        pem: issued.pem.clone(),
        subject: issued.subject.clone(),
        not_before: issued.not_before,
        not_after: issued.not_after,
        mac,
    }
}

/// The signed list of every certificate on record that was revoked.
pub async fn revocation_list(store: &dyn Store, authority: &Authority, now: Timestamp) -> Result<Crl, RevocationError> {
    Ok(authority.crl(&revoked(store).await?, now)?)
}

async fn revoked(store: &dyn Store) -> Result<Vec<Revoked>, StoreError> {
    let mut all: Vec<Revoked> = Vec::new();
    loop {
        let after = all.last().map(|last| last.serial.as_str());
        let page = store.revoked_certificates(after, PAGE).await?;
        let full = page.len() == PAGE as usize;
        all.extend(page.into_iter().filter_map(|record| {
            let (at, _) = record.revoked?;
            Some(Revoked { serial: record.certificate.serial, at })
        }));
        if !full {
            return Ok(all);
        }
    }
}
