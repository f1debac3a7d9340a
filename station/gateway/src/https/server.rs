//! Listens, and owns every connection's task.

use std::{io, net::SocketAddr, pin::pin, sync::Arc, time::Duration};

use axum::{Router, body::Body};
use firstpass_domain::evidence;
use http::Request;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use thiserror::Error;
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinSet,
    time::timeout,
};
use tokio_rustls::server::TlsStream;
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};
use tower::ServiceExt;

use super::{
    GatewayEvent, Limits, Provisioner,
    routes::{App, BasePath, Peer, router},
};
use crate::{
    handshake::{FailureGate, HandshakeFault},
    tls::ServerTls,
};

/// Pause after a failed accept (for example when no file descriptor is left), so that the loop does not spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// An endpoint that listens and does not serve yet.
pub struct HttpsServer {
    listener: TcpListener,
    local_addr: SocketAddr,
    service: Service,
}

/// The endpoint cannot listen.
#[derive(Debug, Error)]
#[error("could not listen for HTTPS on {addr}")]
pub struct HttpsError {
    /// The address asked for.
    pub addr: SocketAddr,
    /// The system's reason.
    #[source]
    pub err: io::Error,
}

/// What every connection needs.
#[derive(Clone)]
struct Service {
    tls: ServerTls,
    failures: Arc<FailureGate>,
    app: Arc<App>,
    router: Router,
}

impl HttpsServer {
    /// Listens on `addr` (port 0: any). `tls`: see [`super::server_tls`].
    pub async fn bind(
        addr: SocketAddr,
        tls: ServerTls,
        provisioner: Arc<Provisioner>,
        base: &BasePath,
        limits: Limits,
    ) -> Result<Self, HttpsError> {
        let failed = |err| HttpsError { addr, err };
        let listener = TcpListener::bind(addr).await.map_err(failed)?;
        let local_addr = listener.local_addr().map_err(failed)?;
        let app = Arc::new(App::new(provisioner, base, limits));
        let router = router(&app, base);
        let service = Service { tls, failures: Arc::new(FailureGate::new()), app, router };
        Ok(Self { listener, local_addr, service })
    }

    /// The address it listens on, with the real port.
    pub fn local_addr(&self) -> SocketAddr {
        self.local_addr
    }

    /// Serves until `token` is cancelled and the open requests have been answered, or their time is up.
    pub async fn run(self, token: CancellationToken) {
        let stop = token.child_token();
        // Tells the connections also when this future is dropped.
        let _stop_on_drop = stop.clone().drop_guard();
        let _watching = self.watch_upstream(stop.clone());
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                // Places that became free are counted as free before the next client is judged.
                biased;
                () = stop.cancelled() => break,
                Some(_) = connections.join_next(), if !connections.is_empty() => {}
                accepted = self.listener.accept() => match accepted {
                    Ok((socket, peer)) => self.admit(&mut connections, socket, peer, &stop),
                    Err(error) => {
                        tracing::warn!(%error, "could not accept an HTTPS connection");
                        tokio::time::sleep(ACCEPT_PAUSE).await;
                    }
                },
            }
        }
        let Self { listener, service, .. } = self;
        drop(listener);
        service.drain(connections).await;
    }

    /// Looks for the service that this station relays to, while this endpoint serves.
    fn watch_upstream(&self, stop: CancellationToken) -> AbortOnDropHandle<()> {
        let provisioner = Arc::clone(&self.service.app.provisioner);
        AbortOnDropHandle::new(tokio::spawn(async move { provisioner.watch_upstream(&stop).await }))
    }

    /// Gives the connection a task of its own; the loop itself never waits for a client.
    fn admit(&self, connections: &mut JoinSet<()>, socket: TcpStream, peer: SocketAddr, stop: &CancellationToken) {
        if connections.len() >= self.service.app.limits.connections_max {
            tracing::warn!(%peer, "too many HTTPS connections; closed one");
            return;
        }
        // Without it, small answers wait for earlier ones to be acknowledged; a failure only costs time.
        let _ = socket.set_nodelay(true);
        connections.spawn(self.service.clone().serve(socket, peer, stop.clone()));
    }
}

impl Service {
    async fn serve(self, socket: TcpStream, peer: SocketAddr, stop: CancellationToken) {
        let handshake = self.tls.accept(socket, self.app.limits.handshake_timeout);
        let outcome = tokio::select! {
            () = stop.cancelled() => return,
            outcome = handshake => outcome,
        };
        match outcome {
            Ok(stream) => self.serve_http(stream, peer, &stop).await,
            Err(fault) => self.note_failure(peer, &fault),
        }
    }

    /// Tells the line, unless there is too much of it.
    fn note_failure(&self, peer: SocketAddr, fault: &HandshakeFault) {
        tracing::debug!(%peer, reason = fault.reason, detail = fault.detail, "TLS handshake failed");
        let provisioner = &self.app.provisioner;
        let now = (provisioner.clock)();
        if self.failures.lets_through(peer.ip(), now) {
            let evidence = fault.evidence(evidence::Service::Https, now);
            provisioner.tell_in_passing(GatewayEvent::HandshakeFailed { peer, evidence });
        }
    }

    async fn serve_http(&self, stream: TlsStream<TcpStream>, peer: SocketAddr, stop: &CancellationToken) {
        let limits = &self.app.limits;
        let router = self.router.clone();
        let service = service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(Peer(peer));
            router.clone().oneshot(request.map(Body::new))
        });
        let mut builder = http1::Builder::new();
        builder.timer(TokioTimer::new()).header_read_timeout(limits.header_timeout).max_buf_size(limits.head_bytes_max);
        let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), service));
        let outcome = tokio::select! {
            outcome = &mut connection => Some(outcome),
            () = stop.cancelled() => None,
            () = tokio::time::sleep(limits.connection_life_max) => None,
        };
        let outcome = match outcome {
            Some(outcome) => outcome,
            None => {
                connection.as_mut().graceful_shutdown();
                timeout(limits.drain_timeout, connection).await.unwrap_or(Ok(()))
            }
        };
        if let Err(error) = outcome {
            tracing::debug!(%peer, %error, "HTTPS connection ended");
        }
    }

    /// Waits for the connections, then for what was begun for clients that went away.
    async fn drain(self, mut connections: JoinSet<()>) {
        let acts = &self.app.acts;
        acts.close();
        let all = async {
            while connections.join_next().await.is_some() {}
            acts.wait().await;
        };
        if timeout(self.app.limits.drain_timeout, all).await.is_err() {
            tracing::warn!("HTTPS requests were still open when the station stopped");
        }
    }
}
