//! One request to the service on a connection of its own. Follows no redirect: the factory code goes nowhere else.

use std::{io, pin::pin, sync::Arc, time::Duration};

use bytes::Bytes;
use firstpass_contract::{
    Secret,
    limits::RESPONSE_BODY_MAX,
    provision::{AUTH_CODE_HEADER, PROVISION_PATH},
};
use http::{HeaderValue, Method, Request, StatusCode, header};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::{Response, body::Incoming, client::conn::http1};
use hyper_util::rt::TokioIo;
use rustls::{ClientConfig, RootCertStore};
use thiserror::Error;
use tokio::{net::TcpStream, time::timeout};
use tokio_rustls::TlsConnector;

use super::UpstreamUrl;

/// Size of an answer's head.
const HEAD_BYTES_MAX: usize = 16 * 1024;

/// Asks the service.
pub(super) struct Client {
    url: UpstreamUrl,
    tls: TlsConnector,
    timeout: Duration,
}

/// The service gave no answer that can be read.
#[derive(Debug, Error)]
pub(super) enum ClientError {
    #[error("could not connect")]
    Connect(#[source] io::Error),
    #[error("the TLS handshake failed")]
    Tls(#[source] io::Error),
    #[error("the connection failed")]
    Http(#[source] hyper::Error),
    #[error("no answer within {0:?}")]
    TimedOut(Duration),
    #[error("the answer broke off")]
    BrokenOff,
}

/// An answer. The body of anything but a grant is not read: it may quote the factory code.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    /// `None` when it is longer than a unit can take.
    pub(super) body: Option<Bytes>,
    /// How long it asks to be left alone.
    pub(super) retry_after: Option<Duration>,
}

impl Client {
    pub(super) fn new(url: UpstreamUrl, trust: RootCertStore, timeout: Duration) -> Result<Self, rustls::Error> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
        let mut config = config.with_root_certificates(trust).with_no_client_auth();
        config.alpn_protocols.push(b"http/1.1".to_vec());
        Ok(Self { url, tls: TlsConnector::from(Arc::new(config)), timeout })
    }

    pub(super) const fn timeout(&self) -> Duration {
        self.timeout
    }

    /// Asks for a session.
    pub(super) async fn provision(&self, code: &Secret, body: Bytes) -> Result<Answer, ClientError> {
        let mut request = self.request(Method::POST, body);
        // What the configuration holds was checked to be a header's value.
        let mut value = HeaderValue::from_str(code.expose()).expect("the factory code is a header value");
        value.set_sensitive(true);
        request.headers_mut().insert(AUTH_CODE_HEADER, value);
        request.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        self.exchange(request).await
    }

    /// Looks whether the service answers at all. Carries no code and changes nothing there.
    pub(super) async fn knock(&self) -> Result<Answer, ClientError> {
        self.exchange(self.request(Method::HEAD, Bytes::new())).await
    }

    fn request(&self, method: Method, body: Bytes) -> Request<Full<Bytes>> {
        let request = Request::builder().method(method).uri(self.url.path_of(PROVISION_PATH));
        let request = request.header(header::HOST, self.url.authority()).header(header::ACCEPT, "application/json");
        request.body(Full::new(body)).expect("a parsed URL makes a request")
    }

    async fn exchange(&self, request: Request<Full<Bytes>>) -> Result<Answer, ClientError> {
        timeout(self.timeout, self.converse(request)).await.unwrap_or(Err(ClientError::TimedOut(self.timeout)))
    }

    async fn converse(&self, request: Request<Full<Bytes>>) -> Result<Answer, ClientError> {
        let socket = TcpStream::connect((self.url.host(), self.url.port())).await.map_err(ClientError::Connect)?;
        let stream = self.tls.connect(self.url.server_name(), socket).await.map_err(ClientError::Tls)?;
        let mut builder = http1::Builder::new();
        builder.max_buf_size(HEAD_BYTES_MAX);
        let (mut sender, connection) = builder.handshake(TokioIo::new(stream)).await.map_err(ClientError::Http)?;
        let mut answer = pin!(async { read(sender.send_request(request).await.map_err(ClientError::Http)?).await });
        let mut connection = pin!(connection);
        tokio::select! {
            biased;
            answer = &mut answer => answer,
            // What has arrived is still read.
            _ended = &mut connection => answer.await,
        }
    }
}

async fn read(response: Response<Incoming>) -> Result<Answer, ClientError> {
    let status = response.status();
    let retry_after = response.headers().get(header::RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
    let retry_after = retry_after.map(Duration::from_secs);
    if !matches!(status, StatusCode::OK | StatusCode::CREATED) {
        return Ok(Answer { status, body: None, retry_after });
    }
    match Limited::new(response.into_body(), RESPONSE_BODY_MAX).collect().await {
        Ok(body) => Ok(Answer { status, body: Some(body.to_bytes()), retry_after }),
        Err(error) if error.is::<LengthLimitError>() => Ok(Answer { status, body: None, retry_after }),
        Err(_) => Err(ClientError::BrokenOff),
    }
}
