//! A broker on loopback with a CA of its own, logins in memory, and a clock that the test moves.

use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use firstpass_contract::Topics;
use firstpass_domain::{DeviceId, PasswordVerifier, Timestamp};
use firstpass_gateway::mqtt::{
    Account, Broker, BrokerError, BrokerEvent, BrokerEventKind, BrokerHandle, CertificateRule, ConnectionId,
    Credentials, CredentialsError, DeviceLogin, DisconnectReason, Limits, ObserverLogin, Refusal, tls_config,
};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, SanType};
use rustls::{
    RootCertStore,
    pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer},
};
use tokio::{
    sync::{RwLock, mpsc},
    task::JoinHandle,
    time::timeout,
};
use tokio_util::sync::CancellationToken;

/// Longest wait for anything that must happen.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// Name and password of the monitor.
pub(crate) const OBSERVER: &str = "monitor";

/// Logins in memory.
#[derive(Default)]
pub(crate) struct Logins {
    accounts: Mutex<HashMap<String, Account>>,
    pub(crate) fail: AtomicBool,
    /// Look-ups wait while a test holds this for writing.
    pub(crate) gate: RwLock<()>,
}

#[async_trait]
impl Credentials for Logins {
    async fn find(&self, username: &str) -> Result<Option<Account>, CredentialsError> {
        let _open = self.gate.read().await;
        if self.fail.load(Ordering::SeqCst) {
            return Err(CredentialsError("the record is away".into()));
        }
        Ok(self.accounts.lock().unwrap().get(username).cloned())
    }
}

impl Logins {
    /// Adds or replaces the login of a unit, changed by `change`.
    pub(crate) fn put(&self, username: &str, change: impl FnOnce(&mut DeviceLogin)) {
        let mut login = DeviceLogin {
            username: username.to_owned(),
            verifier: PasswordVerifier::make(&format!("pw-{username}"), [3; 16]),
            device_id: DeviceId::new(format!("dev-{username}")).unwrap(),
            topics: Topics::new("acme", &format!("key-{username}")),
            enabled: true,
            certificate: CertificateRule::default(),
        };
        change(&mut login);
        self.accounts.lock().unwrap().insert(username.to_owned(), Account::Device(login));
    }

    fn put_observer(&self) {
        let verifier = PasswordVerifier::make(&format!("pw-{OBSERVER}"), [4; 16]);
        let login = ObserverLogin { username: OBSERVER.to_owned(), verifier };
        self.accounts.lock().unwrap().insert(OBSERVER.to_owned(), Account::Observer(login));
    }
}

/// A CA with its key.
pub(crate) struct Ca {
    pub(crate) pem: String,
    pub(crate) der: CertificateDer<'static>,
    issuer: Issuer<'static, KeyPair>,
}

/// A certificate and its key.
pub(crate) type Identity = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

impl Ca {
    pub(crate) fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        // OpenSSL takes a certificate whose issuer has its own name for a self-signed one.
        params.distinguished_name.push(DnType::CommonName, "Test CA");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let certificate = params.self_signed(&key).unwrap();
        Self { pem: certificate.pem(), der: certificate.der().clone(), issuer: Issuer::new(params, key) }
    }

    fn issue(&self, mut params: CertificateParams, names: Vec<SanType>) -> Identity {
        let key = KeyPair::generate().unwrap();
        params.subject_alt_names.extend(names);
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        (vec![certificate.der().clone()], PrivatePkcs8KeyDer::from(key.serialize_der()).into())
    }

    fn server(&self) -> Identity {
        self.issue(CertificateParams::new(vec!["localhost".to_owned(), "127.0.0.1".to_owned()]).unwrap(), Vec::new())
    }

    /// A client certificate with these SAN URIs.
    pub(crate) fn client(&self, uris: &[&str]) -> Identity {
        let names = uris.iter().map(|uri| SanType::URI((*uri).try_into().unwrap())).collect();
        self.issue(CertificateParams::new(Vec::new()).unwrap(), names)
    }
}

/// A running broker, the logins `u1` and `u2`, and the monitor.
pub(crate) struct Station {
    pub(crate) port: u16,
    pub(crate) handle: BrokerHandle,
    pub(crate) logins: Arc<Logins>,
    pub(crate) ca: Ca,
    pub(crate) events: mpsc::Receiver<BrokerEvent>,
    pub(crate) token: CancellationToken,
    pub(crate) running: JoinHandle<Result<(), BrokerError>>,
    clock: Arc<AtomicI64>,
    folder: tempfile::TempDir,
}

impl Station {
    pub(crate) async fn start() -> Self {
        Self::with(Limits::default()).await
    }

    pub(crate) async fn with(limits: Limits) -> Self {
        let ca = Ca::new();
        let logins = Arc::new(Logins::default());
        ["u1", "u2"].iter().for_each(|name| logins.put(name, |_| {}));
        logins.put_observer();
        let (chain, key) = ca.server();
        let mut roots = RootCertStore::empty();
        roots.add(ca.der.clone()).unwrap();
        let tls = tls_config(chain, key, roots).unwrap();
        let clock = Arc::new(AtomicI64::new(1_000_000));
        let ticking = Arc::clone(&clock);
        let tell = Arc::new(move || Timestamp::from_micros(ticking.load(Ordering::SeqCst)));
        let addr = "127.0.0.1:0".parse().unwrap();
        let (broker, handle, events) =
            Broker::bind(addr, tls, Arc::clone(&logins) as Arc<dyn Credentials>, limits, tell).await.unwrap();
        let port = broker.local_addr().port();
        let token = CancellationToken::new();
        let running = tokio::spawn(broker.run(token.clone()));
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("ca.pem"), &ca.pem).unwrap();
        Self { port, handle, logins, ca, events, token, running, clock, folder }
    }

    pub(crate) fn ca_file(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    pub(crate) fn advance(&self, time: Duration) {
        self.clock.fetch_add(i64::try_from(time.as_micros()).unwrap(), Ordering::SeqCst);
    }

    /// The next event.
    pub(crate) async fn event(&mut self) -> BrokerEvent {
        timeout(PATIENCE, self.events.recv()).await.expect("an event in time").expect("events go on")
    }

    /// The next event that is `wanted`; others are skipped.
    pub(crate) async fn until(&mut self, wanted: impl Fn(&BrokerEventKind) -> bool) -> BrokerEvent {
        loop {
            let event = self.event().await;
            if wanted(&event.kind) {
                return event;
            }
        }
    }

    /// The next refusal.
    pub(crate) async fn refusal(&mut self) -> Refusal {
        match self.until(|kind| matches!(kind, BrokerEventKind::Refused(_))).await.kind {
            BrokerEventKind::Refused(refusal) => refusal,
            other => unreachable!("{other:?}"),
        }
    }

    /// The next end of a session.
    pub(crate) async fn disconnect(&mut self) -> (ConnectionId, DisconnectReason) {
        let event = self.until(|kind| matches!(kind, BrokerEventKind::Disconnected(_))).await;
        match event.kind {
            BrokerEventKind::Disconnected(reason) => (event.origin.connection, reason),
            other => unreachable!("{other:?}"),
        }
    }
}
