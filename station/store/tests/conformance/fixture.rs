//! What the claims are made with: a clock that is counted, names that are counted, and plain examples of each model.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use firstpass_domain::{
    DeviceId, Diagnosis, DiagnosisCode, Evidence, Fact, Mac, PasswordVerifier, RunId, SerialPattern, Sha256Digest,
    SlotId, Step, Timestamp,
};
use firstpass_store::{Act, NewCertificate, NewSession, RunEnd, Store};
use uuid::Uuid;

pub(crate) use super::proof::policy;

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

/// The pattern `{prefix}{number:08}`.
pub(crate) fn pattern(prefix: &str) -> SerialPattern {
    SerialPattern::numbered(prefix).unwrap()
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

/// Evidence that alone makes no unit pass, and keeps none from it whose proof is complete.
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

    /// Runs a query past the store that gives one number.
    async fn count(&self, sql: &'static str) -> i64;

    /// Statements that take the protection of a table away.
    fn unprotect(&self, table: Table) -> &'static [&'static str];
}

/// The append-only tables.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Table {
    Audit,
    Evidence,
}
