//! What a server on a faulty network shows in its TLS handshake.

use std::{path::Path, sync::Arc};

use anyhow::{Context, Result};
use rcgen::{CertificateParams, DnType, ExtendedKeyUsagePurpose, Issuer, KeyPair};
use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use time::{Duration, OffsetDateTime};

/// When a certificate is valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Validity {
    Now,
    Past,
    Future,
}

impl Validity {
    fn window(self) -> (OffsetDateTime, OffsetDateTime) {
        let (now, day) = (OffsetDateTime::now_utc(), Duration::days(1));
        match self {
            Self::Now => (now - day, now + day),
            Self::Past => (now - 20 * day, now - 10 * day),
            Self::Future => (now + 10 * day, now + 20 * day),
        }
    }
}

/// A certificate with its key, ready for a handshake.
#[derive(Debug, Clone)]
pub(super) struct Identity(pub(super) Arc<ServerConfig>);

impl Identity {
    /// A certificate for `name` by the station's own CA, whose folder is `authority`.
    pub(super) fn signed(authority: &Path, name: &str, validity: Validity) -> Result<Self> {
        let file = |name: &str| {
            let path = authority.join(name);
            std::fs::read_to_string(&path).with_context(|| format!("could not read {}", path.display()))
        };
        let intermediate = file("intermediate.pem")?;
        let issuer = Issuer::from_ca_cert_pem(&intermediate, KeyPair::from_pem(&file("intermediate.key")?)?)?;
        let key = KeyPair::generate()?;
        let certificate = params(name, validity)?.signed_by(&key, &issuer)?;
        let chain = vec![certificate.der().clone(), CertificateDer::from_pem_slice(intermediate.as_bytes())?];
        Self::of(chain, &key)
    }

    /// A certificate for `name` that signed itself.
    pub(super) fn foreign(name: &str) -> Result<Self> {
        let key = KeyPair::generate()?;
        let certificate = params(name, Validity::Now)?.self_signed(&key)?;
        Self::of(vec![certificate.der().clone()], &key)
    }

    /// The same, with the certificate as PEM for whoever is to trust it.
    pub(super) fn of_its_own(name: &str) -> Result<(Self, String)> {
        let key = KeyPair::generate()?;
        let certificate = params(name, Validity::Now)?.self_signed(&key)?;
        Ok((Self::of(vec![certificate.der().clone()], &key)?, certificate.pem()))
    }

    fn of(chain: Vec<CertificateDer<'static>>, key: &KeyPair) -> Result<Self> {
        let key = PrivateKeyDer::try_from(key.serialize_der()).map_err(anyhow::Error::msg)?;
        let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(chain, key)?;
        Ok(Self(Arc::new(config)))
    }
}

fn params(name: &str, validity: Validity) -> Result<CertificateParams> {
    let mut params = CertificateParams::new(vec![name.to_owned()])?;
    params.distinguished_name.push(DnType::CommonName, name);
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    (params.not_before, params.not_after) = validity.window();
    Ok(params)
}
