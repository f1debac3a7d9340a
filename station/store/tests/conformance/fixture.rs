//! What the claims are made with: a clock that is counted, names that are counted, and short ways to common states.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use firstpass_domain::{
    AuditEntry, Chip, CodeHash, DeviceId, Diagnosis, DiagnosisCode, Evidence, Fact, FlashSize, Injection, Mac,
    PasswordVerifier, Policy, Run, RunId, Sha256Digest, SlotId, Step, StepOutcome, Timestamp,
    audit::{ChainError, ChainVerifier},
};
use firstpass_store::{
    Act, Admission, BatchId, NewBatch, NewCertificate, NewCode, NewRun, NewSession, RecipeRecord, RunEnd, Store,
};
use uuid::Uuid;

/// Asserts that a call meets a conflict whose words hold `$words`.
macro_rules! assert_conflict {
    ($call:expr, $words:literal) => {
        match $call.await {
            Err(firstpass_store::StoreError::Conflict { conflict, .. }) => {
                assert!(conflict.contains($words), "{conflict}");
            }
            other => panic!("no conflict: {other:?}"),
        }
    };
}
pub(crate) use assert_conflict;

static COUNTER: AtomicU64 = AtomicU64::new(1);

/// A number that this process has not used before.
pub(crate) fn unique() -> u64 {
    COUNTER.fetch_add(1, Ordering::Relaxed)
}

/// A time later than all times before.
pub(crate) fn now() -> Timestamp {
    Timestamp::from_micros(1_700_000_000_000_000 + i64::try_from(unique()).unwrap())
}

pub(crate) fn later() -> Timestamp {
    now().plus(Duration::from_secs(3600))
}

/// Ids that sort in the order in which they are made, as version 7 ids do.
pub(crate) fn run_id() -> RunId {
    RunId(Uuid::from_u128(u128::from(unique()) << 64))
}

pub(crate) fn mac() -> Mac {
    let [.., a, b, c, d] = unique().to_be_bytes();
    Mac::new([0x60, 0x55, a, b, c, d])
}

pub(crate) fn digest() -> Sha256Digest {
    Sha256Digest::of(&unique().to_be_bytes())
}

pub(crate) fn slot(name: &str) -> SlotId {
    SlotId::new(name).unwrap()
}

pub(crate) fn policy() -> Policy {
    Policy {
        injection: Injection::Nvs,
        chip: Chip::Esp32c3,
        min_revision: None,
        flash_size: FlashSize::from_bytes(4 << 20).unwrap(),
        max_attempts: 0,
        repeat_passed: false,
        client_certificate: false,
        presence: true,
        keep_auth_code: false,
        regions: Vec::new(),
        app: None,
    }
}

pub(crate) fn session() -> NewSession {
    let n = unique();
    NewSession {
        device_id: DeviceId::new(format!("dev-{n}")).unwrap(),
        device_key: format!("key-{n}"),
        workspace_slug: "factory".to_owned(),
        mqtt_host: "broker.test".to_owned(),
        mqtt_port: 8883,
        mqtt_username: format!("user-{n}"),
        verifier: PasswordVerifier::make("correct horse", [7; 16]),
        token: Some(digest()),
    }
}

pub(crate) fn certificate(mac: Option<Mac>) -> NewCertificate {
    let n = unique();
    NewCertificate {
        serial: format!("{n:032x}"),
        fingerprint: digest(),
        pem: format!("-----BEGIN CERTIFICATE-----\n{n}\n-----END CERTIFICATE-----\n"),
        subject: format!("dev-{n}"),
        not_before: now(),
        not_after: later(),
        mac,
    }
}

pub(crate) fn evidence() -> Evidence {
    Evidence { at: now(), fact: Fact::TimedOut { step: Step::Boot, after_ms: unique() } }
}

pub(crate) fn act() -> Act {
    Act { actor: "ada".to_owned(), reason: "lost module".to_owned() }
}

pub(crate) fn failure() -> RunEnd {
    RunEnd::Failed(Diagnosis::new(DiagnosisCode::BootSilent, Step::Boot, "no byte in 5 s"))
}

/// An empty database of a test's own.
#[async_trait]
pub(crate) trait Place: Send + Sync {
    /// The record in it, as a station sees it.
    async fn open(&self, station: &str) -> Arc<dyn Store>;

    /// Runs a statement past the store, as someone who tampers would.
    async fn tamper(&self, sql: &'static str) -> Result<(), sqlx::Error>;

    /// Statements that take the protection of a table away.
    fn unprotect(&self, table: Table) -> &'static [&'static str];
}

