//! Signs certificates with the intermediate.

use firstpass_contract::Secret;
use firstpass_domain::{DeviceId, Sha256Digest, Timestamp};
use rcgen::{
    Certificate, CertificateParams, KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_ED25519,
    PublicKeyData, SubjectPublicKeyInfo,
};
use rustls_pki_types::{CertificateSigningRequestDer, pem::PemObject};
use x509_parser::{certification_request::X509CertificationRequest, prelude::FromDer};

use crate::{
    Authority, AuthorityError, ServerName,
    profile::{self, Serial},
    validity::Validity,
};

/// Largest certificate signing request, in bytes of PEM; one with a P-384 key and many wishes takes a quarter of it.
const CSR_PEM_MAX: usize = 4096;

/// Most names in a certificate for a server.
const SERVER_NAMES_MAX: usize = 16;

/// The key that a certificate is for.
#[derive(Debug, Clone, Copy)]
pub enum UnitKey<'a> {
    /// A new P-256 key is made and returned with the certificate; it is kept nowhere.
    Fresh,
    /// Its owner has a key; this is its public half (DER, SubjectPublicKeyInfo).
    Public(&'a [u8]),
}

/// A certificate that was just issued.
#[derive(Debug, Clone)]
pub struct IssuedCertificate {
    /// The certificate, DER.
    pub der: Vec<u8>,
    /// The certificate, PEM.
    pub pem: String,
    /// The certificate and the intermediate, PEM: what its owner presents.
    pub chain_pem: String,
    /// Serial number, lower-case hexadecimal, 32 digits.
    pub serial: String,
    /// SHA-256 of the DER form.
    pub fingerprint: Sha256Digest,
    /// The subject's common name.
    pub subject: String,
    /// Start of validity.
    pub not_before: Timestamp,
    /// End of validity.
    pub not_after: Timestamp,
    /// PKCS #8 PEM of the key, when it was made here.
    pub private_key_pem: Option<Secret>,
}

impl Authority {
    /// Issues a client certificate to a unit.
    pub fn issue_unit(
        &self,
        device: &DeviceId,
        key: UnitKey<'_>,
        now: Timestamp,
    ) -> Result<IssuedCertificate, AuthorityError> {
        match key {
            UnitKey::Fresh => {
                let key = KeyPair::generate().map_err(|err| AuthorityError::Make { name: "unit", err })?;
                let issued = self.sign_unit(device, &key, now)?;
                Ok(IssuedCertificate { private_key_pem: Some(Secret::new(key.serialize_pem())), ..issued })
            }
            UnitKey::Public(spki) => self.sign_unit(device, &public_key(spki)?, now),
        }
    }

    /// Issues a client certificate for the key in a PKCS #10 request (PEM).
    ///
    /// The request's own signature is checked: it proves that the unit has the private key. Nothing else of it is
    /// used, whatever names and extensions it asks for.
    pub fn issue_for_csr(
        &self,
        device: &DeviceId,
        csr_pem: &str,
        now: Timestamp,
    ) -> Result<IssuedCertificate, AuthorityError> {
        self.issue_unit(device, UnitKey::Public(&csr_key(csr_pem)?), now)
    }

    /// Issues a certificate to a server other than this station, such as a broker or a database of the site: with these
    /// names, for as long as the station's own.
    pub fn issue_server(
        &self,
        names: &[ServerName],
        key: UnitKey<'_>,
        now: Timestamp,
    ) -> Result<IssuedCertificate, AuthorityError> {
        let Some(first) = names.first().filter(|_| names.len() <= SERVER_NAMES_MAX) else {
            let reason = format!("it must have 1 to {SERVER_NAMES_MAX} names");
            return Err(AuthorityError::Unusable { what: "list of server names", reason });
        };
        match key {
            UnitKey::Fresh => {
                let key = KeyPair::generate().map_err(|err| AuthorityError::Make { name: "server", err })?;
                let issued = self.sign_server(names, first, &key, now)?;
                Ok(IssuedCertificate { private_key_pem: Some(Secret::new(key.serialize_pem())), ..issued })
            }
            UnitKey::Public(spki) => self.sign_server(names, first, &public_key(spki)?, now),
        }
    }

