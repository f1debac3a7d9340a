//! A byte stream to a server: name look-up, TCP, and TLS if wanted, each with the failure that ESP-IDF would report.

use std::future::Future;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream, lookup_host};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::esp_tls::{self, LinkFailure};
use super::way::Way;

/// Time for opening a stream, and for one write (network time limit of the ESP-IDF clients).
pub(super) const NETWORK_TIMEOUT: Duration = Duration::from_secs(10);

/// An open stream.
#[derive(Debug)]
pub(super) enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl Stream {
    /// Opens a stream to `host`, which is also the name that the server's certificate must show, within `limit`.
    pub(super) async fn open(
        host: &str,
        port: u16,
        tls: Option<Arc<ClientConfig>>,
        way: &Way,
        limit: Duration,
    ) -> Result<Self, LinkFailure> {
        tokio::time::sleep(way.delay).await;
        let tcp = limited(limit, connect(host, port, way)).await?;
        let Some(config) = tls else { return Ok(Self::Plain(tcp)) };
        let shaken = tokio::time::timeout(limit, handshake(host, tcp, config)).await;
        Ok(Self::Tls(Box::new(shaken.unwrap_or_else(|_| Err(LinkFailure::handshake_timeout()))?)))
    }

    /// Reads at least one byte; the end of the stream is a failure.
    pub(super) async fn read(&mut self, buffer: &mut [u8]) -> Result<usize, LinkFailure> {
        let read = match self {
            Self::Plain(tcp) => tcp.read(buffer).await,
            Self::Tls(tls) => tls.read(buffer).await,
        };
        match read {
            Ok(0) => Err(LinkFailure::closed()),
            Ok(count) => Ok(count),
            Err(error) => Err(LinkFailure::of_open_stream(&error)),
        }
    }

    /// Writes all bytes through to the socket.
    pub(super) async fn write_all(&mut self, bytes: &[u8]) -> Result<(), LinkFailure> {
        limited(NETWORK_TIMEOUT, async {
            let written = match self {
                Self::Plain(tcp) => tcp.write_all(bytes).await,
                Self::Tls(tls) => write_tls(tls, bytes).await,
            };
            written.map_err(|error| LinkFailure::of_open_stream(&error))
        })
        .await
    }

    /// Prepares the stream for a reset of the unit: what is unsent is lost, and no goodbye of TLS or TCP is said.
    pub(super) fn forget(&self) {
        let tcp = match self {
            Self::Plain(tcp) => tcp,
            Self::Tls(tls) => tls.get_ref().0,
        };
        if let Err(error) = tcp.set_zero_linger() {
            tracing::debug!(%error, "the connection of a reset unit ends with FIN instead of RST");
        }
    }
}

async fn write_tls(tls: &mut TlsStream<TcpStream>, bytes: &[u8]) -> io::Result<()> {
    tls.write_all(bytes).await?;
    tls.flush().await
}

async fn limited<T>(limit: Duration, work: impl Future<Output = Result<T, LinkFailure>>) -> Result<T, LinkFailure> {
    tokio::time::timeout(limit, work).await.unwrap_or_else(|_| Err(LinkFailure::timeout()))
}

async fn connect(host: &str, port: u16, way: &Way) -> Result<TcpStream, LinkFailure> {
    if !way.names {
        return Err(LinkFailure::unresolved(host));
    }
    let addresses: Vec<SocketAddr> = match way.to {
        Some(to) => vec![to],
        None => lookup_host((host, port)).await.map_err(|_| LinkFailure::unresolved(host))?.collect(),
    };
    let mut failure = LinkFailure::unresolved(host);
    for address in addresses {
        match connect_to(address, way.from).await {
            Ok(tcp) => return Ok(tcp),
            Err(error) => failure = LinkFailure::unconnected(&error),
        }
    }
    Err(failure)
}

async fn connect_to(address: SocketAddr, from: Option<Ipv4Addr>) -> io::Result<TcpStream> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    if let (Some(from), SocketAddr::V4(_)) = (from, address) {
        socket.bind((from, 0).into())?;
    }
    let tcp = socket.connect(address).await?;
    tcp.set_nodelay(true)?;
    Ok(tcp)
}

async fn handshake(host: &str, tcp: TcpStream, config: Arc<ClientConfig>) -> Result<TlsStream<TcpStream>, LinkFailure> {
    let name = ServerName::try_from(host.to_owned())
        .map_err(|_| LinkFailure::setup(esp_tls::HOST_NAME_FAILED, "mbedtls_ssl_set_hostname returned -0x7100"))?;
    TlsConnector::from(config).connect(name, tcp).await.map_err(|error| LinkFailure::of_handshake(&error))
}
