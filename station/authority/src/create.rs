//! Opens the root and the intermediate, or makes them.
//!
//! The order on disk is root key, root certificate, intermediate; each file appears whole. So a crash leaves either a
//! key without a certificate, which is used, or a root without an intermediate, which gets one.

use std::{path::Path, time::Duration};

use base64::{Engine, prelude::BASE64_STANDARD};
use firstpass_domain::Timestamp;
use rcgen::{CertificateParams, Issuer, KeyPair, PublicKeyData};
use rustls_pki_types::{CertificateDer, PrivatePkcs8KeyDer, pem::PemObject};

use crate::{
    AuthorityError, Settings,
    authority::Signer,
    folder::Folder,
    inspect,
    key_file::{self, PRIVATE, PUBLIC},
    profile::{self, Serial},
    settings::DAY,
    validity::Validity,
};

/// Life of a root: longer than the products of a line.
const ROOT_LIFE: Duration = DAY.saturating_mul(25 * 365);

/// Life of an intermediate.
const INTERMEDIATE_LIFE: Duration = DAY.saturating_mul(20 * 365);

/// Longest organization in a subject, in characters. Source: RFC 5280, appendix A.1, `ub-organization-name`.
const ORGANIZATION_MAX: usize = 64;

/// The root's certificate. Its key stays on disk.
pub(crate) struct Root {
    pub(crate) certificate: CertificateDer<'static>,
    pub(crate) pem: String,
    validity: Validity,
}

pub(crate) fn open_or_create_root(
    folder: &Folder,
    settings: &Settings,
    now: Timestamp,
) -> Result<Root, AuthorityError> {
    if folder.root_certificate().exists() {
        return open_root(folder, now);
    }
    if let Some(orphan) = [folder.intermediate_bundle(), folder.intermediate_certificate()].iter().find(|f| f.exists())
    {
        let reason = format!("there is no {} beside it", folder.root_certificate().display());
        return Err(AuthorityError::Damaged { path: orphan.clone(), reason });
    }
    folder.close_to_others()?;
    create_root(folder, settings, now)?;
    open_root(folder, now)
}

/// Opens the root's certificate, and checks its key when it is there.
pub(crate) fn open_root(folder: &Folder, now: Timestamp) -> Result<Root, AuthorityError> {
    folder.check_modes()?;
    let path = folder.root_certificate();
    let pem = key_file::read(&path)?.ok_or_else(|| damaged(&path, "it is missing"))?;
    let certificate = first_certificate(&path, &pem)?;
    let parsed = inspect::parse(&certificate).map_err(|reason| damaged(&path, reason))?;
    if !parsed.is_ca() || parsed.verify_signature(None).is_err() {
        return Err(damaged(&path, "it is no root certificate"));
    }
    let validity = inspect::validity(&parsed);
    validity.check("root", now)?;
    if let Some(key) = key_file::read_private(&folder.root_key())? {
        check_key(&folder.root_key(), &parse_key(&folder.root_key(), &key)?, &parsed)?;
    }
    drop(parsed);
    let pem = to_pem(&certificate);
    Ok(Root { certificate, pem, validity })
}

pub(crate) fn open_or_create_intermediate(
    folder: &Folder,
    root: &Root,
    settings: &Settings,
    now: Timestamp,
) -> Result<Signer, AuthorityError> {
    match key_file::read_private(&folder.intermediate_bundle())? {
        Some(bundle) => open_intermediate(folder, root, &bundle, now),
        None => create_intermediate(folder, root, settings, now),
    }
}

/// Makes an intermediate and puts it in the place of the one that is there.
pub(crate) fn create_intermediate(
    folder: &Folder,
    root: &Root,
    settings: &Settings,
    now: Timestamp,
) -> Result<Signer, AuthorityError> {
    let failed = |err| AuthorityError::Make { name: "intermediate", err };
    let root_key_path = folder.root_key();
    let root_key = key_file::read_private(&root_key_path)?
        .ok_or_else(|| AuthorityError::RootKeyAbsent { path: root_key_path.clone() })?;
    let root_key = parse_key(&root_key_path, &root_key)?;
    let issuer = Issuer::from_ca_cert_der(&root.certificate, root_key).map_err(failed)?;
    let validity = Validity::starting(now, INTERMEDIATE_LIFE).within(root.validity);
    let params = profile::intermediate(&settings.organization, Serial::random()?, validity);
    let key = KeyPair::generate().map_err(failed)?;
    let pem = params.signed_by(&key, &issuer).map_err(failed)?.pem();
    let bundle = format!("{}{pem}", key.serialize_pem());
    key_file::write(&folder.intermediate_bundle(), &bundle, PRIVATE)?;
    open_intermediate(folder, root, &bundle, now)
}