    fn sign_server(
        &self,
        names: &[ServerName],
        first: &ServerName,
        key: &impl PublicKeyData,
        now: Timestamp,
    ) -> Result<IssuedCertificate, AuthorityError> {
        let (serial, validity) = (Serial::random()?, self.leaf_validity(now, self.settings().server_validity)?);
        let params = profile::other_server(names, &first.to_string(), serial, validity);
        let certificate = self.sign("server", &params, key)?;
        Ok(self.issued(&certificate, serial, validity, &first.to_string()))
    }

    fn sign_unit(
        &self,
        device: &DeviceId,
        key: &impl PublicKeyData,
        now: Timestamp,
    ) -> Result<IssuedCertificate, AuthorityError> {
        let (serial, validity) = (Serial::random()?, self.leaf_validity(now, self.settings().unit_validity)?);
        let certificate = self.sign("unit", &profile::unit(device, serial, validity), key)?;
        Ok(self.issued(&certificate, serial, validity, device.as_str()))
    }

    /// From a little before `now` for `life`, at most as long as the intermediate counts; checks the clock.
    pub(crate) fn leaf_validity(&self, now: Timestamp, life: std::time::Duration) -> Result<Validity, AuthorityError> {
        self.signer().validity.check("intermediate", now)?;
        Ok(Validity::starting(now, life).within(self.signer().validity))
    }

    pub(crate) fn sign(
        &self,
        name: &'static str,
        params: &CertificateParams,
        key: &impl PublicKeyData,
    ) -> Result<Certificate, AuthorityError> {
        params.signed_by(key, &self.signer().issuer).map_err(|err| AuthorityError::Make { name, err })
    }

    fn issued(&self, certificate: &Certificate, serial: Serial, validity: Validity, name: &str) -> IssuedCertificate {
        let pem = certificate.pem();
        IssuedCertificate {
            der: certificate.der().to_vec(),
            chain_pem: format!("{pem}{}", self.intermediate_pem()),
            pem,
            serial: serial.hex(),
            fingerprint: Sha256Digest::of(certificate.der()),
            subject: name.to_owned(),
            not_before: validity.not_before,
            not_after: validity.not_after,
            private_key_pem: None,
        }
    }
}

/// The public key (DER, SubjectPublicKeyInfo) of a PKCS #10 request (PEM), whose own signature is right: so whoever made
/// the request has the private key.
pub fn csr_key(csr_pem: &str) -> Result<Vec<u8>, AuthorityError> {
    let unusable = |reason: String| AuthorityError::Unusable { what: "certificate signing request", reason };
    if csr_pem.len() > CSR_PEM_MAX {
        return Err(unusable(format!("it is longer than {CSR_PEM_MAX} bytes")));
    }
    let der =
        CertificateSigningRequestDer::from_pem_slice(csr_pem.as_bytes()).map_err(|err| unusable(err.to_string()))?;
    let (rest, request) = X509CertificationRequest::from_der(&der).map_err(|err| unusable(err.to_string()))?;
    if !rest.is_empty() {
        return Err(unusable("there are bytes behind it".to_owned()));
    }
    request.verify_signature().map_err(|_| unusable("its signature is not that of its key".to_owned()))?;
    Ok(request.certification_request_info.subject_pki.raw.to_vec())
}

/// A public key of a kind that TLS 1.2 and 1.3 can use and that is not too large for a unit.
fn public_key(spki: &[u8]) -> Result<SubjectPublicKeyInfo, AuthorityError> {
    let unusable = |reason: &str| AuthorityError::Unusable { what: "public key", reason: reason.to_owned() };
    let key = SubjectPublicKeyInfo::from_der(spki).map_err(|err| unusable(&err.to_string()))?;
    // An uncompressed point, or an Ed25519 key. Source: SEC 1, section 2.3.3, and RFC 8032, section 5.1.2.
    let lengths = [(&PKCS_ECDSA_P256_SHA256, 65), (&PKCS_ECDSA_P384_SHA384, 97), (&PKCS_ED25519, 32)];
    let known = lengths.iter().any(|(kind, len)| key.algorithm() == *kind && key.der_bytes().len() == *len);
    if known { Ok(key) } else { Err(unusable("it is no key on P-256 or P-384, and no Ed25519 key")) }
}
