//! A station on loopback in a folder of its own, with recipes and slots. It may end and start again.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, SystemTime},
};

use firstpass_authority::{Authority, ServerName, Settings};
use firstpass_device::{Fixture, PortName};
use firstpass_domain::{AuditKind, Mac, Problem, RunState, SlotId, StationId, Timestamp};
use firstpass_gateway::{
    RecordedAccounts,
    https::{self, HttpsServer, Protocol, Provisioner, Workspace, server_tls},
    mqtt::{self, Broker},
};
use firstpass_line::{
    Clock, Line, Options, Presence, Services, Slot, WorkOrder,
    event::{LineEvent, LineEventKind},
    floor::{Floor, FloorError, LineFloor, SlotPlace},
    recipe::{Recipe, Shelf},
};
use firstpass_store::{Act, BatchId, RunDetail, SqliteStore, Store};
use tempfile::TempDir;
use tokio::{sync::broadcast, task::JoinSet, time::timeout};
use tokio_util::sync::CancellationToken;
use virtual_unit::image::{self, AppImage};

use crate::unit::{InSlot, Turn, flash};

/// Longest wait for anything that must happen, also on a machine that is busy with other things.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);
/// Size of the app: small, because these stories are about other things.
const APP_BYTES: usize = 128 * 1024;

/// Folder of a station, its recipes and its units.
pub(crate) struct Bench(TempDir);

/// One life of the station.
pub(crate) struct Life {
    pub(crate) floor: LineFloor,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) events: broadcast::Receiver<LineEvent>,
    line: Arc<Line>,
    recipes: PathBuf,
    gateway: JoinSet<()>,
    token: CancellationToken,
}

