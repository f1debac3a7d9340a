//! One request to the collector, on a connection of its own. Knows no span.

use std::{io, path::Path, pin::pin, sync::Arc, time::Duration};

use bytes::Bytes;
use firstpass_gateway::https::upstream_trust;
use http::{HeaderValue, Method, Request, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::{ClientConfig, RootCertStore, pki_types::ServerName};
use thiserror::Error;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::TlsConnector;

use super::endpoint::Endpoint;

/// Longest answer that is read.
const ANSWER_MAX: usize = 64 << 10;
/// Time for one request, from the connect to the end of the answer.
const TIMEOUT: Duration = Duration::from_secs(10);

/// What the collector answered.
#[derive(Debug)]
pub(super) struct Answered {
    pub(super) status: u16,
    pub(super) retry_after: Option<Duration>,
    /// Empty when it could not be read.
    pub(super) body: Bytes,
}

/// There was no answer.
#[derive(Debug, Error)]
pub(super) enum ClientError {
    #[error("could not reach the collector: {0}")]
    Reach(#[from] io::Error),
    #[error("the collector broke off: {0}")]
    Http(#[from] hyper::Error),
    #[error("the collector did not answer within {TIMEOUT:?}")]
    TimedOut,
}

/// Speaks to one collector.
pub(super) struct Client {
    endpoint: Endpoint,
    tls: Option<TlsConnector>,
}

impl Client {
    pub(super) fn new(endpoint: Endpoint, ca_file: Option<&Path>) -> Self {
        let tls = endpoint.is_tls.then(|| connector(ca_file));
        Self { endpoint, tls }
    }

    pub(super) const fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Sends a JSON body.
    pub(super) async fn post(&self, body: Bytes) -> Result<Answered, ClientError> {
        timeout(TIMEOUT, self.try_post(body)).await.unwrap_or(Err(ClientError::TimedOut))
    }

    async fn try_post(&self, body: Bytes) -> Result<Answered, ClientError> {
        let socket = TcpStream::connect((self.endpoint.host.as_str(), self.endpoint.port)).await?;
        let request = self.request(body);
        match &self.tls {
            None => exchange(socket, request).await,
            Some(tls) => {
                let name = ServerName::try_from(self.endpoint.host.clone()).expect("it was checked when it was parsed");
                exchange(tls.connect(name, socket).await?, request).await
            }
        }
    }

    fn request(&self, body: Bytes) -> Request<Full<Bytes>> {
        let request = Request::builder()
            .method(Method::POST)
            .uri(&self.endpoint.path)
            .header(header::HOST, self.endpoint.authority())
            .header(header::USER_AGENT, concat!("firstpass/", env!("CARGO_PKG_VERSION")))
            .header(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))
            .header(header::CONNECTION, HeaderValue::from_static("close"));
        request.body(Full::new(body)).expect("a parsed address makes a request")
    }
}

async fn exchange<S: AsyncRead + AsyncWrite + Unpin + Send>(
    stream: S,
    request: Request<Full<Bytes>>,
) -> Result<Answered, ClientError> {
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let talk = async {
        let answer = sender.send_request(request).await?;
        let status = answer.status().as_u16();
        let retry_after = answer.headers().get(header::RETRY_AFTER);
        let retry_after = retry_after.and_then(|value| value.to_str().ok()?.parse().ok()).map(Duration::from_secs);
        let body = Limited::new(answer.into_body(), ANSWER_MAX).collect().await;
        Ok(Answered { status, retry_after, body: body.map(http_body_util::Collected::to_bytes).unwrap_or_default() })
    };
    let (mut talk, mut connection) = (pin!(talk), pin!(connection));
    tokio::select! {
        biased;
        answered = &mut talk => answered,
        // What has arrived is still read.
        _ended = &mut connection => talk.await,
    }
}

/// Trusts the configured authorities, or the system's.
fn connector(ca_file: Option<&Path>) -> TlsConnector {
    let roots = upstream_trust(ca_file).unwrap_or_else(|error| {
        tracing::warn!(error = &error as &dyn std::error::Error, "no authority is trusted for the collector of traces");
        RootCertStore::empty()
    });
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config.expect("ring speaks TLS 1.2 and 1.3").with_root_certificates(roots).with_no_client_auth();
    TlsConnector::from(Arc::new(config))
}
