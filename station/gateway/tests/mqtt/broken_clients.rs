//! Clients that are silent, cut short, oversized or out of order.

use std::time::Duration;

use firstpass_contract::mqtt::{ConnectCode, DecodeError, Delivery, Packet};
use firstpass_gateway::mqtt::{BrokerEventKind, DisconnectReason, Limits, Refusal};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use crate::{
    raw::{Client, connect, id, publish, topic},
    station::{PATIENCE, Station},
};

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_tcp_client_holds_up_nobody_and_is_put_out() {
    let limits = Limits { handshake_timeout: Duration::from_secs(2), ..Limits::default() };
    let mut station = Station::with(limits).await;
    let mut silent = TcpStream::connect(("127.0.0.1", station.port)).await.unwrap();
    Client::session(&station, "u1").await.ping().await;
    let read = timeout(PATIENCE, silent.read(&mut [0; 1])).await.unwrap();
    assert!(matches!(read, Ok(0) | Err(_)));
    let refusal = station.refusal().await;
    assert!(matches!(&refusal, Refusal::Handshake(fault) if fault.reason == "timed_out"), "{refusal:?}");
}

/// Silent connections from one address.
const SILENT: usize = 50;

async fn silent(station: &Station) -> Vec<TcpStream> {
    let mut silent = Vec::new();
    for _ in 0..SILENT {
        silent.push(TcpStream::connect(("127.0.0.1", station.port)).await.unwrap());
    }
    silent
}

#[tokio::test(flavor = "multi_thread")]
async fn a_unit_connects_while_many_clients_are_silent() {
    let limits = Limits { handshake_timeout: 2 * PATIENCE, ..Limits::default() };
    let mut station = Station::with(limits).await;
    let silent = silent(&station).await;
    Client::session(&station, "u1").await.ping().await;
    // None of them was put out to make that possible.
    assert!(matches!(station.event().await.kind, BrokerEventKind::Connected { .. }));
    drop(silent);
}

#[tokio::test(flavor = "multi_thread")]
async fn silent_clients_cannot_keep_every_place() {
    let limits = Limits { connections_max: SILENT, handshake_timeout: Duration::from_secs(2), ..Limits::default() };
    let station = Station::with(limits).await;
    for mut put_out in silent(&station).await {
        let read = timeout(PATIENCE, put_out.read(&mut [0; 1])).await.unwrap();
        assert!(matches!(read, Ok(0) | Err(_)));
    }
    Client::session(&station, "u1").await.ping().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_says_nothing_after_the_handshake_is_put_out() {
    let limits = Limits { connect_timeout: Duration::from_secs(1), ..Limits::default() };
    let mut station = Station::with(limits).await;
    Client::open(&station).await.expect_end().await;
    assert_eq!(station.refusal().await, Refusal::ConnectTimeout);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_without_tls_is_on_record() {
    let mut station = Station::start().await;
    let mut plain = TcpStream::connect(("127.0.0.1", station.port)).await.unwrap();
    plain.write_all(&Packet::Connect(connect("u1")).to_bytes()).await.unwrap();
    assert!(matches!(station.refusal().await, Refusal::Handshake(_)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connect_in_single_bytes_is_a_connect() {
    let station = Station::start().await;
    let mut client = Client::open(&station).await;
    for byte in Packet::Connect(connect("u1")).to_bytes() {
        client.send_bytes(&[byte]).await;
    }
    assert_eq!(client.connack().await, ConnectCode::Accepted);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_packet_that_is_wrong_gets_no_answer() {
    let mut station = Station::start().await;
    let connect_bytes = Packet::Connect(connect("u1")).to_bytes();
    let cases: [(Vec<u8>, Refusal); 5] = [
        (Packet::PingReq.to_bytes(), Refusal::NotConnect),
        (publish(&topic("u1", "state"), "x", Delivery::AtMostOnce, false).to_bytes(), Refusal::NotConnect),
        (b"GET / HTTP/1.1\r\n".to_vec(), Refusal::Malformed(DecodeError::Flags)),
        (
            b"\x10\xff\xff\xff\x7f".to_vec(),
            Refusal::Malformed(DecodeError::TooLarge { length: 5 + 268_435_455, max: 4096 }),
        ),
        (
            [&[connect_bytes[0], connect_bytes[1] - 1], &connect_bytes[2..]].concat(),
            Refusal::Malformed(DecodeError::Truncated),
        ),
    ];
    for (bytes, refusal) in cases {
        let mut client = Client::open(&station).await;
        client.send_bytes(&bytes).await;
        client.expect_end().await;
        assert_eq!(station.refusal().await, refusal);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connect_that_is_cut_is_on_record_as_gone() {
    let mut station = Station::start().await;
    let mut client = Client::open(&station).await;
    client.send_bytes(&Packet::Connect(connect("u1")).to_bytes()[..10]).await;
    client.cut();
    assert_eq!(station.refusal().await, Refusal::Gone);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_packet_out_of_order_or_out_of_form_ends_the_session_with_its_reason() {
    let mut station = Station::start().await;
    let out_of_order = [
        Packet::Connect(connect("u1")),
        Packet::PubAck(id(4)),
        Packet::PubRec(id(4)),
        Packet::PingResp,
        Packet::ConnAck { session_present: false, code: ConnectCode::Accepted },
    ];
    for packet in out_of_order {
        let mut client = Client::session(&station, "u1").await;
        client.send(&packet).await;
        client.expect_end().await;
        let (_, reason) = station.disconnect().await;
        assert!(matches!(reason, DisconnectReason::OutOfOrder(_)), "{packet:?}: {reason:?}");
    }
    let malformed: [(&[u8], DecodeError); 3] = [
        (b"\x82\x02\0\x01", DecodeError::Empty),
        (b"\x36\x05\0\x01a\0\x01", DecodeError::QoS),
        (b"\x30\xff\xff\x7f", DecodeError::TooLarge { length: 4 + 0x1f_ffff, max: 64 * 1024 }),
    ];
    for (bytes, error) in malformed {
        let mut client = Client::session(&station, "u1").await;
        client.send_bytes(bytes).await;
        client.expect_end().await;
        assert_eq!(station.disconnect().await.1, DisconnectReason::Malformed(error));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_connection_too_many_is_closed_and_on_record() {
    let mut station = Station::with(Limits { connections_max: 1, ..Limits::default() }).await;
    let mut first = Client::session(&station, "u1").await;
    let mut second = TcpStream::connect(("127.0.0.1", station.port)).await.unwrap();
    assert!(matches!(timeout(PATIENCE, second.read(&mut [0; 1])).await.unwrap(), Ok(0) | Err(_)));
    assert_eq!(station.refusal().await, Refusal::TooManyConnections);
    first.ping().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_beyond_the_bound_are_each_on_record_however_slowly_that_is_read() {
    let limits = Limits { connections_max: 1, events_max: 1, ..Limits::default() };
    let mut station = Station::with(limits).await;
    let first = TcpStream::connect(("127.0.0.1", station.port)).await.unwrap();
    let mut others = Vec::new();
    for _ in 0..SILENT {
        others.push(TcpStream::connect(("127.0.0.1", station.port)).await.unwrap());
    }
    for _ in 0..SILENT {
        assert_eq!(station.refusal().await, Refusal::TooManyConnections);
    }
    drop(first);
}
