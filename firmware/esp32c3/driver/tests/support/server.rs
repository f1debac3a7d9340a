//! A TLS server on loopback that shows whatever it is told to.

use std::sync::Arc;

use rustls::crypto::ring::{default_provider, sign};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{ServerConfig, SupportedProtocolVersion};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

pub(crate) type Secure = TlsStream<tokio::net::TcpStream>;

/// Chain and key, which need not belong together.
#[derive(Debug)]
struct Shown(Arc<CertifiedKey>);

impl ResolvesServerCert for Shown {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }
}

pub(crate) fn config(
    chain: Vec<CertificateDer<'static>>,
    key: &PrivateKeyDer<'static>,
    version: &'static SupportedProtocolVersion,
) -> Arc<ServerConfig> {
    let key = sign::any_supported_type(key).unwrap();
    let builder = ServerConfig::builder_with_provider(Arc::new(default_provider()));
    let builder = builder.with_protocol_versions(&[version]).unwrap().with_no_client_auth();
    Arc::new(builder.with_cert_resolver(Arc::new(Shown(Arc::new(CertifiedKey::new(chain, key))))))
}

/// Serves connections one after the other, for ever; `serve` gets each that has shaken hands. Returns the port.
pub(crate) async fn start<F: Future<Output = ()> + 'static>(
    config: Arc<ServerConfig>,
    serve: impl Fn(Secure) -> F + 'static,
) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::task::spawn_local(async move {
        while let Ok((tcp, _)) = listener.accept().await {
            if let Ok(secure) = TlsAcceptor::from(Arc::clone(&config)).accept(tcp).await {
                serve(secure).await;
            }
        }
    });
    port
}
