//! A TLS client that sends exactly the bytes it is told to.

use std::sync::Arc;

use rustls::{ClientConfig, RootCertStore, pki_types::ServerName};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::{TlsConnector, client::TlsStream};

use crate::station::{PATIENCE, Station};

/// A connection after its handshake.
pub(crate) struct Raw(TlsStream<TcpStream>);

impl Raw {
    pub(crate) async fn connect(station: &Station) -> Self {
        let mut roots = RootCertStore::empty();
        roots.add(station.authority.root_der().clone()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let config = config.with_root_certificates(roots).with_no_client_auth();
        let socket = TcpStream::connect(("127.0.0.1", station.port)).await.unwrap();
        let name = ServerName::try_from("localhost").unwrap();
        Self(TlsConnector::from(Arc::new(config)).connect(name, socket).await.unwrap())
    }

    pub(crate) async fn send(&mut self, text: &str) {
        self.0.write_all(text.as_bytes()).await.unwrap();
        self.0.flush().await.unwrap();
    }

    /// Sends a text while it reads all that comes until the station closes the connection.
    pub(crate) async fn exchange(self, text: &str) -> String {
        let (mut from, mut to) = tokio::io::split(self.0);
        let mut bytes = Vec::new();
        let both = async { tokio::join!(to.write_all(text.as_bytes()), from.read_to_end(&mut bytes)) };
        timeout(PATIENCE, both).await.expect("the station closes the connection").0.unwrap();
        String::from_utf8(bytes).unwrap()
    }

    /// What comes until the first empty line.
    pub(crate) async fn read_head(&mut self) -> String {
        let mut bytes = Vec::new();
        let head = async {
            while !bytes.ends_with(b"\r\n\r\n") {
                bytes.push(self.0.read_u8().await.unwrap());
            }
        };
        timeout(PATIENCE, head).await.expect("the station sends a head");
        String::from_utf8(bytes).unwrap()
    }

    /// All that comes until the station closes the connection.
    pub(crate) async fn read_to_end(&mut self) -> String {
        let mut bytes = Vec::new();
        // A connection that is cut without a TLS goodbye is closed as well.
        let _ = timeout(PATIENCE, self.0.read_to_end(&mut bytes)).await.expect("the station closes the connection");
        String::from_utf8(bytes).unwrap()
    }
}
