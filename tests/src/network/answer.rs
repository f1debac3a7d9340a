//! A wrong answer to a request that was read.

use std::{
    io::{Read, Write},
    net::{Shutdown, TcpStream},
    time::Duration,
};

use rustls::{ServerConnection, StreamOwned};

use super::identity::Identity;

/// Longest request that is read, in bytes.
const REQUEST_MAX: usize = 16 * 1024;
/// How long a client may take to ask.
const PATIENCE: Duration = Duration::from_secs(15);

/// What goes back, byte by byte, and whether the connection then ends as TLS wants it.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    bytes: Vec<u8>,
    ends_properly: bool,
}

impl Answer {
    /// An answer with this status and an empty JSON object.
    pub(super) fn status(status: u16) -> Self {
        let retry = if status == 429 { "Retry-After: 60\r\n" } else { "" };
        Self::http(status, "application/json", retry, "{}")
    }

    /// Sends the client to a log-in page.
    pub(super) fn portal() -> Self {
        Self::http(302, "text/html", "Location: https://portal.guest-network.example/login\r\n", "")
    }

    /// A page for people.
    pub(super) fn html() -> Self {
        Self::http(200, "text/html", "", "<!DOCTYPE html><title>Welcome</title><p>Log in to go on.")
    }

    /// A whole body whose JSON ends in the middle.
    pub(super) fn truncated_json() -> Self {
        Self::http(200, "application/json", "", r#"{"device_id":"dev-0123","device_key":"k01"#)
    }

    /// A body that ends before its announced length, without a farewell.
    pub(super) fn cut() -> Self {
        let mut answer = Self::http(200, "application/json", "", &format!("{{\"device_id\":\"{}\"}}", "x".repeat(400)));
        answer.bytes.truncate(answer.bytes.len() - 200);
        Self { ends_properly: false, ..answer }
    }

    fn http(status: u16, kind: &str, more: &str, body: &str) -> Self {
        let len = body.len();
        let head = format!("HTTP/1.1 {status} Told\r\nContent-Type: {kind}\r\nContent-Length: {len}\r\n");
        let bytes = format!("{head}{more}Connection: close\r\n\r\n{body}").into_bytes();
        Self { bytes, ends_properly: true }
    }

    /// Shakes hands, reads a request and answers it. Whatever fails ends the connection, as it does on a network.
    pub(super) fn give(&self, identity: &Identity, stream: TcpStream) {
        let _ = self.try_give(identity, stream);
    }

    fn try_give(&self, identity: &Identity, stream: TcpStream) -> anyhow::Result<()> {
        stream.set_read_timeout(Some(PATIENCE))?;
        let mut tls = StreamOwned::new(ServerConnection::new(identity.0.clone())?, stream);
        read_request(&mut tls)?;
        tls.write_all(&self.bytes)?;
        if self.ends_properly {
            tls.conn.send_close_notify();
        }
        tls.flush()?;
        tls.sock.shutdown(Shutdown::Write)?;
        Ok(())
    }
}

/// Reads head and body; a client that speaks no HTTP is read until its first pause.
pub(super) fn read_request(stream: &mut impl Read) -> std::io::Result<Vec<u8>> {
    let (mut request, mut buffer) = (Vec::new(), [0; 1024]);
    while request.len() < REQUEST_MAX && !is_whole(&request) {
        match stream.read(&mut buffer)? {
            0 => break,
            count => request.extend_from_slice(&buffer[..count]),
        }
    }
    Ok(request)
}

fn is_whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request);
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length =
        head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length:").map(str::to_owned));
    length.and_then(|len| len.trim().parse::<usize>().ok()).is_none_or(|len| body.len() >= len)
}
