//! Clients that dawdle cost only themselves.

use std::{io::ErrorKind, time::Duration};

use firstpass_gateway::https::Limits;
use tokio::{io::AsyncReadExt, net::TcpStream, time::timeout};

use crate::{
    raw::Raw,
    station::{PATIENCE, Station, refused},
};

/// Short for a limit, yet long for anything that must still happen within it on a busy machine.
const SHORT: Duration = Duration::from_secs(2);

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
async fn silent_tcp_clients_block_nobody() {
    let station = Station::with(Limits { handshake_timeout: 2 * PATIENCE, ..Limits::default() }).await;
    let silent = silent(&station).await;
    let unit = station.unit(false).await;
    station.provision(&unit).await.session();
    // None of them was put out to make that possible.
    for socket in silent {
        assert_eq!(socket.try_read(&mut [0]).unwrap_err().kind(), ErrorKind::WouldBlock);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn silent_tcp_clients_cannot_keep_every_place() {
    let limits = Limits { connections_max: SILENT, handshake_timeout: SHORT, ..Limits::default() };
    let station = Station::with(limits).await;
    for mut socket in silent(&station).await {
        let read = timeout(PATIENCE, socket.read(&mut [0])).await.expect("the station closes the connection");
        assert_eq!(read.unwrap_or(0), 0);
    }
    let unit = station.unit(false).await;
    station.provision(&unit).await.session();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_tcp_client_is_dropped() {
    let handshake_timeout = Duration::from_millis(50);
    let station = Station::with(Limits { handshake_timeout, ..Limits::default() }).await;
    let mut silent = TcpStream::connect(("127.0.0.1", station.port)).await.unwrap();
    let read = timeout(PATIENCE, silent.read(&mut [0])).await.expect("the station closes the connection");
    assert_eq!(read.unwrap_or(0), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_that_never_ends_closes_the_connection() {
    let station = Station::with(Limits { header_timeout: SHORT, ..Limits::default() }).await;
    let mut client = Raw::connect(&station).await;
    client.send("POST /api/v1/provision/device HTTP/1.1\r\nHost: localhost\r\nX: ").await;
    client.read_to_end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_connection_is_closed_after_its_answer() {
    let station = Station::with(Limits { header_timeout: SHORT, ..Limits::default() }).await;
    let mut client = Raw::connect(&station).await;
    client.send("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    assert!(client.read_to_end().await.starts_with("HTTP/1.1 200"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_does_not_come_is_refused_and_on_record() {
    let station = Station::with(Limits { body_timeout: SHORT, ..Limits::default() }).await;
    let unit = station.unit(false).await;
    let mut client = Raw::connect(&station).await;
    let head = "Host: localhost\r\nContent-Type: application/json\r\nContent-Length: 60\r\nConnection: close";
    client
        .send(&format!("POST /api/v1/provision/device HTTP/1.1\r\n{head}\r\niotmer-auth-code: {}\r\n\r\n{{", unit.code))
        .await;
    let answer = client.read_to_end().await;
    assert!(answer.starts_with("HTTP/1.1 408") && answer.contains("body_incomplete"), "{answer}");
    assert_eq!(station.refusals(unit.run).await, [refused(408, "body_incomplete")]);
    station.provision(&unit).await.session();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_beyond_the_bound_is_closed_and_a_later_one_is_served() {
    let station = Station::with(Limits { connections_max: 1, ..Limits::default() }).await;
    let mut first = Raw::connect(&station).await;
    let mut second = TcpStream::connect(("127.0.0.1", station.port)).await.unwrap();
    let read = timeout(PATIENCE, second.read(&mut [0])).await.expect("the station closes the connection");
    assert_eq!(read.unwrap_or(0), 0);
    first.send("GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").await;
    assert!(first.read_to_end().await.starts_with("HTTP/1.1 200"));
}
