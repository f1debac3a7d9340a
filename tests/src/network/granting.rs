//! A provisioning service of the device contract that grants every unit a session, unless it is told to be away. Real
//! TLS with a certificate of its own; knows no station.

use std::{
    io::{Read, Write},
    net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream},
    path::Path,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
    time::Duration,
};

use rustls::{ServerConnection, StreamOwned};
use serde_json::json;

use super::{CONNECTIONS_MAX, answer, identity::Identity};

/// How long a client may take to ask.
const PATIENCE: Duration = Duration::from_secs(15);

/// How the service stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It grants.
    Here,
    /// It closes every connection.
    Away,
    /// It answers every request with this status.
    Status(u16),
}

/// What the service grants besides an identity.
#[derive(Debug, Clone)]
pub struct Granted {
    /// Broker's address, as units reach it.
    pub mqtt_host: String,
    /// Broker's port.
    pub mqtt_port: u16,
}

/// The service, until it is dropped.
#[derive(Debug)]
pub struct GrantingService {
    address: SocketAddr,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    identity: Identity,
    granted: Granted,
    standing: Mutex<Standing>,
    asked: Mutex<Vec<String>>,
    stop: AtomicBool,
}

impl GrantingService {
    /// Opens it; the certificate that it shows is written to `certificate`.
    pub fn open(granted: Granted, certificate: &Path) -> anyhow::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let (identity, pem) = Identity::of_its_own(&address.ip().to_string())?;
        std::fs::write(certificate, pem)?;
        let (standing, asked) = (Mutex::new(Standing::Here), Mutex::default());
        let shared = Arc::new(Shared { identity, granted, standing, asked, stop: AtomicBool::new(false) });
        let served = Arc::clone(&shared);
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming().take(CONNECTIONS_MAX).map_while(Result::ok) {
                if served.stop.load(Ordering::Acquire) {
                    return;
                }
                // A client that fails ends its own connection only.
                let _ = served.meet(stream);
            }
        });
        Ok(Self { address, shared, thread: Some(thread) })
    }

    /// Its base URL.
    pub fn url(&self) -> String {
        format!("https://{}/api/v1", self.address)
    }

    /// How it stands from now on.
    pub fn stand(&self, standing: Standing) {
        *lock(&self.shared.standing) = standing;
    }

    /// The provisioning requests that came, as they came; the service was asked in no other way for a session.
    pub fn asked(&self) -> Vec<String> {
        lock(&self.shared.asked).iter().filter(|request| request.starts_with("POST ")).cloned().collect()
    }

    /// The password of the nth session, from 1.
    pub fn password(nth: usize) -> String {
        format!("granted-elsewhere-Qx7vT2mR9k-{nth:04}")
    }

    /// The token of the nth session, from 1.
    pub fn token(nth: usize) -> String {
        format!("dht_granted-elsewhere-Lw3nB8pZ5c-{nth:04}")
    }
}

impl Shared {
    fn meet(&self, stream: TcpStream) -> anyhow::Result<()> {
        let standing = *lock(&self.standing);
        if standing == Standing::Away {
            return Ok(stream.shutdown(Shutdown::Both)?);
        }
        stream.set_read_timeout(Some(PATIENCE))?;
        let mut tls = StreamOwned::new(ServerConnection::new(self.identity.0.clone())?, stream);
        let request = answer::read_request(&mut tls)?;
        let mut asked = lock(&self.asked);
        asked.push(String::from_utf8_lossy(&request).into_owned());
        let nth = asked.iter().filter(|request| request.starts_with("POST ")).count();
        drop(asked);
        let (status, body) = match standing {
            Standing::Status(status) => (status, "{}".to_owned()),
            Standing::Here | Standing::Away => (200, self.grant(nth)),
        };
        let (len, retry) = (body.len(), if status == 429 { "Retry-After: 60\r\n" } else { "" });
        let head = format!("HTTP/1.1 {status} Told\r\nContent-Type: application/json\r\nContent-Length: {len}\r\n");
        tls.write_all(format!("{head}{retry}Connection: close\r\n\r\n{body}").as_bytes())?;
        tls.conn.send_close_notify();
        tls.flush()?;
        tls.sock.shutdown(Shutdown::Write)?;
        // The client's farewell, so that nothing of the answer is lost.
        Ok(std::io::copy(&mut tls.sock.take(1024), &mut std::io::sink()).map(drop)?)
    }

    fn grant(&self, nth: usize) -> String {
        let Granted { mqtt_host, mqtt_port } = &self.granted;
        json!({
            "device_id": format!("elsewhere-{nth}"), "device_key": format!("ek{nth}"), "workspace_slug": "acme",
            "mqtt_host": mqtt_host, "mqtt_port": mqtt_port, "mqtt_tls": true,
            "mqtt_username": format!("eu{nth}"), "mqtt_password": GrantingService::password(nth),
            "device_http_token": GrantingService::token(nth),
        })
        .to_string()
    }
}

impl Drop for GrantingService {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Release);
        // Wakes the listener.
        let _ = TcpStream::connect(self.address);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
