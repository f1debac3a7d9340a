//! A station on loopback: a record in a file, an authority of its own, a clock that the test moves, and Debian's curl.

use std::{
    path::PathBuf,
    process::Stdio,
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
    time::{Duration, SystemTime},
};

use firstpass_authority::{Authority, Settings};
use firstpass_contract::ProvisionResponse;
use firstpass_domain::{
    Chip, CodeHash, Evidence, Fact, FlashSize, Injection, Mac, Policy, RunId, Sha256Digest, SlotId, StationId,
    Timestamp,
};
use firstpass_gateway::https::{
    BasePath, GatewayEvent, HttpsServer, IssuedSession, Limits, OnBehalf, Protocol, Provisioner, Upstream, Workspace,
    server_tls,
};
use firstpass_store::{Admission, BatchId, NewBatch, NewCode, NewRun, RecipeRecord, SqliteStore, Store};
use serde_json::Value;
use tokio::{
    process::Command,
    sync::{mpsc, oneshot},
    task::JoinHandle,
    time::timeout,
};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Longest wait for anything that must happen.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) const WORKSPACE: &str = "6f9b1c1e-2c07-4d4e-9a63-0d0c5f1f7a11";

/// A station that serves.
pub(crate) struct Station {
    pub(crate) port: u16,
    pub(crate) store: Arc<SqliteStore>,
    pub(crate) authority: Arc<Authority>,
    pub(crate) provisioner: Arc<Provisioner>,
    pub(crate) events: mpsc::Receiver<GatewayEvent>,
    pub(crate) token: CancellationToken,
    pub(crate) running: JoinHandle<()>,
    pub(crate) folder: tempfile::TempDir,
    clock: Arc<AtomicI64>,
    batch: BatchId,
    recipe: Sha256Digest,
    counter: AtomicU64,
}

/// An open run whose unit has a code.
#[derive(Debug, Clone)]
pub(crate) struct Unit {
    pub(crate) run: RunId,
    pub(crate) mac: Mac,
    pub(crate) code: String,
}

