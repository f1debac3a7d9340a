//! A small factory on the record of a bench: units that passed, failed, and what is beside them. Every time is counted.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use firstpass_domain::{
    Chip, CodeHash, DeviceId, Diagnosis, Evidence, Fact, FlashSize, Injection, KnownUnit, Mac, PasswordVerifier,
    Policy, RegionPolicy, RunId, SerialNumber, SerialPattern, Sha256Digest, SlotId, Step, StepOutcome, Timestamp,
    Verdict,
    evidence::{Identity, NvsReadBack, RegionDigest, Security, UartFact},
    judge,
    policy::{APP_REGION, AppPolicy},
};
use firstpass_store::{
    Admission, BatchId, NewBatch, NewCertificate, NewCode, NewRun, NewSession, RecipeRecord, RunEnd, Store,
};

const APP: Sha256Digest = Sha256Digest::new([7; 32]);
/// The image that units are updated to where the policy says so.
pub(crate) const UPDATE: Sha256Digest = Sha256Digest::new([9; 32]);
const OFFSET: u32 = 0x10000;
const LEN: u32 = 4096;
const CONNECTION: u64 = 5;

static COUNTER: AtomicU64 = AtomicU64::new(1);

fn unique() -> u64 {
    COUNTER.fetch_add(1, Ordering::Relaxed)
}

fn now() -> Timestamp {
    Timestamp::from_micros(1_767_268_800_000_000 + 1000 * i64::try_from(unique()).unwrap())
}

/// A batch that units are made in.
pub(crate) struct Factory {
    store: Arc<dyn Store>,
    pub(crate) batch: BatchId,
    pub(crate) batch_name: String,
    pub(crate) recipe: Sha256Digest,
    policy: Policy,
}

/// A unit and its run.
#[derive(Debug, Clone)]
pub(crate) struct Made {
    pub(crate) mac: Mac,
    pub(crate) run: RunId,
    pub(crate) serial: Option<SerialNumber>,
    pub(crate) device_id: String,
    pub(crate) certificate: String,
}

impl Factory {
    pub(crate) async fn on(store: Arc<dyn Store>) -> Self {
        Self::of(store, policy()).await
    }

    /// One with a recipe of this policy.
    pub(crate) async fn of(store: Arc<dyn Store>, policy: Policy) -> Self {
        let text = "name = \"lamp\"".to_owned();
        let recipe = policy.recipe_hash(&text);
        store.start_station(now()).await.unwrap();
        let record = RecipeRecord { hash: recipe, name: "lamp".to_owned(), text, policy: policy.clone() };
        store.use_recipe(&record, &[], now()).await.unwrap();
        let batch_name = format!("WO-{}", unique());
        let batch = NewBatch {
            name: batch_name.clone(),
            product: "Lamp <b>& Co</b>".to_owned(),
            recipe,
            quantity: Some(1000),
            quota: None,
        };
        let batch = store.open_batch(&batch, now()).await.unwrap();
        Self { store, batch, batch_name, recipe, policy }
    }

    /// The same, where credentials are repaired and nothing else is written.
    pub(crate) async fn repairs(&self) -> Self {
        let policy = Policy { regions: Vec::new(), app: None, ..self.checking() };
        Self::of(Arc::clone(&self.store), policy).await
    }

    /// The same, where golden units are checked: all of the recipe is done.
    pub(crate) async fn checks(&self) -> Self {
        Self::of(Arc::clone(&self.store), self.checking()).await
    }

    fn checking(&self) -> Policy {
        Policy { known_unit: KnownUnit::Reissue, repair: true, ..self.policy.clone() }
    }

    pub(crate) fn policy(&self) -> &Policy {
        &self.policy
    }

    /// A unit that went through every step and passed.
    pub(crate) async fn pass(&self) -> Made {
        let made = self.begin().await;
        self.end_passed(&made).await;
        made
    }

    /// Ends an open run with everything that makes it pass.
    pub(crate) async fn end_passed(&self, made: &Made) {
        for step in
            [Step::Identify, Step::Prepare, Step::Flash, Step::Boot, Step::Provision, Step::Connect, Step::Attest]
        {
            self.step(made.run, step, StepOutcome::Done).await;
        }
        let evidence = proof(&self.policy, made.mac, &made.device_id);
        assert_eq!(judge(&self.policy, &evidence), Verdict::Pass);
        self.store.finish_run(made.run, &RunEnd::Passed, &evidence, now()).await.unwrap();
    }

    /// A unit whose app panicked, and what it says of that.
    pub(crate) async fn fail(&self, panic: &str) -> Made {
        let made = self.begin().await;
        self.end_failed(&made, panic).await;
        made
    }

