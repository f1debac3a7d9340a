//! Reads certificates, for people and for comparing. Trusts nothing: whoever asks must have verified the chain.

use firstpass_domain::{DeviceId, Sha256Digest, Timestamp};
use rustls_pki_types::{CertificateDer, pem::PemObject};
use x509_parser::{certificate::X509Certificate, extensions::GeneralName, prelude::FromDer};

use crate::{
    AuthorityError,
    validity::{Validity, from_unix},
};

/// The SAN URI of a unit's certificate is this and the device id.
pub const DEVICE_URI_PREFIX: &str = "urn:firstpass:device:";

/// What stands in a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateInfo {
    /// Serial number, lower-case hexadecimal, two digits for each byte.
    pub serial: String,
    /// SHA-256 of the DER form.
    pub fingerprint: Sha256Digest,
    /// Subject, as `O=…, CN=…`.
    pub subject: String,
    /// Issuer, in the same form.
    pub issuer: String,
    /// Start of validity.
    pub not_before: Timestamp,
    /// End of validity.
    pub not_after: Timestamp,
    /// Whether it may sign other certificates.
    pub is_ca: bool,
    /// Subject alternative names: host names, addresses and URIs.
    pub names: Vec<String>,
    /// The unit that it was issued to.
    pub device_id: Option<DeviceId>,
}

/// Reads the first certificate of a PEM text.
pub fn parse_certificate(pem: &str) -> Result<CertificateInfo, AuthorityError> {
    let unusable = |reason: String| AuthorityError::Unusable { what: "certificate", reason };
    let der = CertificateDer::from_pem_slice(pem.as_bytes()).map_err(|err| unusable(err.to_string()))?;
    let parsed = parse(&der).map_err(unusable)?;
    Ok(info(&der, &parsed))
}

/// The DER form of the first certificate of a PEM text.
pub fn certificate_der(pem: &str) -> Result<Vec<u8>, AuthorityError> {
    let der = CertificateDer::from_pem_slice(pem.as_bytes());
    let unusable = |err: rustls_pki_types::pem::Error| err.to_string();
    der.map(|der| der.to_vec()).map_err(|err| AuthorityError::Unusable { what: "certificate", reason: unusable(err) })
}

/// A serial number as it stands on record: lower-case digits. OpenSSL prints upper case, browsers put colons between the
/// bytes, people copy spaces along. What is no hexadecimal number stays none, and is found nowhere.
pub fn normal_serial(text: &str) -> String {
    text.trim().chars().filter(|c| *c != ':').map(|c| c.to_ascii_lowercase()).collect()
}

/// The unit that a certificate (DER) was issued to: its only device URI, whole. Neither the subject nor a part of a
/// name counts.
pub fn san_device_id(der: &[u8]) -> Option<DeviceId> {
    only_device_id(&san_texts(&parse(der).ok()?))
}

/// Parses one certificate with nothing behind it.
pub(crate) fn parse(der: &[u8]) -> Result<X509Certificate<'_>, String> {
    match X509Certificate::from_der(der) {
        Ok(([], certificate)) => Ok(certificate),
        Ok(_) => Err("there are bytes behind the certificate".to_owned()),
        Err(err) => Err(err.to_string()),
    }
}

pub(crate) fn info(der: &[u8], certificate: &X509Certificate<'_>) -> CertificateInfo {
    let Validity { not_before, not_after } = validity(certificate);
    let names = san_texts(certificate);
    let raw_serial = certificate.raw_serial();
    CertificateInfo {
        serial: hex::encode(raw_serial.strip_prefix(&[0]).filter(|rest| !rest.is_empty()).unwrap_or(raw_serial)),
        fingerprint: Sha256Digest::of(der),
        subject: certificate.subject().to_string(),
        issuer: certificate.issuer().to_string(),
        not_before,
        not_after,
        is_ca: certificate.is_ca(),
        device_id: only_device_id(&names),
        names,
    }
}

pub(crate) fn validity(certificate: &X509Certificate<'_>) -> Validity {
    let validity = certificate.validity();
    Validity {
        not_before: from_unix(validity.not_before.timestamp()),
        not_after: from_unix(validity.not_after.timestamp()),
    }
}

fn only_device_id(names: &[String]) -> Option<DeviceId> {
    let mut ids = names.iter().filter_map(|name| name.strip_prefix(DEVICE_URI_PREFIX));
    match (ids.next(), ids.next()) {
        (Some(id), None) => DeviceId::new(id).ok(),
        (Some(_), Some(_)) | (None, _) => None,
    }
}

fn san_texts(certificate: &X509Certificate<'_>) -> Vec<String> {
    let Ok(Some(names)) = certificate.subject_alternative_name() else {
        return Vec::new();
    };
    names.value.general_names.iter().filter_map(san_text).collect()
}

fn san_text(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::DNSName(name) => Some((*name).to_owned()),
        GeneralName::URI(uri) => Some((*uri).to_owned()),
        GeneralName::IPAddress(octets) => ip_text(octets),
        GeneralName::OtherName(..)
        | GeneralName::RFC822Name(_)
        | GeneralName::X400Address(_)
        | GeneralName::DirectoryName(_)
        | GeneralName::EDIPartyName(_)
        | GeneralName::RegisteredID(_)
        | GeneralName::Invalid(..) => None,
    }
}

fn ip_text(octets: &[u8]) -> Option<String> {
    let v4 = <[u8; 4]>::try_from(octets).map(|octets| std::net::Ipv4Addr::from(octets).to_string());
    let v6 = || <[u8; 16]>::try_from(octets).map(|octets| std::net::Ipv6Addr::from(octets).to_string());
    v4.or_else(|_| v6()).ok()
}