impl Bench {
    pub(crate) fn new() -> Self {
        let bench = Self(tempfile::tempdir().unwrap());
        let app = AppImage { size: APP_BYTES, seed: 1, version: "1.0.0".to_owned(), project: "floor".to_owned() };
        std::fs::create_dir(bench.recipes()).unwrap();
        let write = |name: &str, bytes: &[u8]| std::fs::write(bench.recipes().join(name), bytes).unwrap();
        write("bootloader.bin", &image::bootloader(1));
        write("app.bin", &image::app(&app));
        write("demo-partitions.csv", &std::fs::read(repository().join("demo-partitions.csv")).unwrap());
        bench.recipe("lamp", &[]);
        bench
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn recipes(&self) -> PathBuf {
        self.path().join("recipes")
    }

    /// Puts a recipe on the shelf: the demo's under another name, with some texts replaced.
    pub(crate) fn recipe(&self, name: &str, edits: &[(&str, &str)]) {
        let text = std::fs::read_to_string(repository().join("demo-nvs.toml")).unwrap();
        let named = [("name = \"demo-nvs\"", format!("name = {name:?}"))];
        let text = named.iter().fold(text, |text, (from, to)| replace(&text, from, to));
        let text = edits.iter().fold(text, |text, (from, to)| replace(&text, from, to));
        std::fs::write(self.recipes().join(format!("{name}.toml")), text).unwrap();
    }

    /// Puts a unit into a slot.
    pub(crate) fn put(&self, slot: &str, mac: &str) -> InSlot {
        self.put_faulty(slot, mac, &[])
    }

    pub(crate) fn put_faulty(&self, slot: &str, mac: &str, faults: &[&str]) -> InSlot {
        InSlot::put(self.path(), slot, mac, faults)
    }

    /// Puts a unit into a slot that turns into something else when it is next reset after an event that is `wanted`.
    pub(crate) fn put_turning(
        &self,
        slot: &str,
        mac: &str,
        events: broadcast::Receiver<LineEvent>,
        wanted: fn(&LineEventKind) -> bool,
        into: &str,
    ) -> InSlot {
        InSlot::put_turning(self.path(), slot, mac, Turn { events: events.into(), wanted, into: into.parse().unwrap() })
    }

    /// What the unit's flash holds.
    pub(crate) fn flash(&self, slot: &str, mac: &str) -> Vec<u8> {
        std::fs::read(flash(self.path(), slot, mac)).unwrap()
    }

    /// The slot as it is configured.
    pub(crate) fn slot(&self, name: &str) -> Slot {
        Slot {
            id: slot(name),
            port: PortName::new(self.path().join(format!("{name}.tty"))),
            fixture: Fixture::Socket(self.path().join(format!("{name}.sock"))),
            presence: Presence::Port,
        }
    }

    /// Starts the station with these slots; none of them works yet.
    pub(crate) async fn start(&self, names: &[&str]) -> Life {
        self.start_with(names.iter().map(|name| self.slot(name)).collect()).await
    }

    pub(crate) async fn start_with(&self, slots: Vec<Slot>) -> Life {
        let name = StationId::new("floor").unwrap();
        let store: Arc<dyn Store> = Arc::new(SqliteStore::open(self.path().join("record.sqlite"), name).await.unwrap());
        let clock: Clock = Arc::new(now);
        let names: Vec<ServerName> = vec!["localhost".parse().unwrap()];
        let settings = Settings { server_names: names, ..Settings::default() };
        let authority = Arc::new(Authority::open_or_create(&self.path().join("ca"), settings, now()).unwrap());
        let (gateway, line, token) = connect(self.path(), &store, &authority, &clock).await;
        let shelf = Arc::new(Shelf::open(&self.recipes()));
        let shift = Some(Duration::from_secs(8 * 3600));
        let floor = LineFloor::open(Arc::clone(&line), shelf, slots, shift).await.unwrap();
        let events = line.events();
        Life { floor, store, events, line, recipes: self.recipes(), gateway, token }
    }
}

/// The gateway and the line of a station.
async fn connect(
    folder: &Path,
    store: &Arc<dyn Store>,
    authority: &Arc<Authority>,
    clock: &Clock,
) -> (JoinSet<()>, Arc<Line>, CancellationToken) {
    let (loopback, token) = (([127, 0, 0, 1], 0).into(), CancellationToken::new());
    let tls = |protocol| server_tls(authority, protocol, Arc::clone(clock)).unwrap();
    let accounts = Arc::new(RecordedAccounts::new(Arc::clone(store)));
    let limits = mqtt::Limits::default();
    let bound = Broker::bind(loopback, tls(Protocol::Mqtt), accounts, limits, Arc::clone(clock)).await.unwrap();
    let (broker, handle, broker_events) = bound;
    let mqtt_port = broker.local_addr().port();
    let (mqtt_host, slug) = ("localhost".to_owned(), "none".to_owned());
    let workspace = Workspace { id: uuid::Uuid::nil(), slug, mqtt_host, mqtt_port };
    let made = Provisioner::new(Arc::clone(store), Arc::clone(authority), workspace, Arc::clone(clock)).unwrap();
    let (provisioner, gateway_events) = (Arc::new(made.0), made.1);
    let (path, limits) = ("/api/v1".parse().unwrap(), https::Limits::default());
    let bound = HttpsServer::bind(loopback, tls(Protocol::Https), Arc::clone(&provisioner), &path, limits);
    let server = bound.await.unwrap();
    let provision_url = format!("https://localhost:{}/api/v1", server.local_addr().port());
    let uart_dir = folder.join("uart");
    std::fs::create_dir_all(&uart_dir).unwrap();
    let ca_pem = authority.root_pem().to_owned();
    let line = Line::start(Services {
        store: Arc::clone(store),
        provisioner,
        broker: handle,
        broker_events,
        gateway_events,
        clock: Arc::clone(clock),
        options: Options { uart_dir, provision_url, ca_pem, crash_at: None },
    });
    let line = line.await.unwrap();
    let mut gateway = JoinSet::new();
    let stop = token.clone();
    gateway.spawn(async move { broker.run(stop).await.unwrap() });
    gateway.spawn(server.run(token.clone()));
    (gateway, Arc::new(line), token)
}

impl Life {
    /// Opens a batch for the recipe of this name.
    pub(crate) async fn batch(&self, name: &str, recipe: &str, quantity: Option<u32>) -> BatchId {
        let recipe = Recipe::load(&self.recipes.join(format!("{recipe}.toml"))).unwrap();
        let (name, product) = (name.to_owned(), recipe.name.clone());
        let order = WorkOrder::Named { name, product, quantity, quota: None };
        self.line.open_order(&recipe, &order).await.unwrap().id
    }

    /// Sets slots to work as `ada`.
    pub(crate) async fn start(&self, batch: BatchId, slots: &[&str]) -> Result<(), FloorError> {
        let slots: Vec<SlotId> = slots.iter().map(|name| slot(name)).collect();
        self.floor.start(batch, &slots, &act()).await
    }

