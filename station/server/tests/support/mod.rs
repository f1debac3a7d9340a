//! The bench of the server's tests: a record in a folder of its own, a server on a free loopback port, one user per role
//! who logs in when first asked for. Everything goes over the socket, as browsers and other systems do it.

mod client;

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, SystemTime},
};

use firstpass_domain::{Action, Role, Sha256Digest, StationId, Timestamp};
use firstpass_line::floor::NoFloor;
use firstpass_server::{Limits, Server, Services, Settings};
use firstpass_store::{Act, Login, NewToken, NewUser, SqliteStore, Store, UserId};
use tempfile::TempDir;
use tokio::{sync::Mutex, task::JoinHandle};
use tokio_util::sync::CancellationToken;

pub(crate) use client::{Answer, Ask, Live};

/// The password of every user.
pub(crate) const PASSWORD: &str = "correct horse battery";

/// A server with all that it needs.
pub(crate) struct Bench {
    /// The record.
    pub(crate) store: Arc<dyn Store>,
    /// Where the server listens: `http://127.0.0.1:…`.
    pub(crate) url: String,
    /// The data folder.
    pub(crate) folder: TempDir,
    /// By how many microseconds the server's clock is ahead.
    ahead: Arc<AtomicI64>,
    sessions: Mutex<HashMap<Role, Session>>,
    token: CancellationToken,
    serving: Option<JoinHandle<()>>,
}

/// Somebody's browser: its cookie, and the token of its pages.
#[derive(Debug, Clone)]
pub(crate) struct Session {
    /// `name=value`.
    pub(crate) cookie: String,
    /// For changes.
    pub(crate) csrf: String,
}

impl Bench {
    /// A server without slots and without TLS.
    pub(crate) async fn start() -> Self {
        Self::start_with(|_, _| {}).await
    }

    /// A server of which something is otherwise.
    pub(crate) async fn start_with<C: FnOnce(&mut Settings, &mut Services)>(change: C) -> Self {
        Self::start_for(&Role::ALL.iter().map(|role| (role.name(), *role)).collect::<Vec<_>>(), change).await
    }

    /// A server with these users.
    pub(crate) async fn start_for<C: FnOnce(&mut Settings, &mut Services)>(users: &[(&str, Role)], change: C) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let station = StationId::new("bench-1").unwrap();
        let store = SqliteStore::open(folder.path().join("record.sqlite"), station.clone()).await.unwrap();
        let store: Arc<dyn Store> = Arc::new(store);
        let ahead = Arc::new(AtomicI64::new(0));
        store.start_station(time(&ahead)).await.unwrap();
        add_users(&store, users, time(&ahead)).await;
        let mut settings = settings(&folder);
        let mut services = services(&store, station, &ahead);
        change(&mut settings, &mut services);
        let token = CancellationToken::new();
        let server = Server::bind(settings, services).await.unwrap();
        let url = server.url();
        let stop = token.clone();
        let serving = tokio::spawn(async move { server.run(stop).await.unwrap() });
        let (sessions, serving) = (Mutex::default(), Some(serving));
        Self { store, url, folder, ahead, sessions, token, serving }
    }

    /// What the server's clock says.
    pub(crate) fn now(&self) -> Timestamp {
        time(&self.ahead)
    }

    /// Sets the server's clock ahead.
    pub(crate) fn pass(&self, time: Duration) {
        self.ahead.fetch_add(i64::try_from(time.as_micros()).unwrap(), Ordering::SeqCst);
    }

    /// Asks as nobody.
    pub(crate) fn ask(&self, method: &str, path: &str) -> Ask {
        Ask::new(&self.url, method, path)
    }

    /// Asks as the user of a role, with the token that changes need.
    pub(crate) async fn ask_as(&self, role: Role, method: &str, path: &str) -> Ask {
        let session = self.session(role).await;
        self.ask(method, path).header("cookie", &session.cookie).header("x-csrf-token", &session.csrf)
    }

    /// Reads a page.
    pub(crate) async fn get(&self, role: Role, path: &str) -> Answer {
        self.ask_as(role, "GET", path).await.send().await
    }

    /// Sends a form.
    pub(crate) async fn post(&self, role: Role, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.ask_as(role, "POST", path).await.form(fields).send().await
    }

    /// Sends JSON.
    pub(crate) async fn send(&self, role: Role, method: &str, path: &str, body: &serde_json::Value) -> Answer {
        self.ask_as(role, method, path).await.json(body).send().await
    }

    /// The browser of a role's user; logs in at first.
    pub(crate) async fn session(&self, role: Role) -> Session {
        let mut sessions = self.sessions.lock().await;
        if let Some(session) = sessions.get(&role) {
            return session.clone();
        }
        let session = self.log_in(role.name(), PASSWORD).await.unwrap();
        sessions.insert(role, session.clone());
        session
    }

    /// Forgets the browsers: who is asked for next logs in anew.
    pub(crate) async fn forget(&self) {
        self.sessions.lock().await.clear();
    }

    /// A new browser in which somebody logs in; else the answer that refuses it.
    pub(crate) async fn log_in(&self, login: &str, password: &str) -> Result<Session, Answer> {
        let fields = [("login", login), ("password", password)];
        let answer = self.ask("POST", "/login").form(&fields).send().await;
        self.enter(answer).await
    }

    /// The browser that a login has let in; else the answer that refused it.
    pub(crate) async fn enter(&self, answer: Answer) -> Result<Session, Answer> {
        let Some(cookie) = answer.cookie().filter(|_| answer.status == 303) else { return Err(answer) };
        let page = self.ask("GET", "/account").header("cookie", &cookie).accept_html().send().await;
        let csrf = page.between("name=\"csrf-token\" content=\"", "\"");
        Ok(Session { cookie, csrf: csrf.unwrap_or_else(|| panic!("no CSRF token on the page: {page:?}")) })
    }

    /// The user of a role.
    pub(crate) async fn user(&self, role: Role) -> UserId {
        self.store.user_by_login(role.name()).await.unwrap().unwrap().id
    }

    /// An API token of a role's user, for these actions, for an hour.
    pub(crate) async fn token(&self, role: Role, actions: &[Action]) -> String {
        static COUNT: AtomicI64 = AtomicI64::new(0);
        let n = COUNT.fetch_add(1, Ordering::SeqCst);
        let secret: [u8; 32] = *Sha256Digest::of(&n.to_be_bytes()).bytes();
        let text = base64::Engine::encode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, secret);
        let token = NewToken {
            hash: Sha256Digest::of(&secret),
            name: format!("token-{n}"),
            user: self.user(role).await,
            actions: actions.to_vec(),
            expires: self.now().plus(Duration::from_secs(3600)),
        };
        self.store.issue_token(&token, &act(), self.now()).await.unwrap();
        format!("fp_{text}")
    }

    /// Stops the server, and waits for its end.
    pub(crate) async fn stop(&mut self) {
        self.token.cancel();
        if let Some(serving) = self.serving.take() {
            serving.await.unwrap();
        }
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        self.token.cancel();
    }
}

