//! Listens, and owns every connection's task.

use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use firstpass_domain::Timestamp;
use thiserror::Error;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::mpsc,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    connection,
    credentials::Credentials,
    event::{BrokerEvent, BrokerEventKind, ConnectionId, Origin},
    guard::LoginGuard,
    handle::BrokerHandle,
    hub::Hub,
    limits::Limits,
    reason::{DisconnectReason, Refusal},
};
use crate::{handshake::FailureGate, tls::ServerTls};

/// Pause after a failed accept (for example when no file descriptor is left), so that the loop does not spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Tells the time.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// A broker that listens and does not serve yet.
pub struct Broker {
    listener: TcpListener,
    local_addr: SocketAddr,
    tls: ServerTls,
    shared: Arc<Shared>,
    next_connection: AtomicU64,
}

/// What all connections use.
pub(super) struct Shared {
    pub(super) hub: Arc<Hub>,
    pub(super) guard: LoginGuard,
    pub(super) credentials: Arc<dyn Credentials>,
    pub(super) limits: Limits,
    pub(super) clock: Clock,
    events: mpsc::Sender<BrokerEvent>,
    pub(super) failures: FailureGate,
}

/// The broker cannot listen.
#[derive(Debug, Error)]
pub enum BrokerError {
    /// The address is taken or not ours.
    #[error("could not listen for MQTT on {addr}")]
    Listen {
        /// The address asked for.
        addr: SocketAddr,
        /// The system's reason.
        #[source]
        err: io::Error,
    },
    /// The receiver of the events was dropped: a broker without memory must not serve.
    #[error("nobody reads the broker's events")]
    Unrecorded,
}

impl Broker {
    /// Listens on `addr` (port 0: any) and returns the broker, a handle on it, and its events.
    ///
    /// The events must be read until they end, which they do when [`Broker::run`] has returned; while nobody reads
    /// them, clients wait.
    pub async fn bind(
        addr: SocketAddr,
        tls: ServerTls,
        credentials: Arc<dyn Credentials>,
        limits: Limits,
        clock: Clock,
    ) -> Result<(Self, BrokerHandle, mpsc::Receiver<BrokerEvent>), BrokerError> {
        let listen_error = |err| BrokerError::Listen { addr, err };
        let listener = TcpListener::bind(addr).await.map_err(listen_error)?;
        let local_addr = listener.local_addr().map_err(listen_error)?;
        let (events, receiver) = mpsc::channel(limits.events_max);
        let (hub, guard) = (Arc::new(Hub::new(&limits)), LoginGuard::new(&limits));
        let handle = BrokerHandle { hub: Arc::clone(&hub), limits: limits.clone() };
        let shared = Arc::new(Shared { hub, guard, credentials, limits, clock, events, failures: FailureGate::new() });
        let broker = Self { listener, local_addr, tls, shared, next_connection: AtomicU64::new(1) };
        Ok((broker, handle, receiver))
    }

    /// The address it listens on, with the real port.
    pub fn local_addr(&self) -> SocketAddr {
        self.local_addr
    }

    /// Serves until `token` is cancelled and every connection has ended, each with its will and its last event.
    pub async fn run(self, token: CancellationToken) -> Result<(), BrokerError> {
        let stop = token.child_token();
        // Ends the connections also when this future is dropped.
        let _stop_on_drop = stop.clone().drop_guard();
        let connections = TaskTracker::new();
        let outcome = loop {
            tokio::select! {
                () = stop.cancelled() => break Ok(()),
                () = self.shared.events.closed() => break Err(BrokerError::Unrecorded),
                accepted = self.listener.accept() => match accepted {
                    Ok((socket, peer)) => self.admit(&connections, socket, peer, &stop).await,
                    Err(err) => {
                        tracing::warn!(error = %err, "could not accept an MQTT connection");
                        tokio::time::sleep(ACCEPT_PAUSE).await;
                    }
                },
            }
        };
        stop.cancel();
        connections.close();
        connections.wait().await;
        outcome
    }

    /// Gives the connection a task of its own; the loop itself never waits for a client. While the broker is full, it
    /// waits for the reader of the events instead, so that refusals do not pile up.
    async fn admit(&self, connections: &TaskTracker, socket: TcpStream, peer: SocketAddr, stop: &CancellationToken) {
        let connection = ConnectionId(self.next_connection.fetch_add(1, Ordering::Relaxed));
        let origin = Origin { connection, peer, certificate: None, username: None };
        if connections.len() >= self.shared.limits.connections_max {
            drop(socket);
            // When nobody reads the events any more, the loop ends.
            let _ = self.shared.emit(&origin, BrokerEventKind::Refused(Refusal::TooManyConnections)).await;
            return;
        }
        // Without it, small packets wait for earlier ones to be acknowledged; a failure only costs time.
        let _ = socket.set_nodelay(true);
        connections.spawn(connection::serve(Arc::clone(&self.shared), self.tls.clone(), socket, origin, stop.clone()));
    }
}

impl Shared {
    /// Puts an event on record; waits while the reader is behind.
    pub(super) async fn emit(&self, origin: &Origin, kind: BrokerEventKind) -> Result<(), DisconnectReason> {
        let event = BrokerEvent { at: (self.clock)(), origin: origin.clone(), kind };
        self.events.send(event).await.map_err(|_| DisconnectReason::Unrecorded)
    }
}
