//! The station's own authority in a folder, and certificates that it would never issue.

use std::{path::PathBuf, sync::Arc};

use firstpass_authority::{Authority, Settings};
use firstpass_domain::Timestamp;
use rcgen::{CertificateParams, ExtendedKeyUsagePurpose, Issuer, KeyPair, SanType};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, pem::PemObject};

/// An authority with its keys.
pub(crate) struct Ca {
    pub(crate) authority: Arc<Authority>,
    folder: tempfile::TempDir,
}

/// A certificate with its chain, and its key.
pub(crate) type Identity = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

impl Ca {
    pub(crate) fn new(now: Timestamp) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let authority = Authority::open_or_create(folder.path(), Settings::default(), now).unwrap();
        Self { authority: Arc::new(authority), folder }
    }

    pub(crate) fn root_der(&self) -> CertificateDer<'static> {
        self.authority.root_der().clone()
    }

    pub(crate) fn root_file(&self) -> PathBuf {
        self.folder.path().join("root.pem")
    }

    /// A client certificate with these SAN URIs, right or wrong, that the intermediate signed.
    pub(crate) fn client(&self, uris: &[&str]) -> Identity {
        let intermediate = self.authority.intermediate_pem();
        let bundle = std::fs::read(self.folder.path().join("intermediate.key")).unwrap();
        let signer = KeyPair::try_from(&PrivateKeyDer::from_pem_slice(&bundle).unwrap()).unwrap();
        let issuer = Issuer::from_ca_cert_pem(intermediate, signer).unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.subject_alt_names = uris.iter().map(|uri| SanType::URI((*uri).try_into().unwrap())).collect();
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        let key = KeyPair::generate().unwrap();
        let leaf = params.signed_by(&key, &issuer).unwrap().der().clone();
        let chain = vec![leaf, CertificateDer::from_pem_slice(intermediate.as_bytes()).unwrap()];
        (chain, PrivatePkcs8KeyDer::from(key.serialize_der()).into())
    }
}