    /// Ends an open run: the app panicked.
    pub(crate) async fn end_failed(&self, made: &Made, panic: &str) {
        self.step(made.run, Step::Identify, StepOutcome::Done).await;
        self.step(made.run, Step::Boot, StepOutcome::Failed).await;
        let seen = UartFact::Panicked { text: panic.to_owned() };
        let facts = [identified(made.mac), Fact::Uart(UartFact::FirstByte), Fact::Uart(seen)];
        let evidence: Vec<Evidence> = facts.into_iter().map(|fact| Evidence { at: now(), fact }).collect();
        let Verdict::Fail(diagnosis) = judge(&self.policy, &evidence) else { panic!("a panic fails") };
        self.end(made.run, diagnosis, &evidence).await;
    }

    async fn end(&self, run: RunId, diagnosis: Diagnosis, evidence: &[Evidence]) {
        self.store.finish_run(run, &RunEnd::Failed(diagnosis), evidence, now()).await.unwrap();
    }

    async fn begin(&self) -> Made {
        let [.., a, b, c, d] = unique().to_be_bytes();
        self.begin_with(Mac::new([0x60, 0x55, a, b, c, d])).await
    }

    /// A run of this unit that stands open in Connect.
    pub(crate) async fn begin_with(&self, mac: Mac) -> Made {
        let n = unique();
        let run = RunId(uuid::Uuid::from_u128(u128::from(n) << 64));
        let new = NewRun { id: run, slot: SlotId::new("A1").unwrap(), batch: self.batch, recipe: self.recipe };
        self.store.begin_run(&new, now()).await.unwrap();
        let admission = self.store.identify_run(run, mac, &self.policy, now()).await.unwrap();
        assert!(matches!(admission, Admission::Admitted { .. }), "{admission:?}");
        let serial = self.store.allocate_serial(run, &SerialPattern::numbered("FP").unwrap(), now()).await.unwrap();
        let (device_id, certificate) = self.provision(run, mac, n).await;
        Made { mac, run, serial: Some(serial), device_id, certificate }
    }

    async fn provision(&self, run: RunId, mac: Mac, n: u64) -> (String, String) {
        let hash = CodeHash(Sha256Digest::of(&n.to_be_bytes()));
        let expires = now().plus(Duration::from_secs(3600));
        self.store.issue_code(&NewCode { hash, run, expires, certificate: true }, now()).await.unwrap();
        let device_id = format!("dev-{n}");
        let session = NewSession {
            device_id: DeviceId::new(device_id.clone()).unwrap(),
            device_key: format!("key-{n}"),
            workspace_slug: "factory".to_owned(),
            mqtt_host: "broker.test".to_owned(),
            mqtt_port: 8883,
            mqtt_username: format!("user-{device_id}"),
            verifier: PasswordVerifier::make("correct horse battery", [7; 16]),
            token: Some(Sha256Digest::of(device_id.as_bytes())),
        };
        let certificate = NewCertificate {
            serial: format!("{n:032x}"),
            fingerprint: Sha256Digest::of(format!("certificate {n}").as_bytes()),
            pem: format!("-----BEGIN CERTIFICATE-----\n{n}\n-----END CERTIFICATE-----\n"),
            subject: device_id.clone(),
            not_before: now(),
            not_after: Timestamp::from_micros(4_102_444_800_000_000),
            mac: Some(mac),
        };
        let seen = Evidence { at: now(), fact: accepted(mac, &device_id) };
        let redeemed = self.store.redeem_code(hash, None, &session, Some(&certificate), &seen, now()).await;
        assert_eq!(redeemed.unwrap(), run);
        (device_id, certificate.serial)
    }

    async fn step(&self, run: RunId, step: Step, outcome: StepOutcome) {
        self.store.begin_step(run, step, now()).await.unwrap();
        self.store.end_step(run, step, outcome, now()).await.unwrap();
    }

    /// Keeps a log of a run where the station would.
    pub(crate) fn keep_log(folder: &Path, run: RunId, log: &[u8]) {
        std::fs::create_dir_all(folder).unwrap();
        std::fs::write(folder.join(format!("{run}.log")), log).unwrap();
    }
}

fn policy() -> Policy {
    let app = RegionPolicy {
        name: APP_REGION.to_owned(),
        offset: OFFSET,
        len: LEN,
        sha256: Some(APP),
        written_by_unit: false,
    };
    Policy {
        presence: true,
        regions: vec![app],
        app: Some(AppPolicy { version: "1.0.0".to_owned(), sha256: APP }),
        ..Policy::plain(Injection::Nvs, Chip::Esp32c3, FlashSize::from_bytes(4 << 20).unwrap())
    }
}

fn accepted(mac: Mac, device_id: &str) -> Fact {
    Fact::ProvisionAccepted {
        device_id: DeviceId::new(device_id).unwrap(),
        mqtt_username: format!("user-{device_id}"),
        mac: Some(mac),
        certificate: None,
        on_behalf: false,
    }
}

