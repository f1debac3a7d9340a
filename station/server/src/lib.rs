//! The pages and the API of a station: for people beside the line, for auditors, and for other systems.
//!
//! Reads the record and the line's events, and hands people's wishes to the floor and the record, each with the person's
//! name. Units never talk to it: they talk to the gateway. Decides nothing about a unit.

mod access;
mod api;
mod assets;
mod auth;
mod error;
mod export;
mod extract;
mod feed;
mod figures;
mod health;
mod labels;
mod layers;
mod listen;
mod metrics;
mod pages;
pub mod people;
mod problem;
mod routes;
mod settings;
mod symbology;
mod telemetry;
mod webhooks;
mod words;

use std::{net::SocketAddr, path::PathBuf, sync::Arc};

use firstpass_authority::Authority;
use firstpass_domain::StationId;
use firstpass_gateway::{Protocol, ServerTls, server_tls};
use firstpass_line::{Clock, event::LineEvent, floor::Floor, recipe::Shelf};
use firstpass_store::Store;
use tokio::{net::TcpListener, sync::broadcast};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

pub use access::Access;
pub use api::openapi;
pub use error::ServerError;
pub use labels::PrinterAddress;
pub use routes::{RouteInfo, route_table};
pub use settings::{Limits, Settings, ShiftEnd};
pub use telemetry::{Endpoint, TelemetryOptions};
pub use webhooks::WebhookOptions;

use auth::{Auth, badge::BadgeKey, setup::SetUp};
use feed::Feed;
use layers::Counters;
use listen::Listener;
use metrics::Metrics;
use webhooks::{Post, SealKey};

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
    /// What logins need.
    pub(crate) auth: Auth,
    /// Requests of late.
    pub(crate) counters: Counters,
    /// Places for exports.
    pub(crate) exports: export::Exports,
    /// The place for the verification of the audit log.
    pub(crate) verifications: pages::audit::Verifications,
    pub(crate) labels: labels::Labels,
    /// What the engineer's pages keep.
    pub(crate) engineering: pages::engineering::State,
    /// What the line page shows.
    pub(crate) line: pages::line::Live,
    /// This life of the server, by a name that no other has.
    pub(crate) life: Uuid,
    /// What is counted.
    pub(crate) metrics: Metrics,
    /// Wakes whoever sends messages to webhooks.
    pub(crate) post: Post,
    /// Where traces go.
    pub(crate) telemetry: telemetry::Telemetry,
    /// What the secrets of webhooks are sealed with on record.
    pub(crate) seal_key: SealKey,
    /// Cancelled when the server stops: live pages end their streams on it.
    pub(crate) stopping: CancellationToken,
}

/// Shared by all handlers.
pub(crate) type AppState = Arc<App>;

/// A server that listens and does not serve yet.
pub struct Server {
    listener: TcpListener,
    addr: SocketAddr,
    tls: Option<ServerTls>,
    /// What happens on the slots from the very beginning, so that the board misses nothing.
    events: broadcast::Receiver<LineEvent>,
    app: AppState,
}

/// How the first user is made, while there is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FirstUser {
    /// The one-time code; for the station's console only.
    pub code: String,
    /// Where it is written, for the station's user only.
    pub file: Option<PathBuf>,
}

impl Server {
    /// Listens on the address in `settings`; port 0 takes a free one.
    pub async fn bind(settings: Settings, services: Services) -> Result<Self, ServerError> {
        let addr = settings.listen;
        let tls = tls(&settings, &services)?;
        let error = |err| ServerError::Listen { addr, err };
        let listener = TcpListener::bind(addr).await.map_err(error)?;
        let addr = listener.local_addr().map_err(error)?;
        let auth = auth(&settings, &services).await?;
        let events = services.floor.events();
        let app = App {
            feed: Feed::new((services.clock)()),
            labels: labels::Labels::new(&settings),
            engineering: Default::default(),
            line: pages::line::Live::new(),
            counters: Counters::new(&settings.limits),
            exports: Default::default(),
            verifications: Default::default(),
            stopping: CancellationToken::new(),
            life: Uuid::new_v4(),
            metrics: Metrics::new(services.station.as_str()),
            post: Post::default(),
            telemetry: telemetry::Telemetry::new(&settings.telemetry, services.station.as_str()),
            seal_key: webhooks::seal_key(&settings)?,
            auth,
            services,
            settings,
        };
        Ok(Self { listener, addr, tls, events, app: Arc::new(app) })
    }

    /// Where it listens.
    pub const fn local_addr(&self) -> SocketAddr {
        self.addr
    }

    /// The address for browsers.
    pub fn url(&self) -> String {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        format!("{scheme}://{}", self.addr)
    }

    /// How the first user is made, while there is none.
    pub fn first_user(&self) -> Option<FirstUser> {
        self.app.auth.setup.code().map(|code| FirstUser { code, file: self.app.auth.setup.file() })
    }

    /// Serves until `token` is cancelled.
    pub async fn run(self, token: CancellationToken) -> Result<(), ServerError> {
        // Live pages end with it, before the listener waits for them.
        let stopping = self.app.stopping.clone();
        let ended = async {
            token.cancelled().await;
            stopping.cancel();
            std::future::pending().await
        };
        let follow = self.app.feed.follow(self.events);
        let counted = self.app.services.floor.events();
        let line = self.app.line.run(&self.app.services, &self.app.feed);
        let listener = Listener {
            tls: self.tls,
            router: routes::router(&self.app),
            plain: layers::plain(),
            limits: self.app.settings.limits,
        };
        let served = tokio::select! {
            () = listener.run(self.listener, token.clone()) => Ok(()),
            never = follow => match never {},
            never = line => match never {},
            never = webhooks::serve(Arc::clone(&self.app)) => match never {},
            never = self.app.metrics.line.follow(counted) => match never {},
            never = labels::follow(Arc::clone(&self.app)) => match never {},
            never = telemetry::serve(Arc::clone(&self.app)) => match never {},
            () = ended => Ok(()),
        };
        telemetry::finish(&self.app).await;
        served
    }
}

/// TLS as the configuration wants it. Without it, nobody but this machine may listen.
fn tls(settings: &Settings, services: &Services) -> Result<Option<ServerTls>, ServerError> {
    if !settings.tls {
        let addr = settings.listen;
        return if addr.ip().is_loopback() { Ok(None) } else { Err(ServerError::PlainText { addr }) };
    }
    let authority = services.authority.as_ref().ok_or(ServerError::NoAuthority)?;
    Ok(Some(server_tls(authority, Protocol::Pages, Arc::clone(&services.clock))?))
}

/// What logins need, out of the data folder; without one, for as long as the server lives.
async fn auth(settings: &Settings, services: &Services) -> Result<Auth, ServerError> {
    let folder = settings.data_dir.as_deref();
    let error = |err| ServerError::Folder { folder: folder.map(ToOwned::to_owned).unwrap_or_default(), err };
    let badges = folder.map_or_else(|| Ok(BadgeKey::make()), BadgeKey::open_or_make).map_err(error)?;
    let first = services.store.users().await?.is_empty();
    let setup = if first { SetUp::begin(folder).map_err(error)? } else { SetUp::done() };
    Ok(Auth::new(settings, badges, setup))
}
