//! The pages and the API of a station: for people beside the line, for auditors, and for other systems.
//!
//! Reads the record and the line's events, and hands people's wishes to the floor and the record, each with the person's
//! name. Units never talk to it: they talk to the gateway. Decides nothing about a unit.

mod access;
mod api;
mod assets;
mod extract;
mod feed;
mod figures;
mod health;
mod labels;
mod pages;
mod problem;
mod routes;
mod settings;
mod words;

use std::{io, net::SocketAddr, path::PathBuf, sync::Arc};

use firstpass_authority::Authority;
use firstpass_domain::StationId;
use firstpass_line::{Clock, floor::Floor, recipe::Shelf};
use firstpass_store::Store;
use thiserror::Error;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

pub use access::Access;
pub use labels::PrinterAddress;
pub use routes::{RouteInfo, route_table};
pub use settings::Settings;

use feed::Feed;

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

/// What a server is built from.
pub struct Services {
    /// The record.
    pub store: Arc<dyn Store>,
    /// The slots.
    pub floor: Arc<dyn Floor>,
    /// The station's certificate authority, when it has one.
    pub authority: Option<Arc<Authority>>,
    /// The station's clock.
    pub clock: Clock,
    /// Folder of the UART logs, one file per run, named by the run's id.
    pub uart_dir: Option<PathBuf>,
    /// The recipes that can be worked by.
    pub shelf: Arc<Shelf>,
    /// Name of the station, as it stands on record.
    pub station: StationId,
}

/// What the handlers see.
pub(crate) struct App {
    pub(crate) services: Services,
    pub(crate) settings: Settings,
    pub(crate) feed: Feed,
    pub(crate) labels: labels::Labels,
    /// Cancelled when the server stops: live pages end their streams on it.
    pub(crate) stopping: CancellationToken,
}

/// Shared by all handlers.
pub(crate) type AppState = Arc<App>;

/// A server that listens and does not serve yet.
pub struct Server {
    listener: TcpListener,
    addr: SocketAddr,
    app: AppState,
}

impl Server {
    /// Listens on the address in `settings`; port 0 takes a free one.
    pub async fn bind(settings: Settings, services: Services) -> Result<Self, ServerError> {
        let addr = settings.listen;
        let error = |err| ServerError { addr, err };
        let listener = TcpListener::bind(addr).await.map_err(error)?;
        let addr = listener.local_addr().map_err(error)?;
        let feed = Feed::new((services.clock)());
        let labels = labels::Labels::new(&settings);
        let stopping = CancellationToken::new();
        Ok(Self { listener, addr, app: Arc::new(App { services, settings, feed, labels, stopping }) })
    }

    /// Where it listens.
    pub const fn local_addr(&self) -> SocketAddr {
        self.addr
    }

    /// Serves until `token` is cancelled.
    pub async fn run(self, token: CancellationToken) -> Result<(), ServerError> {
        let stopping = self.app.stopping.clone();
        let token = async move {
            token.cancelled_owned().await;
            stopping.cancel();
        };
        let follow = self.app.feed.follow(self.app.services.floor.events());
        let serve = axum::serve(self.listener, routes::router(Arc::clone(&self.app)));
        let serve = serve.with_graceful_shutdown(token).into_future();
        tokio::select! {
            served = serve => served.map_err(|err| ServerError { addr: self.addr, err }),
            never = follow => match never {},
            never = labels::follow(Arc::clone(&self.app)) => match never {},
        }
    }
}