/// The append-only tables.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Table {
    Audit,
    Evidence,
}

/// A started station, and what its runs need.
#[derive(Clone)]
pub(crate) struct Line {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) batch: BatchId,
    pub(crate) recipe: Sha256Digest,
}

impl Line {
    pub(crate) async fn start(place: &dyn Place) -> Self {
        Self::with_quota(place, None).await
    }

    pub(crate) async fn with_quota(place: &dyn Place, quota: Option<u32>) -> Self {
        Self::on(place.open("s1").await, quota).await
    }

    pub(crate) async fn on(store: Arc<dyn Store>, quota: Option<u32>) -> Self {
        let text = format!("# recipe {}", unique());
        let recipe = Sha256Digest::of(text.as_bytes());
        let record = RecipeRecord { hash: recipe, name: "lamp".to_owned(), text, policy: policy() };
        store.start_station(now()).await.unwrap();
        store.use_recipe(&record, &[], now()).await.unwrap();
        let batch = NewBatch { name: "order 7".to_owned(), recipe, quota };
        let batch = store.open_batch(&batch, now()).await.unwrap();
        Self { store, batch, recipe }
    }

    pub(crate) fn new_run(&self, slot_name: &str) -> NewRun {
        NewRun { id: run_id(), slot: slot(slot_name), batch: self.batch, recipe: self.recipe }
    }

    pub(crate) async fn begin(&self, slot_name: &str) -> Run {
        self.store.begin_run(&self.new_run(slot_name), now()).await.unwrap()
    }

    pub(crate) async fn identify(&self, run: RunId, mac: Mac) -> Admission {
        self.store.identify_run(run, mac, &policy(), now()).await.unwrap()
    }

    /// An open run whose unit was admitted.
    pub(crate) async fn run_with(&self, slot_name: &str, mac: Mac, policy: &Policy) -> RunId {
        let run = self.begin(slot_name).await.id;
        let admission = self.store.identify_run(run, mac, policy, now()).await.unwrap();
        assert!(matches!(admission, Admission::Admitted { .. }), "{admission:?}");
        run
    }

    pub(crate) async fn admitted_run(&self, slot_name: &str) -> RunId {
        self.run_with(slot_name, mac(), &policy()).await
    }

    pub(crate) async fn code(&self, run: RunId, certificate: bool) -> CodeHash {
        let hash = CodeHash(digest());
        let code = NewCode { hash, run, expires: later(), certificate };
        self.store.issue_code(&code, now()).await.unwrap();
        hash
    }

    /// A session for the run, with a certificate; returns both.
    pub(crate) async fn provision(&self, run: RunId) -> (NewSession, NewCertificate) {
        let (session, certificate) = (session(), certificate(None));
        let code = self.code(run, true).await;
        let redeemed = self.store.redeem_code(code, None, &session, Some(&certificate), &evidence(), now()).await;
        assert_eq!(redeemed.unwrap(), run);
        (session, certificate)
    }

    pub(crate) async fn step(&self, run: RunId, step: Step) {
        self.store.begin_step(run, step, now()).await.unwrap();
        self.store.end_step(run, step, StepOutcome::Done, now()).await.unwrap();
    }

    pub(crate) async fn pass(&self, run: RunId) {
        self.step(run, Step::Attest).await;
        self.store.finish_run(run, &RunEnd::Passed, &[evidence()], now()).await.unwrap();
    }

    pub(crate) async fn fail(&self, run: RunId) {
        self.store.finish_run(run, &failure(), &[evidence()], now()).await.unwrap();
    }

    /// The whole audit log, read in pages.
    pub(crate) async fn audit(&self) -> Vec<AuditEntry> {
        let mut all: Vec<AuditEntry> = Vec::new();
        loop {
            let page = self.store.audit_entries(all.last().map_or(0, |entry| entry.seq), 7).await.unwrap();
            if page.is_empty() {
                return all;
            }
            all.extend(page);
        }
    }

    pub(crate) async fn verify(&self) -> Result<i64, ChainError> {
        let mut verifier = ChainVerifier::new();
        self.audit().await.iter().try_for_each(|entry| verifier.check(entry))?;
        Ok(verifier.checked())
    }

    /// Kinds of the audit entries about a subject, in order.
    pub(crate) async fn story(&self, subject: impl ToString) -> Vec<&'static str> {
        let subject = subject.to_string();
        let entries = self.audit().await.into_iter();
        entries.filter(|entry| entry.subject == subject).map(|entry| entry.kind.name()).collect()
    }
}