/// What curl got.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Station {
    pub(crate) async fn start() -> Self {
        Self::with(Limits::default()).await
    }

    pub(crate) async fn with(limits: Limits) -> Self {
        let (station, open) = Self::bound(limits).await;
        open.send(()).unwrap();
        station
    }

    /// A station that relays to a service, with the shortest delays.
    pub(crate) async fn relaying(limits: Limits, upstream: Upstream) -> Self {
        let relaying = |provisioner: Provisioner| provisioner.relaying(upstream, Arc::new(|| 0)).unwrap();
        let (station, open) = Self::bound_with(limits, relaying).await;
        open.send(()).unwrap();
        station
    }

    /// A station that has its port and serves only when told to.
    pub(crate) async fn bound(limits: Limits) -> (Self, oneshot::Sender<()>) {
        Self::bound_with(limits, |provisioner| provisioner).await
    }

    async fn bound_with(
        limits: Limits,
        change: impl FnOnce(Provisioner) -> Provisioner,
    ) -> (Self, oneshot::Sender<()>) {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(AtomicI64::new(today().as_micros()));
        let ticking = Arc::clone(&clock);
        let tell: firstpass_gateway::https::Clock =
            Arc::new(move || Timestamp::from_micros(ticking.load(Ordering::SeqCst)));
        let store = SqliteStore::open(folder.path().join("record.db"), StationId::new("s1").unwrap()).await.unwrap();
        let store = Arc::new(store);
        let (batch, recipe) = open_batch(store.as_ref(), tell()).await;
        let authority = Authority::open_or_create(&folder.path().join("authority"), Settings::default(), tell());
        let authority = Arc::new(authority.unwrap());
        let (provisioner, events) =
            Provisioner::new(Arc::clone(&store) as Arc<dyn Store>, Arc::clone(&authority), workspace(), tell.clone())
                .unwrap();
        let provisioner = Arc::new(change(provisioner));
        let tls = server_tls(&authority, Protocol::Https, tell).unwrap();
        let addr = "127.0.0.1:0".parse().unwrap();
        let base = BasePath::default();
        let server = HttpsServer::bind(addr, tls, Arc::clone(&provisioner), &base, limits).await.unwrap();
        let port = server.local_addr().port();
        let token = CancellationToken::new();
        let (open, opened) = oneshot::channel();
        let stop = token.clone();
        let running = tokio::spawn(async move {
            let () = opened.await.unwrap();
            server.run(stop).await;
        });
        let counter = AtomicU64::new(1);
        let station =
            Self { port, store, authority, provisioner, events, token, running, folder, clock, batch, recipe, counter };
        (station, open)
    }

    pub(crate) fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.clock.load(Ordering::SeqCst))
    }

    pub(crate) fn advance(&self, time: Duration) {
        self.clock.fetch_add(i64::try_from(time.as_micros()).unwrap(), Ordering::SeqCst);
    }

    pub(crate) fn set_back(&self, time: Duration) {
        self.clock.fetch_sub(i64::try_from(time.as_micros()).unwrap(), Ordering::SeqCst);
    }

    pub(crate) fn root_file(&self) -> PathBuf {
        self.folder.path().join("authority/root.pem")
    }

    /// An admitted unit on a slot of its own.
    pub(crate) async fn run(&self) -> (RunId, Mac) {
        let n = self.counter.load(Ordering::SeqCst);
        let [.., a, b] = n.to_be_bytes();
        let mac = Mac::new([0x60, 0x55, 0xf9, 0, a, b]);
        (self.run_of(mac).await, mac)
    }

    async fn run_of(&self, mac: Mac) -> RunId {
        let n = self.counter.fetch_add(1, Ordering::SeqCst);
        let id = RunId(Uuid::from_u128(u128::from(n) << 64));
        let slot = SlotId::new(format!("A{n}")).unwrap();
        let run = NewRun { id, slot, batch: self.batch, recipe: self.recipe };
        self.store.begin_run(&run, self.now()).await.unwrap();
        let admission = self.store.identify_run(id, mac, &policy(), self.now()).await.unwrap();
        assert!(matches!(admission, Admission::Admitted { .. }), "{admission:?}");
        id
    }

    /// A session on a unit's behalf, which is granted.
    pub(crate) async fn on_behalf(&self, run: RunId, mac: Mac, certificate: bool, now: Timestamp) -> IssuedSession {
        let issued = self.provisioner.issue_on_behalf(run, mac, certificate, now).await.unwrap();
        let OnBehalf::Issued(issued) = issued else { panic!("{issued:?}") };
        *issued
    }

    pub(crate) async fn unit(&self, certificate: bool) -> Unit {
        let (run, mac) = self.run().await;
        self.with_code(run, mac, certificate).await
    }

    /// The same unit, in a run of its own.
    pub(crate) async fn again(&self, unit: &Unit) -> Unit {
        let run = self.run_of(unit.mac).await;
        self.with_code(run, unit.mac, false).await
    }

    async fn with_code(&self, run: RunId, mac: Mac, certificate: bool) -> Unit {
        let code = format!("code-of-{mac}-in-{}", run.0);
        let expires = self.now().plus(Duration::from_secs(3600));
        let new = NewCode { hash: CodeHash::of(&code), run, expires, certificate };
        self.store.issue_code(&new, self.now()).await.unwrap();
        Unit { run, mac, code }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("https://localhost:{}{path}", self.port)
    }

    /// Runs curl, which verifies the station's certificate against the root.
    pub(crate) async fn curl(&self, path: &str, arguments: &[&str]) -> Answer {
        let mut command = Command::new("curl");
        command.args(["-sS", "-i", "--max-time", "25", "--cacert"]).arg(self.root_file()).args(arguments);
        command.arg(self.url(path)).stdin(Stdio::null()).kill_on_drop(true);
        let output = timeout(PATIENCE, command.output()).await.expect("curl ends").expect("curl is installed");
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{}{text}", String::from_utf8_lossy(&output.stderr));
        Answer::parse(&text)
    }

    /// Posts a JSON text to the provisioning endpoint.
    pub(crate) async fn post(&self, code: &str, body: &str) -> Answer {
        let code = format!("iotmer-auth-code: {code}");
        let headers = ["-H", "Content-Type: application/json", "-H", &code, "--data-binary", body];
        self.curl("/api/v1/provision/device", &headers).await
    }

    /// Asks for the unit's session as the unit does.
    pub(crate) async fn provision(&self, unit: &Unit) -> Answer {
        self.post(&unit.code, &request(Some(unit.mac))).await
    }

    /// The next event.
    pub(crate) async fn event(&mut self) -> GatewayEvent {
        timeout(PATIENCE, self.events.recv()).await.expect("an event in time").expect("events go on")
    }

    /// The evidence on record.
    pub(crate) async fn evidence(&self, run: RunId) -> Vec<Evidence> {
        self.store.run(run).await.unwrap().unwrap().evidence
    }

    /// Reasons of the refusals on record.
    pub(crate) async fn refusals(&self, run: RunId) -> Vec<(u16, String)> {
        let refusal = |evidence: Evidence| {
            let Fact::ProvisionRefused { status, reason } = evidence.fact else { return None };
            Some((status, reason))
        };
        self.evidence(run).await.into_iter().filter_map(refusal).collect()
    }
}

