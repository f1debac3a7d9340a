//! A provisioning service on loopback, with an authority of its own, that answers as the test says.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use firstpass_authority::{Authority, Settings};
use firstpass_contract::Secret;
use firstpass_domain::Timestamp;
use firstpass_gateway::https::{Upstream, upstream_trust};
use rustls::{ServerConfig, sign::CertifiedKey};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::{Semaphore, mpsc},
    task::JoinHandle,
    time::timeout,
};
use tokio_rustls::TlsAcceptor;

use crate::station::PATIENCE;

/// The code that the service knows.
pub(crate) const FACTORY_CODE: &str = "the-factory-code-of-the-service";

/// The password that it gives out.
pub(crate) const PASSWORD: &str = "a-password-of-the-service-0123456789";

/// The token that it gives out.
pub(crate) const TOKEN: &str = "dht_a-token-of-the-service-0123456789";

/// A service that listens.
pub(crate) struct Service {
    pub(crate) port: u16,
    /// What comes in, in order; probes without a body are left out.
    pub(crate) requests: mpsc::UnboundedReceiver<Asked>,
    /// Answers leave only with a permit of this.
    pub(crate) gate: Arc<Semaphore>,
    reply: Arc<Mutex<Reply>>,
    root: PathBuf,
    serving: JoinHandle<()>,
    _folder: tempfile::TempDir,
}

/// A request as the service got it.
#[derive(Debug)]
pub(crate) struct Asked {
    /// In lower case.
    pub(crate) head: String,
    pub(crate) body: Value,
}

/// What the service answers to every request.
#[derive(Debug, Clone)]
pub(crate) enum Reply {
    /// Status line after the version, and the body.
    Http(&'static str, String),
    /// Nothing: it closes the connection.
    Hangs,
}

impl Service {
    /// A service that grants the session of [`grant`].
    pub(crate) async fn start(now: Timestamp) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let authority = Authority::open_or_create(folder.path(), Settings::default(), now).unwrap();
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (sender, requests) = mpsc::unbounded_channel();
        let reply = Arc::new(Mutex::new(Reply::Http("200 OK", grant().to_string())));
        let gate = Arc::new(Semaphore::new(Semaphore::MAX_PERMITS));
        let serving = tokio::spawn(serve(listener, acceptor(&authority, now), sender, reply.clone(), gate.clone()));
        let root = folder.path().join("root.pem");
        Self { port, requests, gate, reply, root, serving, _folder: folder }
    }

    /// How a station reaches it.
    pub(crate) fn settings(&self) -> Upstream {
        Upstream {
            url: format!("https://localhost:{}/cloud/v1", self.port).parse().unwrap(),
            trust: upstream_trust(Some(&self.root)).unwrap(),
            auth_code: Secret::new(FACTORY_CODE),
            timeout: Duration::from_secs(8),
            workspace_id: None,
            forward_mac: false,
            forward_firmware: true,
        }
    }

    pub(crate) fn reply(&self, reply: Reply) {
        *self.reply.lock().unwrap_or_else(PoisonError::into_inner) = reply;
    }

    /// Grants what [`grant`] has, changed.
    pub(crate) fn grant_with(&self, changes: &[(&str, Value)]) {
        let mut fields = grant();
        changes.iter().for_each(|(name, value)| fields[*name] = value.clone());
        self.reply(Reply::Http("201 Created", fields.to_string()));
    }

    pub(crate) async fn request(&mut self) -> Asked {
        timeout(PATIENCE, self.requests.recv()).await.expect("a request in time").unwrap()
    }

    /// How many requests came that were not looked at.
    pub(crate) fn further(&mut self) -> usize {
        std::iter::from_fn(|| self.requests.try_recv().ok()).count()
    }

    /// Stops listening.
    pub(crate) async fn stop(&mut self) {
        self.serving.abort();
        let _ = (&mut self.serving).await;
    }
}

/// A complete session whose broker is the test station's.
pub(crate) fn grant() -> Value {
    json!({
        "device_id": "cloud-1", "device_key": "ck1", "mqtt_host": "LOCALHOST", "mqtt_port": 0, "mqtt_username": "cu1",
        "mqtt_password": PASSWORD, "device_http_token": TOKEN, "plan": "gold", "data": { "workspace_slug": "cloud" },
    })
}

fn acceptor(authority: &Authority, now: Timestamp) -> TlsAcceptor {
    let identity = authority.server_certificate(now).unwrap();
    let key = rustls::crypto::ring::sign::any_supported_type(&identity.key).unwrap();
    let certified = Arc::new(CertifiedKey::new(identity.chain.clone(), key));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let resolver = Arc::new(rustls::sign::SingleCertAndKey::from(certified));
    TlsAcceptor::from(Arc::new(config.with_no_client_auth().with_cert_resolver(resolver)))
}

async fn serve(
    listener: TcpListener,
    acceptor: TlsAcceptor,
    requests: mpsc::UnboundedSender<Asked>,
    reply: Arc<Mutex<Reply>>,
    gate: Arc<Semaphore>,
) {
    loop {
        let (socket, _) = listener.accept().await.unwrap();
        let answered = answer(acceptor.clone(), socket, requests.clone(), Arc::clone(&reply), Arc::clone(&gate));
        tokio::spawn(answered);
    }
}

/// `None` when the client went away.
async fn answer(
    acceptor: TlsAcceptor,
    socket: TcpStream,
    requests: mpsc::UnboundedSender<Asked>,
    reply: Arc<Mutex<Reply>>,
    gate: Arc<Semaphore>,
) -> Option<()> {
    let mut stream = acceptor.accept(socket).await.ok()?;
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    let head = String::from_utf8(head).unwrap().to_lowercase();
    if !head.starts_with("head ") {
        let len = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap().parse().unwrap();
        let mut body = vec![0; len];
        stream.read_exact(&mut body).await.ok()?;
        requests.send(Asked { head, body: serde_json::from_slice(&body).unwrap() }).ok()?;
        gate.acquire().await.unwrap().forget();
    }
    let reply = reply.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let Reply::Http(status, body) = reply else { return None };
    let len = body.len();
    let text = format!("HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len}\r\n\r\n{body}");
    stream.write_all(text.as_bytes()).await.ok()?;
    stream.shutdown().await.ok()
}
