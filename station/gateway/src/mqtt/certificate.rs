//! Client certificates: how they are asked for and whose they are.

use std::sync::Arc;

use firstpass_domain::{DeviceId, Sha256Digest};
use rustls::{
    RootCertStore, ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer},
    server::{NoServerSessionStorage, VerifierBuilderError, WebPkiClientVerifier},
};
use thiserror::Error;
use x509_parser::{certificate::X509Certificate, extensions::GeneralName, prelude::FromDer};

/// The SAN URI of a unit's certificate is this and the device id.
pub const DEVICE_URI_PREFIX: &str = "urn:firstpass:device:";

/// A certificate that the client proved to hold and that the CA signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientCertificate {
    /// The unit that the SAN names; `None` when it names none, or more than one.
    pub device_id: Option<DeviceId>,
    /// SHA-256 of the DER form.
    pub fingerprint: Sha256Digest,
}

impl ClientCertificate {
    /// Reads the identity of a verified certificate.
    pub(super) fn read(der: &[u8]) -> Self {
        Self { device_id: device_id(der), fingerprint: Sha256Digest::of(der) }
    }
}

/// The only device URI among the subject alternative names, whole; neither the subject nor a part of a name counts.
fn device_id(der: &[u8]) -> Option<DeviceId> {
    let (_, certificate) = X509Certificate::from_der(der).ok()?;
    let names = certificate.subject_alternative_name().ok()??;
    let mut ids = names.value.general_names.iter().filter_map(|name| match name {
        GeneralName::URI(uri) => uri.strip_prefix(DEVICE_URI_PREFIX),
        GeneralName::OtherName(..)
        | GeneralName::RFC822Name(_)
        | GeneralName::DNSName(_)
        | GeneralName::X400Address(_)
        | GeneralName::DirectoryName(_)
        | GeneralName::EDIPartyName(_)
        | GeneralName::IPAddress(_)
        | GeneralName::RegisteredID(_)
        | GeneralName::Invalid(..) => None,
    });
    match (ids.next(), ids.next()) {
        (Some(id), None) => DeviceId::new(id).ok(),
        (Some(_), Some(_)) | (None, _) => None,
    }
}

/// The broker's TLS could not be set up.
#[derive(Debug, Error)]
pub enum TlsConfigError {
    /// The CA's certificates do not make a verifier.
    #[error("could not set up the verification of client certificates")]
    ClientCa(#[source] VerifierBuilderError),
    /// The server's certificate and key do not fit.
    #[error("could not use the server's certificate and key")]
    Server(#[source] rustls::Error),
}

/// TLS 1.2 and 1.3 with the server's `chain` and `key`; a client may present a certificate that `client_ca` signed, and
/// one that it did not sign fails the handshake.
pub fn tls_config(
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
    client_ca: RootCertStore,
) -> Result<Arc<ServerConfig>, TlsConfigError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(client_ca), Arc::clone(&provider))
        .allow_unauthenticated()
        .build()
        .map_err(TlsConfigError::ClientCa)?;
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(TlsConfigError::Server)?
        .with_client_cert_verifier(verifier)
        .with_single_cert(chain, key)
        .map_err(TlsConfigError::Server)?;
    // A resumed session would skip the certificate, so each connect proves it anew.
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    Ok(Arc::new(config))
}
