//! A client that sends what it is told, right or wrong.

use std::{net::Ipv4Addr, num::NonZeroU16, sync::Arc};

use firstpass_contract::mqtt::{
    Connect, ConnectCode, Delivery, Packet, Password, Publish, QoS, SubscribeCode, Subscription, TopicFilter, Will,
    decode, frame_length,
};
use rustls::{ClientConfig, HandshakeKind, RootCertStore, SupportedProtocolVersion, pki_types::ServerName};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::{TlsConnector, client::TlsStream};

use crate::{
    ca::Identity,
    station::{PATIENCE, Station},
};

pub(crate) struct Client {
    stream: TlsStream<TcpStream>,
    buffer: Vec<u8>,
}

/// A CONNECT as the device contract has it.
pub(crate) fn connect(username: &str) -> Connect {
    Connect {
        client_id: username.to_owned(),
        keep_alive_s: 60,
        clean_session: true,
        will: None,
        username: Some(username.to_owned()),
        password: Some(Password::new(format!("pw-{username}"))),
    }
}

pub(crate) fn presence_will(username: &str) -> Will {
    Will { topic: topic(username, "presence/"), payload: b"OFFLINE".to_vec(), qos: QoS::AtLeastOnce, retain: true }
}

pub(crate) fn topic(username: &str, rest: &str) -> String {
    format!("acme/key-{username}/{rest}")
}

pub(crate) fn id(value: u16) -> NonZeroU16 {
    NonZeroU16::new(value).unwrap()
}

pub(crate) fn publish(topic: &str, payload: &str, delivery: Delivery, retain: bool) -> Packet {
    Packet::Publish(Publish { dup: false, retain, delivery, topic: topic.into(), payload: payload.into() })
}

pub(crate) fn client_config(station: &Station, identity: Option<Identity>) -> Arc<ClientConfig> {
    client_config_of(station, identity, rustls::DEFAULT_VERSIONS)
}

/// A client's side of TLS that speaks these versions only.
pub(crate) fn client_config_of(
    station: &Station,
    identity: Option<Identity>,
    versions: &[&'static SupportedProtocolVersion],
) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add(station.ca.root_der()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(versions)
        .unwrap()
        .with_root_certificates(roots);
    Arc::new(match identity {
        Some((chain, key)) => builder.with_client_auth_cert(chain, key).unwrap(),
        None => builder.with_no_client_auth(),
    })
}

impl Client {
    /// A TLS connection without a word.
    pub(crate) async fn open(station: &Station) -> Self {
        Self::open_with(station.port, client_config(station, None)).await.unwrap()
    }

    pub(crate) async fn open_with(port: u16, config: Arc<ClientConfig>) -> std::io::Result<Self> {
        let socket = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?;
        socket.set_nodelay(true)?;
        let name = ServerName::try_from("localhost").unwrap();
        let stream = TlsConnector::from(config).connect(name, socket).await?;
        Ok(Self { stream, buffer: Vec::new() })
    }

    /// A session of the unit or monitor `username`.
    pub(crate) async fn session(station: &Station, username: &str) -> Self {
        Self::session_of(station, connect(username)).await
    }

    pub(crate) async fn session_of(station: &Station, connect: Connect) -> Self {
        let (client, code) = Self::login(station, connect).await;
        assert_eq!(code, ConnectCode::Accepted);
        client
    }

    /// Sends the CONNECT and returns the answer.
    pub(crate) async fn login(station: &Station, connect: Connect) -> (Self, ConnectCode) {
        let mut client = Self::open(station).await;
        client.send(&Packet::Connect(connect)).await;
        let code = client.connack().await;
        (client, code)
    }

    /// Whether the TLS session was made anew.
    pub(crate) fn handshake(&self) -> HandshakeKind {
        self.stream.get_ref().1.handshake_kind().unwrap()
    }

    pub(crate) async fn connack(&mut self) -> ConnectCode {
        match self.receive().await {
            Packet::ConnAck { session_present: false, code } => code,
            other => panic!("no CONNACK: {other:?}"),
        }
    }

    pub(crate) async fn send(&mut self, packet: &Packet) {
        self.send_bytes(&packet.to_bytes()).await;
    }

    pub(crate) async fn send_bytes(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.unwrap();
        self.stream.flush().await.unwrap();
    }

    pub(crate) async fn receive(&mut self) -> Packet {
        self.next().await.expect("a packet, not the end")
    }

    /// The connection must end without another packet.
    pub(crate) async fn expect_end(&mut self) {
        let packet = self.next().await;
        assert_eq!(packet, None);
    }

    /// The next packet; `None` at the end of the connection.
    pub(crate) async fn next(&mut self) -> Option<Packet> {
        loop {
            if let Some(length) = frame_length(&self.buffer, usize::MAX).unwrap()
                && length <= self.buffer.len()
            {
                let frame: Vec<u8> = self.buffer.drain(..length).collect();
                return Some(decode(&frame).unwrap());
            }
            let read = timeout(PATIENCE, self.stream.read_buf(&mut self.buffer)).await.expect("an answer in time");
            if !matches!(read, Ok(1..)) {
                return None;
            }
        }
    }

    pub(crate) async fn subscribe(&mut self, filter: &str, qos: QoS) -> SubscribeCode {
        let subscriptions = vec![Subscription { filter: TopicFilter::new(filter).unwrap(), qos }];
        self.send(&Packet::Subscribe { id: id(77), subscriptions }).await;
        match self.receive().await {
            Packet::SubAck { codes, .. } => codes[0],
            other => panic!("no SUBACK: {other:?}"),
        }
    }

    /// Publishes with QoS 1 and waits for the acknowledgement.
    pub(crate) async fn publish(&mut self, topic: &str, payload: &str, retain: bool) {
        self.send(&publish(topic, payload, Delivery::AtLeastOnce(id(9)), retain)).await;
        assert_eq!(self.receive().await, Packet::PubAck(id(9)));
    }

    /// The next message, acknowledged: topic, payload, retained.
    pub(crate) async fn message(&mut self) -> (String, String, bool) {
        let Packet::Publish(publish) = self.receive().await else { panic!("no message") };
        if let Delivery::AtLeastOnce(id) = publish.delivery {
            self.send(&Packet::PubAck(id)).await;
        }
        (publish.topic, String::from_utf8(publish.payload).unwrap(), publish.retain)
    }

    /// Round trip, after which everything sent before has been dealt with.
    pub(crate) async fn ping(&mut self) {
        self.send(&Packet::PingReq).await;
        assert_eq!(self.receive().await, Packet::PingResp);
    }

    /// Cuts the TCP connection, without MQTT's or TLS's goodbye.
    pub(crate) fn cut(self) {
        drop(self.stream.into_inner().0);
    }
}
