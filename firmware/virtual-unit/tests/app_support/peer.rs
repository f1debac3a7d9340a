//! Servers on loopback, a thread for each connection; they end with the test's process.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};

use firstpass_contract::mqtt::{ConnectCode, Packet, QoS, SubscribeCode, decode, frame_length};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use super::SOON;

type Tls = StreamOwned<ServerConnection, TcpStream>;

/// An HTTPS server; what it was asked stands in `requests`.
pub(crate) struct Https {
    pub(crate) port: u16,
    pub(crate) requests: Receiver<Request>,
}

/// One request.
pub(crate) struct Request {
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Https {
    /// Answers every request with `reply`, which is given this port and the request line and returns status and body.
    pub(crate) fn serve(
        tls: Arc<ServerConfig>,
        reply: impl Fn(u16, &str) -> (u16, Vec<u8>) + Send + Sync + 'static,
    ) -> Self {
        Self::serve_with(tls, move |port, head| {
            let (status, body) = reply(port, head.lines().next().unwrap_or_default());
            (status, String::new(), body)
        })
    }

    /// Answers every request with `reply`, which is given this port and the whole head, and returns status, further
    /// header lines, and body.
    pub(crate) fn serve_with(
        tls: Arc<ServerConfig>,
        reply: impl Fn(u16, &str) -> (u16, String, Vec<u8>) + Send + Sync + 'static,
    ) -> Self {
        let (sender, requests) = channel();
        let port = listen(tls, move |mut stream| {
            let request = read_request(&mut stream)?;
            let (status, more, body) = reply(own_port(&stream)?, &request.head);
            let head = format!(
                "HTTP/1.1 {status} Status\r\ncontent-length: {}\r\n{more}connection: close\r\n\r\n",
                body.len()
            );
            drop(sender.send(request));
            stream.write_all(&[head.as_bytes(), &body].concat())?;
            stream.conn.send_close_notify();
            stream.flush()
        });
        Self { port, requests }
    }
}

fn own_port(stream: &Tls) -> io::Result<u16> {
    Ok(stream.sock.local_addr()?.port())
}

fn read_request(stream: &mut Tls) -> io::Result<Request> {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length =
                head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length:")?.trim().parse().ok());
            if body.len() >= length.unwrap_or(0) {
                return Ok(Request { head: head.to_owned(), body: body.to_owned() });
            }
        }
        bytes.extend(read_some(stream)?);
    }
}

/// A broker that lets everybody in.
pub(crate) struct Broker {
    pub(crate) port: u16,
    events: Receiver<Heard>,
}

/// What the broker heard.
#[derive(Debug)]
pub(crate) enum Heard {
    /// A packet; the broker answers CONNECT, SUBSCRIBE, PUBLISH and PINGREQ.
    Packet(Packet),
    /// A connection ended; how many client certificates it had shown, and how it ended.
    End(usize, io::ErrorKind),
}

impl Broker {
    /// Sends `greetings` to each unit that has subscribed.
    pub(crate) fn serve(tls: Arc<ServerConfig>, greetings: Vec<Packet>) -> Self {
        let (sender, events) = channel();
        let port = listen(tls, move |mut stream| {
            let end = converse(&mut stream, &greetings, &sender).expect_err("a conversation ends with an error");
            let certificates = stream.conn.peer_certificates().map_or(0, <[_]>::len);
            drop(sender.send(Heard::End(certificates, end.kind())));
            Ok(())
        });
        Self { port, events }
    }

    /// Refuses every login as one with a wrong password.
    pub(crate) fn refuse(tls: Arc<ServerConfig>) -> Self {
        let (_none, events) = channel();
        let port = listen(tls, move |mut stream| {
            read_some(&mut stream)?;
            let refusal = Packet::ConnAck { session_present: false, code: ConnectCode::BadLogin };
            stream.write_all(&refusal.to_bytes())
        });
        Self { port, events }
    }

    pub(crate) fn next(&self) -> Heard {
        self.events.recv_timeout(SOON).expect("the broker hears something in time")
    }

    #[track_caller]
    pub(crate) fn next_packet(&self) -> Packet {
        match self.next() {
            Heard::Packet(packet) => packet,
            Heard::End(_, kind) => panic!("the connection ended: {kind}"),
        }
    }
}

fn converse(stream: &mut Tls, greetings: &[Packet], heard: &Sender<Heard>) -> io::Result<()> {
    let mut bytes = Vec::new();
    loop {
        bytes.extend(read_some(stream)?);
        while let Some(length) = frame_length(&bytes, 65_536).expect("a frame").filter(|length| *length <= bytes.len())
        {
            let packet = decode(&bytes[..length]).expect("a packet");
            bytes.drain(..length);
            for answer in answers(&packet, greetings) {
                stream.write_all(&answer.to_bytes())?;
            }
            drop(heard.send(Heard::Packet(packet)));
        }
    }
}

fn answers(packet: &Packet, greetings: &[Packet]) -> Vec<Packet> {
    match packet {
        Packet::Connect(_) => vec![Packet::ConnAck { session_present: false, code: ConnectCode::Accepted }],
        Packet::Subscribe { id, subscriptions } => {
            let codes = vec![SubscribeCode::Granted(QoS::AtLeastOnce); subscriptions.len()];
            [vec![Packet::SubAck { id: *id, codes }], greetings.to_vec()].concat()
        }
        Packet::Publish(publish) => match publish.delivery {
            firstpass_contract::mqtt::Delivery::AtLeastOnce(id) => vec![Packet::PubAck(id)],
            _ => vec![],
        },
        Packet::PingReq => vec![Packet::PingResp],
        _ => vec![],
    }
}

fn read_some(stream: &mut Tls) -> io::Result<Vec<u8>> {
    let mut buffer = [0; 4096];
    match stream.read(&mut buffer)? {
        0 => Err(io::ErrorKind::ConnectionAborted.into()),
        count => Ok(buffer[..count].to_vec()),
    }
}

fn listen(tls: Arc<ServerConfig>, serve: impl Fn(Tls) -> io::Result<()> + Send + Sync + 'static) -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("loopback has a free port");
    let port = listener.local_addr().expect("a bound socket has an address").port();
    let serve = Arc::new(serve);
    std::thread::spawn(move || {
        for tcp in listener.incoming() {
            let connection = ServerConnection::new(Arc::clone(&tls)).expect("the configuration is right");
            let (stream, serve) = (StreamOwned::new(connection, tcp.expect("a connection")), Arc::clone(&serve));
            // A failed handshake is what some tests are about, so an error ends only its connection.
            std::thread::spawn(move || drop(serve(stream)));
        }
    });
    port
}