fn identified(mac: Mac) -> Fact {
    let (chip, revision) = (Some(Chip::Esp32c3), "v0.4".parse().ok());
    let flash_size = FlashSize::from_bytes(4 << 20).ok();
    Fact::Identified(Identity { chip, revision, flash_size, flash_id: None, mac, security: Security::default() })
}

/// Everything that the policy demands, in order, behind the session that is on record already.
fn proof(policy: &Policy, mac: Mac, device_id: &str) -> Vec<Evidence> {
    let user = format!("user-{device_id}");
    let answers = policy.ota.as_ref().map(|ota| ota.app.clone()).or_else(|| policy.app.clone());
    let AppPolicy { version, sha256 } = answers.unwrap_or(AppPolicy { version: String::new(), sha256: APP });
    let digest = RegionDigest { name: APP_REGION.to_owned(), offset: OFFSET, len: LEN, sha256: APP, md5_matches: true };
    let subscribed = |name: &str| Fact::Subscribed { connection: CONNECTION, filter: format!("factory/key/{name}/#") };
    let read_back = NvsReadBack {
        device_id: Some(device_id.to_owned()),
        device_key: None,
        workspace_slug: None,
        mqtt_username: Some(user.clone()),
        password_matches: true,
        session_matches: true,
        auth_code_present: false,
        certificate: None,
        sha256: APP,
    };
    let facts = [
        identified(mac),
        Fact::Prepared { serial: SerialNumber::new("FP00000001").unwrap(), nvs_sha256: APP, app: None },
        Fact::RegionWritten(digest.clone()),
        Fact::Uart(UartFact::NetworkUp { ip: None }),
        accepted(mac, device_id),
        Fact::Uart(UartFact::Provisioned { username: user.clone() }),
        Fact::FirmwareServed { sha256: UPDATE, bytes: 4096, duration_ms: 40 },
        Fact::Uart(UartFact::OtaFinished),
        Fact::MqttConnected { connection: CONNECTION, username: user, certificate: None },
        subscribed("cmd"),
        subscribed("config"),
        Fact::Presence { connection: CONNECTION, online: true },
        Fact::PingAnswered { connection: CONNECTION, fw_version: version, app_sha256: sha256.to_string() },
        Fact::Reconnected { mac },
        Fact::RegionAttested(digest),
        Fact::NvsReadBack(read_back),
    ];
    // Who writes no app neither sees one in the flash nor hears one answer.
    let of_the_app =
        |fact: &Fact| matches!(fact, Fact::RegionWritten(_) | Fact::RegionAttested(_) | Fact::PingAnswered { .. });
    let of_an_update = |fact: &Fact| matches!(fact, Fact::FirmwareServed { .. } | Fact::Uart(UartFact::OtaFinished));
    let wanted = facts.into_iter().filter(|fact| policy.app.is_some() || !of_the_app(fact));
    let wanted = wanted.filter(|fact| policy.ota.is_some() || !of_an_update(fact));
    wanted.map(|fact| Evidence { at: now(), fact }).collect()
}

/// Changes the record of a bench as someone with the file would, who takes its protection away first.
pub(crate) async fn tamper(folder: &Path, sql: &str) {
    use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, sqlite::SqliteConnectOptions};
    let options = SqliteConnectOptions::new().filename(folder.join("record.sqlite")).foreign_keys(false);
    let mut connection = options.connect().await.unwrap();
    let unprotect = "DROP TRIGGER audit_refuses_update; DROP TRIGGER audit_refuses_delete;
                     DROP TRIGGER audit_refuses_replace; DROP TRIGGER evidence_refuses_update;
                     DROP TRIGGER evidence_refuses_delete;";
    sqlx::raw_sql(AssertSqlSafe(format!("{unprotect} {sql}"))).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

/// Each area's tests use a part of this; all of it is used here, so that no area is told of what it leaves out.
const _: () = {
    let _ = (Factory::on as fn(Arc<dyn Store>) -> _, Factory::pass, Factory::fail, Factory::keep_log);
    let _ = |factory: &Factory| (factory.batch, factory.batch_name.clone(), factory.recipe, factory.policy().clone());
    let _ = (Factory::of as fn(Arc<dyn Store>, Policy) -> _, Factory::repairs, Factory::checks, Factory::begin_with);
    let _ = (Factory::end_passed, Factory::end_failed, UPDATE);
    let _ = |made: &Made| (made.mac, made.run, made.serial.clone(), made.device_id.clone(), made.certificate.clone());
};

#[expect(dead_code, reason = "it is used by the tests that tamper, and only named here for the others")]
async fn uses_tamper() {
    tamper(Path::new("."), "").await;
}
