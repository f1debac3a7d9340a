//! TLS as the station serves it: on HTTPS and on MQTT alike.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use firstpass_authority::{Authority, AuthorityError, ServerIdentity};
use rustls::{
    RootCertStore, ServerConfig,
    crypto::CryptoProvider,
    server::{
        ClientHello, NoServerSessionStorage, ResolvesServerCert, VerifierBuilderError, WebPkiClientVerifier,
        danger::ClientCertVerifier,
    },
    sign::CertifiedKey,
};
use thiserror::Error;
use tokio::{net::TcpStream, time::timeout};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

use crate::{handshake::HandshakeFault, mqtt::Clock};

/// What is spoken inside the TLS connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// HTTP/1.1 for units.
    Https,
    /// HTTP/1.1 for people: browsers are not asked for certificates of units.
    Pages,
    /// MQTT 3.1.1.
    Mqtt,
}

/// TLS could not be set up.
#[derive(Debug, Error)]
pub enum TlsError {
    /// The authority gave no server certificate.
    #[error("could not get the station's certificate")]
    Authority(#[from] AuthorityError),
    /// The authority's root does not make a verifier of client certificates.
    #[error("could not set up the verification of client certificates")]
    ClientCa(#[from] VerifierBuilderError),
    /// The certificates or the key cannot be used.
    #[error("could not use the station's certificate")]
    Rustls(#[from] rustls::Error),
}

/// TLS 1.2 and 1.3 with the station's certificate, which is renewed without a restart. A unit may present a certificate of
/// our authority; one of another fails the handshake. Sessions are not resumed on MQTT.
pub fn server_tls(authority: &Arc<Authority>, protocol: Protocol, clock: Clock) -> Result<ServerTls, TlsError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let certificate = Arc::new(StationCertificate::new(Arc::clone(authority), clock)?);
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions()?;
    let builder = match protocol {
        Protocol::Pages => builder.with_no_client_auth(),
        Protocol::Https | Protocol::Mqtt => builder.with_client_cert_verifier(unit_verifier(authority, provider)?),
    };
    let mut config = builder.with_cert_resolver(Arc::clone(&certificate) as Arc<dyn ResolvesServerCert>);
    match protocol {
        Protocol::Https | Protocol::Pages => config.alpn_protocols.push(b"http/1.1".to_vec()),
        Protocol::Mqtt => {
            // A resumed session would skip the certificate, so each connect proves it anew.
            config.session_storage = Arc::new(NoServerSessionStorage {});
            config.send_tls13_tickets = 0;
        }
    }
    Ok(ServerTls { config: Arc::new(config), certificate })
}

/// Takes certificates of our authority, and clients without one.
fn unit_verifier(
    authority: &Authority,
    provider: Arc<CryptoProvider>,
) -> Result<Arc<dyn ClientCertVerifier>, TlsError> {
    let mut roots = RootCertStore::empty();
    roots.add(authority.root_der().clone())?;
    let builder = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
    Ok(builder.allow_unauthenticated().build()?)
}

impl ServerTls {
    /// A handshake with a client, within `limit`.
    pub async fn accept(&self, socket: TcpStream, limit: Duration) -> Result<TlsStream<TcpStream>, HandshakeFault> {
        let acceptor = TlsAcceptor::from(Arc::clone(&self.config));
        match timeout(limit, acceptor.accept(socket)).await {
            Ok(Ok(stream)) => Ok(stream),
            Ok(Err(error)) => Err(HandshakeFault::of(&error, self.certificate.is_valid())),
            Err(_) => Err(HandshakeFault::timed_out(self.certificate.is_valid())),
        }
    }
}

/// A service's side of TLS. Cheap to clone.
#[derive(Debug, Clone)]
pub struct ServerTls {
    config: Arc<ServerConfig>,
    certificate: Arc<StationCertificate>,
}

/// The station's certificate, asked for at every handshake, so that a renewed one is served at once.
struct StationCertificate {
    authority: Arc<Authority>,
    clock: Clock,
    current: Mutex<(Arc<ServerIdentity>, Arc<CertifiedKey>)>,
}

impl StationCertificate {
    fn new(authority: Arc<Authority>, clock: Clock) -> Result<Self, TlsError> {
        let identity = authority.server_certificate(clock())?;
        let key = certified(&identity)?;
        Ok(Self { authority, clock, current: Mutex::new((identity, key)) })
    }

    /// The authority's newest; that is a look at memory, except when one is due for renewal (once in months).
    fn newest(&self) -> Result<Arc<CertifiedKey>, TlsError> {
        let identity = self.authority.server_certificate((self.clock)())?;
        // Only complete values are ever put there.
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if !Arc::ptr_eq(&current.0, &identity) {
            *current = (Arc::clone(&identity), certified(&identity)?);
        }
        Ok(Arc::clone(&current.1))
    }
}

impl StationCertificate {
    /// Whether the one that is shown is valid by the station's clock.
    fn is_valid(&self) -> bool {
        let now = (self.clock)();
        let info = &self.current.lock().unwrap_or_else(PoisonError::into_inner).0.info;
        (info.not_before..=info.not_after).contains(&now)
    }
}

impl ResolvesServerCert for StationCertificate {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let newest = self.newest().unwrap_or_else(|error| {
            // The present one still has a third of its life when renewal begins; units must not suffer meanwhile.
            tracing::error!(error = &error as &dyn std::error::Error, "could not renew the station's certificate");
            Arc::clone(&self.current.lock().unwrap_or_else(PoisonError::into_inner).1)
        });
        Some(newest)
    }
}

impl std::fmt::Debug for StationCertificate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StationCertificate").finish_non_exhaustive()
    }
}

fn certified(identity: &ServerIdentity) -> Result<Arc<CertifiedKey>, rustls::Error> {
    let key = rustls::crypto::ring::sign::any_supported_type(&identity.key)?;
    Ok(Arc::new(CertifiedKey::new(identity.chain.clone(), key)))
}