fn open_intermediate(folder: &Folder, root: &Root, bundle: &str, now: Timestamp) -> Result<Signer, AuthorityError> {
    let path = folder.intermediate_bundle();
    let certificate = first_certificate(&path, bundle)?;
    let key = parse_key(&path, bundle)?;
    let parsed = inspect::parse(&certificate).map_err(|reason| damaged(&path, reason))?;
    let root_parsed =
        inspect::parse(&root.certificate).map_err(|reason| damaged(&folder.root_certificate(), reason))?;
    if !parsed.is_ca() || parsed.verify_signature(Some(root_parsed.public_key())).is_err() {
        return Err(damaged(&path, "the root did not sign its certificate"));
    }
    check_key(&path, &key, &parsed)?;
    let validity = inspect::validity(&parsed);
    validity.check("intermediate", now)?;
    drop(parsed);
    let issuer = Issuer::from_ca_cert_der(&certificate, key)
        .map_err(|err| AuthorityError::Make { name: "intermediate", err })?;
    let pem = to_pem(&certificate);
    if key_file::read(&folder.intermediate_certificate())?.as_ref() != Some(&pem) {
        key_file::write(&folder.intermediate_certificate(), &pem, PUBLIC)?;
    }
    Ok(Signer { issuer, certificate, pem, validity })
}

fn create_root(folder: &Folder, settings: &Settings, now: Timestamp) -> Result<(), AuthorityError> {
    let failed = |err| AuthorityError::Make { name: "root", err };
    let organization = settings.organization.as_str();
    if organization.is_empty() || organization.chars().count() > ORGANIZATION_MAX {
        let reason = format!("it must have 1 to {ORGANIZATION_MAX} characters");
        return Err(AuthorityError::Unusable { what: "organization", reason });
    }
    let key = open_or_create_root_key(&folder.root_key())?;
    let validity = Validity::starting(now, ROOT_LIFE);
    let params: CertificateParams = profile::root(organization, Serial::random()?, validity);
    let certificate = params.self_signed(&key).map_err(failed)?;
    key_file::write(&folder.root_certificate(), &certificate.pem(), PUBLIC)
}

fn open_or_create_root_key(path: &Path) -> Result<KeyPair, AuthorityError> {
    if let Some(pem) = key_file::read_private(path)? {
        return parse_key(path, &pem);
    }
    let key = KeyPair::generate().map_err(|err| AuthorityError::Make { name: "root", err })?;
    key_file::write(path, &key.serialize_pem(), PRIVATE)?;
    Ok(key)
}

/// The certificate alone, whatever else its file holds: what is given away must not hold a key by mistake.
fn to_pem(certificate: &CertificateDer<'_>) -> String {
    const LINE: usize = 64;
    let text = BASE64_STANDARD.encode(certificate);
    let lines = text.as_bytes().chunks(LINE).map(|line| std::str::from_utf8(line).expect("base64 is ASCII"));
    let body: String = lines.flat_map(|line| [line, "\n"]).collect();
    format!("-----BEGIN CERTIFICATE-----\n{body}-----END CERTIFICATE-----\n")
}

fn first_certificate(path: &Path, pem: &str) -> Result<CertificateDer<'static>, AuthorityError> {
    CertificateDer::from_pem_slice(pem.as_bytes()).map_err(|err| damaged(path, err))
}

fn parse_key(path: &Path, pem: &str) -> Result<KeyPair, AuthorityError> {
    let der = PrivatePkcs8KeyDer::from_pem_slice(pem.as_bytes()).map_err(|err| damaged(path, err))?;
    KeyPair::try_from(&der).map_err(|err| damaged(path, err))
}

fn check_key(
    path: &Path,
    key: &KeyPair,
    certificate: &x509_parser::certificate::X509Certificate<'_>,
) -> Result<(), AuthorityError> {
    if key.subject_public_key_info() != certificate.public_key().raw {
        return Err(damaged(path, "the key is not the certificate's"));
    }
    Ok(())
}

fn damaged(path: &Path, reason: impl std::fmt::Display) -> AuthorityError {
    AuthorityError::Damaged { path: path.to_owned(), reason: reason.to_string() }
}