/// An act of the tests themselves.
pub(crate) fn act() -> Act {
    Act { actor: "bench".to_owned(), reason: "test".to_owned() }
}

fn time(ahead: &AtomicI64) -> Timestamp {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    Timestamp::from_micros(i64::try_from(now.as_micros()).unwrap() + ahead.load(Ordering::SeqCst))
}

/// One hash serves all: it is as slow as it should be.
async fn add_users(store: &Arc<dyn Store>, users: &[(&str, Role)], now: Timestamp) {
    if users.is_empty() {
        return;
    }
    let password = Some(firstpass_server::people::hash_password(PASSWORD, "bench").unwrap());
    for (login, role) in users {
        let (login, name, password) = (Login::new(login).unwrap(), login.to_uppercase(), password.clone());
        let user = NewUser { login, name, role: *role, language: None, password };
        store.add_user(&user, &act(), now).await.unwrap();
    }
}

fn settings(folder: &TempDir) -> Settings {
    Settings {
        listen: ([127, 0, 0, 1], 0).into(),
        tls: false,
        data_dir: Some(folder.path().to_owned()),
        limits: Limits { burst: 100_000, per_second: 10_000, connections_per_address: 512, ..Limits::default() },
        ..Settings::default()
    }
}

fn services(store: &Arc<dyn Store>, station: StationId, ahead: &Arc<AtomicI64>) -> Services {
    let ahead = Arc::clone(ahead);
    Services {
        store: Arc::clone(store),
        floor: Arc::new(NoFloor::default()),
        authority: None,
        clock: Arc::new(move || time(&ahead)),
        uart_dir: None,
        shelf: Arc::default(),
        station,
    }
}

/// Each area's tests use a part of the bench; all of it is used here, so that no area is told of what it leaves out.
const _: () = {
    type Change = fn(&mut Settings, &mut Services);
    let _ = (
        Bench::start,
        Bench::start_with::<Change>,
        Bench::start_for::<Change>,
        Bench::now,
        Bench::pass,
        Bench::stop,
        act as fn() -> Act,
    );
    let _ = (Bench::ask, Bench::ask_as, Bench::get, Bench::post, Bench::send, Bench::session, Bench::log_in);
    let _ = (
        Bench::user,
        Bench::token,
        Bench::enter,
        Bench::forget,
        Ask::status,
        Ask::open,
        Live::end,
        Live::has_ended,
        Answer::json,
        Answer::header,
        Answer::between,
        Ask::accept_html,
    );
    let _ = |bench: &Bench| (bench.store.clone(), bench.url.clone(), bench.folder.path().to_owned());
    let _ = |answer: &Answer| answer.bytes.len();
    let _ = |session: &Session| (session.cookie.clone(), session.csrf.clone());
};
