//! One message to one receiver, on a connection of its own. Follows no redirect, and reads nothing but the head of the
//! answer.

use std::{io, pin::pin, time::Duration};

use bytes::Bytes;
use http::{HeaderValue, Method, Request, header};
use http_body_util::Full;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use thiserror::Error;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::TlsConnector;

use super::url::HookUrl;

/// Size of an answer's head.
const HEAD_BYTES_MAX: usize = 16 * 1024;
/// Names this program to receivers.
const AGENT: &str = concat!("firstpass/", env!("CARGO_PKG_VERSION"));

/// A message as it goes over the wire.
#[derive(Debug)]
pub(super) struct Letter {
    pub(super) id: String,
    /// Seconds since the epoch when it is sent.
    pub(super) sent_s: i64,
    /// One signature or two, with a space between.
    pub(super) signature: String,
    pub(super) body: Bytes,
}

/// The head of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) status: u16,
    pub(super) retry_after: Option<Duration>,
}

/// There was no answer.
#[derive(Debug, Error)]
pub(super) enum ClientError {
    #[error("could not connect: {0}")]
    Connect(#[source] io::Error),
    #[error("plain HTTP may go to this machine only, and the name leads elsewhere")]
    Elsewhere,
    #[error("the TLS handshake failed: {0}")]
    Tls(#[source] io::Error),
    #[error("no connection within {0:?}")]
    ConnectTimedOut(Duration),
    #[error("no answer within {0:?}")]
    TimedOut(Duration),
    #[error("the connection failed: {0}")]
    Http(#[source] hyper::Error),
}

impl ClientError {
    /// Whether the receiver had the message before it failed.
    pub(super) const fn reached(&self) -> bool {
        match self {
            Self::Connect(_) | Self::Elsewhere | Self::Tls(_) | Self::ConnectTimedOut(_) => false,
            Self::TimedOut(_) | Self::Http(_) => true,
        }
    }
}

/// Sends a letter. `limit` is for the connection, and again for the answer.
pub(super) async fn send(
    url: &HookUrl,
    letter: &Letter,
    tls: &TlsConnector,
    allow_http: bool,
    limit: Duration,
) -> Result<Head, ClientError> {
    let late = |_| ClientError::ConnectTimedOut(limit);
    let socket = TcpStream::connect((url.host(), url.port()));
    let socket = timeout(limit, socket).await.map_err(late)?.map_err(ClientError::Connect)?;
    if url.is_tls() {
        let stream = timeout(limit, tls.connect(url.server_name(), socket)).await.map_err(late)?;
        return exchange(stream.map_err(ClientError::Tls)?, request(url, letter), limit).await;
    }
    let is_here = socket.peer_addr().is_ok_and(|peer| peer.ip().to_canonical().is_loopback());
    if !allow_http && !is_here {
        return Err(ClientError::Elsewhere);
    }
    exchange(socket, request(url, letter), limit).await
}

fn request(url: &HookUrl, letter: &Letter) -> Request<Full<Bytes>> {
    let request = Request::builder().method(Method::POST).uri(url.target());
    let request = request
        .header(header::HOST, url.authority())
        .header(header::USER_AGENT, AGENT)
        .header(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))
        .header(header::CONNECTION, HeaderValue::from_static("close"))
        .header("webhook-id", &letter.id)
        .header("webhook-timestamp", letter.sent_s)
        .header("webhook-signature", &letter.signature);
    request.body(Full::new(letter.body.clone())).expect("a parsed address makes a request")
}

async fn exchange<S: AsyncRead + AsyncWrite + Unpin + Send>(
    stream: S,
    request: Request<Full<Bytes>>,
    limit: Duration,
) -> Result<Head, ClientError> {
    let talk = async {
        let mut builder = http1::Builder::new();
        builder.max_buf_size(HEAD_BYTES_MAX);
        let (mut sender, connection) = builder.handshake(TokioIo::new(stream)).await.map_err(ClientError::Http)?;
        let mut answer = pin!(sender.send_request(request));
        let mut connection = pin!(connection);
        let answer = tokio::select! {
            biased;
            answer = &mut answer => answer,
            // What has arrived is still read.
            _ended = &mut connection => answer.await,
        };
        let answer = answer.map_err(ClientError::Http)?;
        let retry_after = answer.headers().get(header::RETRY_AFTER);
        let retry_after = retry_after.and_then(|value| value.to_str().ok()?.parse().ok()).map(Duration::from_secs);
        Ok(Head { status: answer.status().as_u16(), retry_after })
    };
    timeout(limit, talk).await.unwrap_or(Err(ClientError::TimedOut(limit)))
}
