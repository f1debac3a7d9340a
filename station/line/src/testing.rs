//! A record of a test's own, and the shortest evidence that makes a unit pass.

use std::sync::Arc;

use firstpass_domain::{
    Chip, DeviceId, Evidence, Fact, Injection, Mac, Policy, RunId, SerialNumber, Sha256Digest, SlotId, StationId, Step,
    StepOutcome, Timestamp,
    evidence::{Identity, NvsReadBack, Security, UartFact},
};
use firstpass_store::{BatchRecord, NewBatch, NewRun, RecipeRecord, RunEnd, SqliteStore, Store};
use tempfile::TempDir;
use uuid::Uuid;

const USER: &str = "user-1";
const CONNECTION: u64 = 7;

/// A record with a recipe and an open batch.
pub(crate) struct Bench {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) batch: BatchRecord,
    recipe: Sha256Digest,
    pub(crate) folder: TempDir,
}

pub(crate) const NOW: Timestamp = Timestamp::from_micros(1_700_000_000_000_000);
pub(crate) const MAC: Mac = Mac::new([0x60, 0x55, 0xf9, 0, 0, 1]);

fn policy() -> Policy {
    Policy::plain(Injection::Nvs, Chip::Esp32c3, "4MB".parse().unwrap())
}

impl Bench {
    pub(crate) async fn new(quantity: Option<u32>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let station = StationId::new("bench").unwrap();
        let store = SqliteStore::open(folder.path().join("record.sqlite"), station).await.unwrap();
        let store: Arc<dyn Store> = Arc::new(store);
        store.start_station(NOW).await.unwrap();
        let recipe = policy().recipe_hash("text");
        let record = RecipeRecord { hash: recipe, name: "bench".into(), text: "text".into(), policy: policy() };
        store.use_recipe(&record, &[], NOW).await.unwrap();
        let new_batch = NewBatch { name: "W1".into(), product: "lamp".into(), recipe, quantity, quota: None };
        let id = store.open_batch(&new_batch, NOW).await.unwrap();
        let batch = store.batch(id).await.unwrap().unwrap();
        Self { store, batch, recipe, folder }
    }

    /// The same record, as another station sees it.
    pub(crate) async fn seen_by(&self, station: &str) -> Arc<dyn Store> {
        let station = StationId::new(station).unwrap();
        let store = SqliteStore::open(self.folder.path().join("record.sqlite"), station).await.unwrap();
        store.start_station(NOW).await.unwrap();
        Arc::new(store)
    }

    /// Begins a run on the slot `A1`.
    pub(crate) async fn begin(&self) -> RunId {
        let id = RunId(Uuid::now_v7());
        let slot = SlotId::new("A1").unwrap();
        let run = NewRun { id, slot, batch: self.batch.id, recipe: self.recipe };
        self.store.begin_run(&run, NOW).await.unwrap();
        id
    }

    /// Puts everything on record that a pass needs, but for the pass itself.
    pub(crate) async fn prove(&self, run: RunId) {
        self.prove_as(run, MAC).await;
    }

    async fn prove_as(&self, run: RunId, mac: Mac) {
        self.store.identify_run(run, mac, &policy(), NOW).await.unwrap();
        self.store.begin_step(run, Step::Attest, NOW).await.unwrap();
        self.store.add_evidence(run, &proof(mac)).await.unwrap();
        self.store.end_step(run, Step::Attest, StepOutcome::Done, NOW).await.unwrap();
    }

    /// Takes a unit through to its pass.
    pub(crate) async fn pass(&self) -> RunId {
        self.pass_as(MAC).await
    }

    /// The same with the unit of this MAC.
    pub(crate) async fn pass_as(&self, mac: Mac) -> RunId {
        let run = self.begin().await;
        self.prove_as(run, mac).await;
        self.store.finish_run(run, &RunEnd::Passed, &[], NOW).await.unwrap();
        run
    }
}

fn proof(mac: Mac) -> Vec<Evidence> {
    let subscribed = |name: &str| Fact::Subscribed { connection: CONNECTION, filter: format!("factory/key/{name}/#") };
    let accepted = Fact::ProvisionAccepted {
        device_id: DeviceId::new("device-1").unwrap(),
        mqtt_username: USER.to_owned(),
        mac: Some(mac),
        certificate: None,
        on_behalf: false,
    };
    let facts = [
        identified(mac),
        Fact::Prepared { serial: SerialNumber::new("FP1").unwrap(), nvs_sha256: Sha256Digest::of(b""), app: None },
        Fact::Uart(UartFact::NetworkUp { ip: None }),
        accepted,
        Fact::Uart(UartFact::Provisioned { username: USER.to_owned() }),
        Fact::MqttConnected { connection: CONNECTION, username: USER.to_owned(), certificate: None },
        subscribed("cmd"),
        subscribed("config"),
        Fact::Reconnected { mac },
        read_back(),
    ];
    facts.map(|fact| Evidence { at: NOW, fact }).to_vec()
}

fn identified(mac: Mac) -> Fact {
    let (chip, flash_size) = (Some(Chip::Esp32c3), "4MB".parse().ok());
    let security = Security::default();
    Fact::Identified(Identity { chip, revision: "v0.4".parse().ok(), flash_size, flash_id: None, mac, security })
}

fn read_back() -> Fact {
    Fact::NvsReadBack(NvsReadBack {
        device_id: None,
        device_key: None,
        workspace_slug: None,
        mqtt_username: Some(USER.to_owned()),
        password_matches: true,
        session_matches: true,
        auth_code_present: false,
        certificate: None,
        sha256: Sha256Digest::of(b""),
    })
}
