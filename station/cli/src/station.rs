//! Wires a station together: record, authority, gateway and line; and takes it apart again.

use std::{
    fs::File,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use firstpass_authority::{Authority, AuthorityError, ServerName, Settings};
use firstpass_gateway::{
    RecordedAccounts,
    https::{self, HttpsServer, Protocol, Provisioner, Workspace, server_tls},
    mqtt::{self, Broker},
};
use firstpass_line::{Clock, CrashPoint, Line, Options, Services};
use firstpass_store::{SqliteStore, Store, UnitFilter};
use nix::fcntl::{Flock, FlockArg};
use tokio::{task::JoinSet, time::timeout};
use tokio_util::sync::CancellationToken;
use tracing::{error, info};
use uuid::Uuid;

pub(crate) use crate::clock::now;
use crate::{config::Config, exit::Failure, lost_authority, withdrawals::Withdrawals};

/// File of the record in the data folder.
pub(crate) const RECORD_FILE: &str = "record.sqlite";
/// Folder of the CA in the data folder.
pub(crate) const CA_DIR: &str = "ca";
/// File that a working station holds locked.
const LOCK_FILE: &str = "station.lock";
/// Folder of the UART logs in the data folder.
const UART_DIR: &str = "uart";
/// Path of the provisioning API, as the device contract has it.
const BASE_PATH: &str = "/api/v1";
/// Part of topics of no unit.
const NO_WORKSPACE: &str = "none";
/// How long the gateway may take to end its connections.
const STOP_TIMEOUT: Duration = Duration::from_secs(10);

/// A station that works.
pub(crate) struct Station {
    line: Arc<Line>,
    store: Arc<dyn Store>,
    authority: Arc<Authority>,
    uart_dir: PathBuf,
    gateway: JoinSet<()>,
    token: CancellationToken,
    _lock: Flock<File>,
}

impl Station {
    /// Opens the record and the CA in `data`, starts the gateway, and closes what an earlier life left open.
    pub(crate) async fn start(config: &Config, data: &Path, crash_at: Option<CrashPoint>) -> Result<Self, Failure> {
        let clock: Clock = Arc::new(now);
        let uart_dir = data.join(UART_DIR);
        std::fs::create_dir_all(&uart_dir).map_err(|error| data_failure(data, &error))?;
        let lock = lock_data(data)?;
        let sqlite = SqliteStore::open(data.join(RECORD_FILE), config.station.name.clone()).await?;
        let store: Arc<dyn Store> = Arc::new(sqlite);
        lost_authority::refuse(store.as_ref(), data).await?;
        let authority = Arc::new(open_authority(config, data)?);
        let gateway = Gateway::bind(config, &store, &authority, &clock).await?;
        let withdrawals = Withdrawals::new(Arc::clone(&store), gateway.broker.clone()).await?;
        let line = Line::start(Services {
            store: Arc::clone(&store),
            provisioner: gateway.provisioner,
            broker: gateway.broker,
            broker_events: gateway.broker_events,
            gateway_events: gateway.gateway_events,
            clock,
            options: Options {
                uart_dir: uart_dir.clone(),
                provision_url: gateway.base_url,
                ca_pem: authority.root_pem().to_owned(),
                crash_at,
            },
        })
        .await?;
        // Only now may units talk: what an earlier life left open is closed, and its sessions are revoked.
        let (mut tasks, token) = (JoinSet::new(), CancellationToken::new());
        tasks.spawn(run_broker(gateway.listening_broker, token.clone()));
        tasks.spawn(gateway.https.run(token.clone()));
        tasks.spawn(withdrawals.watch(token.clone()));
        Ok(Self { line: Arc::new(line), store, authority, uart_dir, gateway: tasks, token, _lock: lock })
    }

    pub(crate) const fn line(&self) -> &Arc<Line> {
        &self.line
    }

    pub(crate) fn authority(&self) -> Arc<Authority> {
        Arc::clone(&self.authority)
    }

    /// Folder of the UART logs.
    pub(crate) fn uart_dir(&self) -> &Path {
        &self.uart_dir
    }

    pub(crate) fn store(&self) -> Arc<dyn Store> {
        Arc::clone(&self.store)
    }

    /// How many units are on record.
    pub(crate) async fn unit_count(&self) -> Result<u32, Failure> {
        const PAGE: u32 = 1000;
        let mut filter = UnitFilter { after: None, standing: None, limit: PAGE };
        let mut count = 0;
        loop {
            let units = self.store.units(&filter).await?;
            count += u32::try_from(units.len()).unwrap_or(PAGE);
            match units.last() {
                Some(last) if units.len() == PAGE as usize => filter.after = Some(last.mac),
                Some(_) | None => return Ok(count),
            }
        }
    }

    /// Ends the gateway's connections and waits for its tasks.
    pub(crate) async fn stop(mut self) {
        self.token.cancel();
        let ended = async { while self.gateway.join_next().await.is_some() {} };
        if timeout(STOP_TIMEOUT, ended).await.is_err() {
            error!("the gateway did not stop in time; leaving it");
        }
        // The line reads the broker's events to their end; it goes first, so that nobody writes when the record closes.
        drop(self.line);
        self.store.close().await;
    }
}

/// What units talk to: the ports are taken, nobody is served yet.
struct Gateway {
    base_url: String,
    provisioner: Arc<Provisioner>,
    broker: mqtt::BrokerHandle,
    broker_events: tokio::sync::mpsc::Receiver<mqtt::BrokerEvent>,
    gateway_events: tokio::sync::mpsc::Receiver<https::GatewayEvent>,
    listening_broker: Broker,
    https: HttpsServer,
}

impl Gateway {
    async fn bind(
        config: &Config,
        store: &Arc<dyn Store>,
        authority: &Arc<Authority>,
        clock: &Clock,
    ) -> Result<Self, Failure> {
        let tls =
            |protocol| server_tls(authority, protocol, Arc::clone(clock)).map_err(|error| gateway_failure(&error));
        let accounts = Arc::new(RecordedAccounts::new(Arc::clone(store)));
        let (broker, handle, broker_events) = Broker::bind(
            config.gateway.mqtt_listen,
            tls(Protocol::Mqtt)?,
            accounts,
            mqtt::Limits::default(),
            Arc::clone(clock),
        )
        .await
        .map_err(|error| gateway_failure(&error))?;
        // Every run names its recipe's workspace; a unit that nobody works on is in none.
        let workspace = Workspace {
            id: Uuid::nil(),
            slug: NO_WORKSPACE.to_owned(),
            mqtt_host: config.gateway.public_host.clone(),
            mqtt_port: broker.local_addr().port(),
        };
        let (provisioner, gateway_events) =
            Provisioner::new(Arc::clone(store), Arc::clone(authority), workspace, Arc::clone(clock))
                .map_err(|error| gateway_failure(&error))?;
        let provisioner = Arc::new(match &config.upstream {
            Some(upstream) => upstream.relaying(provisioner)?,
            None => provisioner,
        });
        let server = HttpsServer::bind(
            config.gateway.https_listen,
            tls(Protocol::Https)?,
            Arc::clone(&provisioner),
            &BASE_PATH.parse().expect("the base path is valid"),
            https::Limits::default(),
        )
        .await
        .map_err(|error| gateway_failure(&error))?;
        let base_url = base_url(&config.gateway.public_host, server.local_addr());
        info!(https = %server.local_addr(), mqtt = %broker.local_addr(), "ports of the gateway are taken");
        Ok(Self {
            base_url,
            provisioner,
            broker: handle,
            broker_events,
            gateway_events,
            listening_broker: broker,
            https: server,
        })
    }
}

async fn run_broker(broker: Broker, token: CancellationToken) {
    if let Err(error) = broker.run(token).await {
        error!(error = &error as &dyn std::error::Error, "the broker ended");
    }
}

/// Base URL as units see it.
fn base_url(host: &str, addr: SocketAddr) -> String {
    let host = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
    format!("https://{host}:{}{BASE_PATH}", addr.port())
}

/// Opens the CA, or makes it on first use.
pub(crate) fn open_authority(config: &Config, data: &Path) -> Result<Authority, Failure> {
    let parse = |name: &String| {
        name.parse::<ServerName>().map_err(|error| {
            let why = format!("{error}.");
            Failure::usage(
                "server_name",
                format!("{name:?} cannot stand in a certificate."),
                why,
                "Write a host name or an address.",
            )
        })
    };
    let names = std::iter::once(&config.gateway.public_host).chain(&config.gateway.alt_names);
    let settings = Settings { server_names: names.map(parse).collect::<Result<_, _>>()?, ..Settings::default() };
    Authority::open_or_create(&data.join(CA_DIR), settings, now()).map_err(|error| authority_failure(&error))
}

pub(crate) fn authority_failure(error: &AuthorityError) -> Failure {
    error!(error = error as &dyn std::error::Error, "the authority failed");
    Failure { exit: crate::exit::Exit::Station, problem: error.problem() }
}

fn gateway_failure(error: &(dyn std::error::Error + 'static)) -> Failure {
    let why = match error.source() {
        Some(cause) => format!("{error}: {cause}."),
        None => format!("{error}."),
    };
    let remedy = "Check [gateway] in the configuration: another program may hold the port.";
    Failure::station("gateway_start", "What units talk to cannot be started.", why, remedy)
}

/// Only one station may work on a record: a second would take the first one's open runs for interrupted.
fn lock_data(data: &Path) -> Result<Flock<File>, Failure> {
    let path = data.join(LOCK_FILE);
    let file = File::options().create(true).truncate(false).write(true).open(&path);
    let file = file.map_err(|error| data_failure(data, &error))?;
    Flock::lock(file, FlockArg::LockExclusiveNonblock).map_err(|_| {
        let why = format!("Another station works in {}.", data.display());
        Failure::usage(
            "data_in_use",
            "The data folder is in use.",
            why,
            "Stop the other station, or name another folder with --data.",
        )
    })
}

pub(crate) fn data_failure(data: &Path, error: &std::io::Error) -> Failure {
    let why = format!("{}: {error}.", data.display());
    Failure::station(
        "data_dir",
        "The data folder cannot be used.",
        why,
        "Make it writable, or name another with --data.",
    )
}
