//! Takes connections and owns each one's task: TLS, HTTP/1.1, limits, and an end in good order. Knows no route.

mod places;
mod progress;

use std::{io, net::SocketAddr, pin::pin, time::Duration};

use axum::{Router, body::Body, extract::Request, response::Response};
use firstpass_gateway::ServerTls;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    task::JoinSet,
    time::timeout,
};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

use crate::{auth::peer::Peer, settings::Limits};
use places::{Full, Place, Places};
use progress::Progress;

/// How long a TLS handshake may take, and the first byte of it.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// Largest head of a request.
const HEAD_MAX: usize = 32 << 10;
/// How long open requests may take when the server ends.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(5);
/// Pause after a failed accept (for example when no file descriptor is left), so that the loop does not spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// First byte of a TLS handshake. Source: RFC 8446, section 5.1.
const HANDSHAKE_RECORD: u8 = 22;

/// What every connection needs.
#[derive(Clone)]
pub(crate) struct Listener {
    /// `None`: without TLS.
    pub(crate) tls: Option<ServerTls>,
    /// The routes.
    pub(crate) router: Router,
    /// What is said in the clear to who speaks plain HTTP to a TLS port.
    pub(crate) plain: Router,
    /// How many connections at a time, and how long each may let it wait.
    pub(crate) limits: Limits,
}

impl Listener {
    /// Serves until `token` is cancelled and the open requests have been answered, or their time is up.
    pub(crate) async fn run(self, listener: TcpListener, token: CancellationToken) {
        let places = Places::new(&self.limits);
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                biased;
                () = token.cancelled() => break,
                Some(_) = connections.join_next(), if !connections.is_empty() => {}
                accepted = listener.accept() => match accepted {
                    Ok((socket, peer)) => self.admit(&mut connections, &places, socket, peer, &token),
                    Err(error) => wait_after(&error).await,
                },
            }
        }
        drop(listener);
        let all = async { while connections.join_next().await.is_some() {} };
        if timeout(DRAIN_TIMEOUT, all).await.is_err() {
            tracing::warn!("requests to the pages were still open when the station stopped");
        }
    }

    /// Gives the connection a task of its own; the loop itself never waits for a client.
    fn admit(
        &self,
        connections: &mut JoinSet<()>,
        places: &Places,
        socket: TcpStream,
        peer: SocketAddr,
        token: &CancellationToken,
    ) {
        let place = match places.enter(peer.ip()) {
            Ok(place) => place,
            Err(Full::All) => return tracing::warn!(%peer, "too many connections to the pages; closed one"),
            Err(Full::Address) => return tracing::debug!(%peer, "too many connections from one address; closed one"),
        };
        // Without it, small answers wait for earlier ones to be acknowledged; a failure only costs time.
        let _ = socket.set_nodelay(true);
        connections.spawn(self.clone().serve(socket, peer, token.clone(), place));
    }

    async fn serve(self, socket: TcpStream, peer: SocketAddr, token: CancellationToken, _place: Place) {
        let limits = self.limits;
        let Some(tls) = &self.tls else { return serve_http(socket, self.router, limits, peer, &token).await };
        let first = tokio::select! {
            () = token.cancelled() => return,
            first = timeout(HANDSHAKE_TIMEOUT, first_byte(&socket)) => first,
        };
        match first {
            Ok(Ok(Some(HANDSHAKE_RECORD))) => {}
            Ok(Ok(Some(_))) => return serve_http(socket, self.plain, limits, peer, &token).await,
            Ok(Ok(None) | Err(_)) | Err(_) => return,
        }
        let accepted = tokio::select! {
            () = token.cancelled() => return,
            accepted = tls.accept(socket, HANDSHAKE_TIMEOUT) => accepted,
        };
        match accepted {
            Ok(stream) => serve_http(stream, self.router, limits, peer, &token).await,
            Err(fault) => tracing::debug!(%peer, reason = fault.reason, "a browser's TLS handshake failed"),
        }
    }
}

async fn wait_after(error: &io::Error) {
    tracing::warn!(%error, "could not accept a connection to the pages");
    tokio::time::sleep(ACCEPT_PAUSE).await;
}

/// The first byte that a client sends, left where it is; `None` when it closes without one.
async fn first_byte(socket: &TcpStream) -> io::Result<Option<u8>> {
    let mut byte = [0];
    let read = socket.peek(&mut byte).await?;
    Ok((read == 1).then_some(byte[0]))
}

async fn serve_http(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    router: Router,
    limits: Limits,
    peer: SocketAddr,
    token: &CancellationToken,
) {
    let service = service_fn(move |request: hyper::Request<Incoming>| answer(router.clone(), request, peer));
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(limits.head_timeout()).max_buf_size(HEAD_MAX);
    let stream = Progress::new(stream, limits.write_timeout());
    let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), service));
    let ended = tokio::select! {
        ended = &mut connection => ended,
        () = token.cancelled() => {
            connection.as_mut().graceful_shutdown();
            timeout(DRAIN_TIMEOUT, connection).await.unwrap_or(Ok(()))
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%peer, %error, "a connection to the pages ended");
    }
}

async fn answer(
    router: Router,
    request: hyper::Request<Incoming>,
    peer: SocketAddr,
) -> Result<Response, std::convert::Infallible> {
    let mut request: Request = request.map(Body::new);
    request.extensions_mut().insert(Peer(peer));
    router.oneshot(request).await
}
