//! Health and status of a station over HTTP, for people beside the line and for supervisors.
//!
//! Reads the record and the line's events; changes nothing. Units never talk to it: they talk to the gateway.

mod routes;

use std::{
    io,
    net::SocketAddr,
    sync::{Arc, PoisonError, RwLock},
};

use firstpass_line::{board::Board, event::LineEvent};
use firstpass_store::Store;
use thiserror::Error;
use tokio::{
    net::TcpListener,
    sync::broadcast::{self, error::RecvError},
};
use tokio_util::sync::CancellationToken;

/// The server cannot listen, or lost its socket.
#[derive(Debug, Error)]
#[error("could not serve HTTP on {addr}")]
pub struct ServerError {
    /// Address from the configuration.
    pub addr: SocketAddr,
    /// What the system said.
    #[source]
    pub err: io::Error,
}

/// What the handlers see.
#[derive(Clone)]
pub(crate) struct AppState {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) board: Arc<RwLock<Board>>,
}

/// A server that listens and does not serve yet.
pub struct Server {
    listener: TcpListener,
    addr: SocketAddr,
    state: AppState,
    events: broadcast::Receiver<LineEvent>,
}

impl Server {
    /// Listens on `addr`; port 0 takes a free one.
    pub async fn bind(
        addr: SocketAddr,
        store: Arc<dyn Store>,
        events: broadcast::Receiver<LineEvent>,
    ) -> Result<Self, ServerError> {
        let error = |err| ServerError { addr, err };
        let listener = TcpListener::bind(addr).await.map_err(error)?;
        let addr = listener.local_addr().map_err(error)?;
        Ok(Self { listener, addr, state: AppState { store, board: Arc::default() }, events })
    }

    /// Where it listens.
    pub const fn local_addr(&self) -> SocketAddr {
        self.addr
    }

    /// Serves until `token` is cancelled.
    pub async fn run(self, token: CancellationToken) -> Result<(), ServerError> {
        let follow = follow(Arc::clone(&self.state.board), self.events);
        let serve = axum::serve(self.listener, routes::router(self.state));
        let serve = serve.with_graceful_shutdown(token.cancelled_owned()).into_future();
        tokio::select! {
            served = serve => served.map_err(|err| ServerError { addr: self.addr, err }),
            never = follow => match never {},
        }
    }
}

/// Keeps the board up to date.
async fn follow(board: Arc<RwLock<Board>>, mut events: broadcast::Receiver<LineEvent>) -> std::convert::Infallible {
    loop {
        match events.recv().await {
            Ok(event) => board.write().unwrap_or_else(PoisonError::into_inner).apply(&event),
            Err(RecvError::Lagged(skipped)) => tracing::warn!(skipped, "the board missed events"),
            Err(RecvError::Closed) => std::future::pending().await,
        }
    }
}
