//! A started station, and short ways to the states that claims begin with.

use std::sync::Arc;

use firstpass_domain::{
    AuditEntry, CodeHash, Mac, Policy, Run, RunId, Sha256Digest, Step, StepOutcome,
    audit::{ChainError, ChainVerifier},
};
use firstpass_store::{
    Admission, BatchId, NewBatch, NewCertificate, NewCode, NewRun, NewSession, RecipeRecord, RunEnd, Store,
};

use super::{
    fixture::{Place, certificate, digest, evidence, failure, later, mac, now, policy, run_id, session, slot, unique},
    proof,
};

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
        Self::of(store, &policy(), quota).await
    }

    /// With a recipe of this policy.
    pub(crate) async fn of(store: Arc<dyn Store>, policy: &Policy, quota: Option<u32>) -> Self {
        let text = format!("# recipe {}", unique());
        let recipe = policy.recipe_hash(&text);
        let record = RecipeRecord { hash: recipe, name: "lamp".to_owned(), text, policy: policy.clone() };
        store.start_station(now()).await.unwrap();
        store.use_recipe(&record, &[], now()).await.unwrap();
        let name = format!("order {}", unique());
        let batch = NewBatch { name, product: "lamp".to_owned(), recipe, quantity: None, quota };
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

    /// Ends a run with all that makes it pass; returns the broker users whose sessions ended.
    pub(crate) async fn pass(&self, run: RunId) -> Vec<String> {
        self.step(run, Step::Attest).await;
        let mac = self.store.run(run).await.unwrap().unwrap().run.mac.unwrap();
        self.store.finish_run(run, &RunEnd::Passed, &proof::of(mac), now()).await.unwrap()
    }

    /// Ends a run as failed; returns the broker users whose sessions ended.
    pub(crate) async fn fail(&self, run: RunId) -> Vec<String> {
        self.store.finish_run(run, &failure(), &[evidence()], now()).await.unwrap()
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
