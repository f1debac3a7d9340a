//! A broker on loopback with an authority of its own, logins in memory, and a clock that the test moves.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
    time::{Duration, SystemTime},
};

use async_trait::async_trait;
use firstpass_contract::Topics;
use firstpass_domain::{DeviceId, PasswordVerifier, Timestamp};
use firstpass_gateway::https::{Protocol, server_tls};
use firstpass_gateway::mqtt::{
    Account, Broker, BrokerError, BrokerEvent, BrokerEventKind, BrokerHandle, CertificateRule, Clock, ConnectionId,
    Credentials, CredentialsError, DeviceLogin, DisconnectReason, Limits, ObserverLogin, Refusal,
};
use tokio::{
    sync::{RwLock, mpsc, oneshot},
    task::JoinHandle,
    time::timeout,
};
use tokio_util::sync::CancellationToken;

use crate::ca::Ca;

/// Longest wait for anything that must happen.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// Name and password of the monitor.
pub(crate) const OBSERVER: &str = "monitor";

/// Logins in memory.
#[derive(Default)]
pub(crate) struct Logins {
    accounts: Mutex<HashMap<String, Account>>,
    pub(crate) fail: AtomicBool,
    /// Look-ups of `u1` wait while a test holds this for writing.
    pub(crate) gate: RwLock<()>,
}

#[async_trait]
impl Credentials for Logins {
    async fn find(&self, username: &str) -> Result<Option<Account>, CredentialsError> {
        let _open = if username == "u1" { Some(self.gate.read().await) } else { None };
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

    /// A broker that has its port and serves only when told to.
    pub(crate) async fn bound(limits: Limits) -> (Self, oneshot::Sender<()>) {
        let today = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
        let clock = Arc::new(AtomicI64::new(i64::try_from(today.as_micros()).unwrap()));
        let ticking = Arc::clone(&clock);
        let tell: Clock = Arc::new(move || Timestamp::from_micros(ticking.load(Ordering::SeqCst)));
        let ca = Ca::new(tell());
        let logins = Arc::new(Logins::default());
        ["u1", "u2"].iter().for_each(|name| logins.put(name, |_| {}));
        logins.put_observer();
        let tls = server_tls(&ca.authority, Protocol::Mqtt, Arc::clone(&tell)).unwrap();
        let addr = "127.0.0.1:0".parse().unwrap();
        let (broker, handle, events) =
            Broker::bind(addr, tls, Arc::clone(&logins) as Arc<dyn Credentials>, limits, tell).await.unwrap();
        let port = broker.local_addr().port();
        let token = CancellationToken::new();
        let (open, opened) = oneshot::channel();
        let stop = token.clone();
        let running = tokio::spawn(async move {
            let () = opened.await.unwrap();
            broker.run(stop).await
        });
        (Self { port, handle, logins, ca, events, token, running, clock }, open)
    }

    pub(crate) fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.clock.load(Ordering::SeqCst))
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