impl Answer {
    /// Takes the last answer of what `curl -i` printed; a 100 (Continue) may stand before it.
    fn parse(text: &str) -> Self {
        let start = text.rfind("HTTP/1.1 ").expect("a status line");
        let (head, body) = text[start..].split_once("\r\n\r\n").expect("a head and a body");
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Self { status, head: head.to_lowercase(), body: body.to_owned() }
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    pub(crate) fn session(&self) -> ProvisionResponse {
        assert_eq!(self.status, 200, "{}", self.body);
        serde_json::from_str(&self.body).unwrap()
    }

    /// Status and stable code of a refusal, which must have all that a person needs.
    pub(crate) fn refusal(&self) -> (u16, String) {
        assert!(self.head.contains("content-type: application/problem+json"), "{}", self.head);
        let body = self.json();
        assert_eq!(body["status"], self.status);
        for member in ["title", "what", "why", "remedy"] {
            assert!(body[member].as_str().is_some_and(|text| !text.is_empty()), "{member} in {body}");
        }
        (self.status, body["code"].as_str().unwrap().to_owned())
    }
}

/// The machine's time.
pub(crate) fn today() -> Timestamp {
    let today = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    Timestamp::from_micros(i64::try_from(today.as_micros()).unwrap())
}

/// The body that a unit sends.
pub(crate) fn request(mac: Option<Mac>) -> String {
    let mac = mac.map(|mac| format!(r#","mac":"{mac}""#)).unwrap_or_default();
    format!(r#"{{"workspace_id":"{WORKSPACE}"{mac}}}"#)
}

pub(crate) fn refused(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

pub(crate) fn workspace() -> Workspace {
    Workspace {
        id: WORKSPACE.parse().unwrap(),
        slug: "acme".to_owned(),
        mqtt_host: "localhost".to_owned(),
        mqtt_port: 8883,
    }
}

async fn open_batch(store: &dyn Store, now: Timestamp) -> (BatchId, Sha256Digest) {
    let text = "# a recipe".to_owned();
    let recipe = policy().recipe_hash(&text);
    let record = RecipeRecord { hash: recipe, name: "lamp".to_owned(), text, policy: policy() };
    store.start_station(now).await.unwrap();
    store.use_recipe(&record, &[], now).await.unwrap();
    let batch = NewBatch { name: "order 7".to_owned(), product: String::new(), recipe, quantity: None, quota: None };
    (store.open_batch(&batch, now).await.unwrap(), recipe)
}

fn policy() -> Policy {
    Policy { presence: true, ..Policy::plain(Injection::Nvs, Chip::Esp32c3, FlashSize::from_bytes(4 << 20).unwrap()) }
}