    /// Waits for something to happen on a slot.
    pub(crate) async fn wait(&mut self, name: &str, wanted: impl Fn(&LineEventKind) -> bool) -> LineEventKind {
        let mut seen = Vec::new();
        let found = timeout(PATIENCE, async {
            loop {
                let event = self.events.recv().await.unwrap();
                if event.slot.as_str() == name && wanted(&event.kind) {
                    return event.kind;
                }
                seen.push(event);
            }
        });
        let found = found.await;
        found.unwrap_or_else(|_| panic!("it never happened: {seen:#?}"))
    }

    /// Waits for the next verdict on a slot; the code of its failure.
    pub(crate) async fn verdict(&mut self, name: &str) -> Option<String> {
        let is_end = |kind: &LineEventKind| matches!(kind, LineEventKind::Passed { .. } | LineEventKind::Failed { .. });
        match self.wait(name, is_end).await {
            LineEventKind::Failed { problem, .. } => Some(problem.code),
            _ => None,
        }
    }

    /// Waits until a slot can be told to try its unit again.
    pub(crate) async fn until_retry(&self, name: &str) {
        self.until(name, |place| place.may_retry).await;
    }

    /// Waits until a slot stands so. Nothing tells of it, so it is asked.
    pub(crate) async fn until(&self, name: &str, wanted: impl Fn(&SlotPlace) -> bool) {
        let stands = async {
            while !wanted(&self.place(name)) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        timeout(PATIENCE, stands).await.unwrap_or_else(|_| panic!("it stands otherwise: {:?}", self.place(name)));
    }

    pub(crate) fn place(&self, name: &str) -> SlotPlace {
        self.floor.slots().into_iter().find(|place| place.slot.as_str() == name).unwrap()
    }

    /// The newest run of a unit.
    pub(crate) async fn last_run(&self, mac: &str) -> RunDetail {
        let mac: Mac = mac.parse().unwrap();
        let run = self.store.unit(mac).await.unwrap().unwrap().summary.last_run.unwrap();
        self.store.run(run.id).await.unwrap().unwrap()
    }

    /// How the newest run of a unit stands.
    pub(crate) async fn state(&self, mac: &str) -> RunState {
        self.last_run(mac).await.run.state
    }

    /// Who did what to whom, of the acts of people, in order.
    pub(crate) async fn acts(&self) -> Vec<(&'static str, String, String)> {
        const KINDS: [AuditKind; 8] = [
            AuditKind::SlotStarted,
            AuditKind::SlotStopped,
            AuditKind::UnitRetried,
            AuditKind::SlotMapped,
            AuditKind::SlotAsked,
            AuditKind::GoldenNamed,
            AuditKind::GoldenBegan,
            AuditKind::GoldenChecked,
        ];
        let entries = self.store.audit_entries(0, 10_000).await.unwrap().into_iter();
        let of_people = entries.filter(|entry| KINDS.contains(&entry.kind));
        of_people.map(|entry| (entry.kind.name(), entry.subject, entry.actor)).collect()
    }

    /// Ends this life in good order.
    pub(crate) async fn end(mut self) {
        self.floor.close().await;
        self.token.cancel();
        while self.gateway.join_next().await.is_some() {}
        drop((self.floor, self.line));
        self.store.close().await;
    }
}

pub(crate) fn slot(name: &str) -> SlotId {
    SlotId::new(name).unwrap()
}

pub(crate) fn act() -> Act {
    Act { actor: "ada".to_owned(), reason: "early shift".to_owned() }
}

/// The code of a refusal.
#[track_caller]
pub(crate) fn refused<T: std::fmt::Debug>(answer: Result<T, FloorError>) -> String {
    match answer {
        Err(FloorError::Refused(Problem { code, what, why, remedy })) => {
            assert!(!what.is_empty() && !why.is_empty() && !remedy.is_empty());
            code
        }
        other => panic!("not refused: {other:?}"),
    }
}

fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    Timestamp::from_micros(i64::try_from(since.as_micros()).unwrap())
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../configs/recipes")
}

#[track_caller]
fn replace(text: &str, from: &str, to: &str) -> String {
    assert!(text.contains(from), "the recipe says {from:?}");
    text.replace(from, to)
}
