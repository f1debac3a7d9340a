//! A listener to a stream of server-sent events, who reads message after message.

use std::time::Duration;

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

use super::support::{Bench, Session};

/// How long something may take to come.
const PATIENCE: Duration = Duration::from_secs(30);

/// A message of the stream.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Message {
    /// Its name; empty for fragments.
    pub(crate) event: String,
    /// What is in it.
    pub(crate) data: String,
}

/// A listener.
pub(crate) struct Listener {
    socket: TcpStream,
    /// What came and was not read yet, without the chunks of HTTP.
    text: String,
    raw: Vec<u8>,
    /// The answer's status and headers.
    pub(crate) head: String,
}

impl Listener {
    /// Listens as somebody.
    pub(crate) async fn open(bench: &Bench, session: &Session, language: &str) -> Self {
        let place = bench.url.trim_start_matches("http://").to_owned();
        let mut socket = TcpStream::connect(&place).await.unwrap();
        let cookie = &session.cookie;
        let ask = format!(
            "GET /line/events HTTP/1.1\r\nhost: {place}\r\ncookie: {cookie}\r\naccept: text/event-stream\r\nconnection: close\r\naccept-language: {language}\r\n\r\n"
        );
        socket.write_all(ask.as_bytes()).await.unwrap();
        let mut listener = Self { socket, text: String::new(), raw: Vec::new(), head: String::new() };
        while !listener.raw.windows(4).any(|end| end == b"\r\n\r\n") {
            assert!(listener.read().await, "the answer has no head");
        }
        let end = listener.raw.windows(4).position(|end| end == b"\r\n\r\n").unwrap() + 4;
        listener.head = String::from_utf8(listener.raw.drain(..end).collect()).unwrap();
        listener
    }

    /// The next message; `None` when the stream has ended.
    pub(crate) async fn next(&mut self) -> Option<Message> {
        loop {
            self.unpack();
            if let Some((message, rest)) = self.text.split_once("\n\n") {
                let message = parse(message);
                self.text = rest.to_owned();
                return Some(message);
            }
            if !self.read().await {
                return None;
            }
        }
    }

    /// The first message that is like this.
    pub(crate) async fn until(&mut self, like: impl Fn(&Message) -> bool) -> Message {
        loop {
            let message = self.next().await.expect("the stream goes on");
            if like(&message) {
                return message;
            }
        }
    }

    /// The first fragments that hold all these texts.
    pub(crate) async fn fragment(&mut self, parts: &[&str]) -> String {
        self.until(|message| message.event.is_empty() && parts.iter().all(|part| message.data.contains(part)))
            .await
            .data
    }

    async fn read(&mut self) -> bool {
        let mut buffer = [0; 16 * 1024];
        let read =
            timeout(PATIENCE, self.socket.read(&mut buffer)).await.expect("something comes in time").unwrap_or(0);
        self.raw.extend_from_slice(&buffer[..read]);
        read > 0
    }

    /// Takes whole chunks of HTTP apart.
    fn unpack(&mut self) {
        while let Some(line) = self.raw.windows(2).position(|end| end == b"\r\n") {
            let size = std::str::from_utf8(&self.raw[..line]).unwrap();
            let size = usize::from_str_radix(size.trim(), 16).unwrap();
            let (from, to) = (line + 2, line + 2 + size);
            if self.raw.len() < to + 2 {
                return;
            }
            // A chunk holds whole messages.
            self.text.push_str(std::str::from_utf8(&self.raw[from..to]).unwrap());
            self.raw.drain(..to + 2);
        }
    }
}

fn parse(text: &str) -> Message {
    let mut message = Message::default();
    for line in text.lines() {
        match line.split_once(": ") {
            Some(("event", name)) => message.event = name.to_owned(),
            Some(("data", data)) => message.data.push_str(data),
            Some(_) | None => {}
        }
    }
    message
}
