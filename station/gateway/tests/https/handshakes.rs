//! What public TLS clients that do not trust the station say, as the line hears it.

use std::{process::Stdio, time::Duration};

use firstpass_domain::{Fact, evidence::Service};
use firstpass_gateway::https::{GatewayEvent, Limits};
use tokio::{io::AsyncWriteExt, net::TcpStream, process::Command};

use crate::station::Station;

/// Reason and validity of the next failed handshake.
async fn failure(station: &mut Station) -> (String, bool) {
    let event = station.event().await;
    let GatewayEvent::HandshakeFailed { peer, evidence } = event else { panic!("{event:?}") };
    assert!(peer.ip().is_loopback());
    let Fact::HandshakeFailed { service: Service::Https, reason, certificate_valid } = evidence.fact else {
        panic!("{evidence:?}")
    };
    (reason, certificate_valid)
}

/// OpenSSL's client, which says why it breaks off.
async fn s_client(station: &Station, arguments: &[&str]) {
    let mut command = Command::new("openssl");
    command.args(["s_client", "-connect", &format!("localhost:{}", station.port), "-verify_return_error"]);
    command.args(arguments).stdin(Stdio::null()).kill_on_drop(true).output().await.expect("openssl is installed");
}

fn alert(reason: &str) -> (String, bool) {
    (reason.to_owned(), true)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_does_not_know_our_ca_says_so_in_both_versions() {
    let mut station = Station::start().await;
    for version in ["-tls1_2", "-tls1_3"] {
        s_client(&station, &[version, "-no-CAfile", "-no-CApath", "-no-CAstore"]).await;
        assert_eq!(failure(&mut station).await, alert("unknown_ca"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_expects_another_name_says_bad_certificate() {
    let mut station = Station::start().await;
    let root = station.root_file();
    s_client(&station, &["-CAfile", root.to_str().unwrap(), "-verify_hostname", "evil.example"]).await;
    assert_eq!(failure(&mut station).await, alert("bad_certificate"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_whose_clock_is_ahead_says_expired_and_ours_says_valid() {
    let mut station = Station::start().await;
    let root = station.root_file();
    let late = (station.now().as_micros() / 1_000_000 + 40 * 365 * 24 * 60 * 60).to_string();
    s_client(&station, &["-CAfile", root.to_str().unwrap(), "-attime", &late]).await;
    assert_eq!(failure(&mut station).await, alert("certificate_expired"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_station_whose_clock_is_behind_says_that_its_certificate_is_not_valid() {
    let mut station = Station::start().await;
    let root = station.root_file();
    let today = (station.now().as_micros() / 1_000_000).to_string();
    station.set_back(Duration::from_secs(30 * 24 * 60 * 60));
    s_client(&station, &["-CAfile", root.to_str().unwrap(), "-attime", &today, "-verify_hostname", "evil"]).await;
    assert_eq!(failure(&mut station).await, ("bad_certificate".to_owned(), false));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_leaves_is_eof_one_that_is_silent_timed_out_and_one_without_tls_other() {
    let limits = Limits { handshake_timeout: Duration::from_secs(1), ..Limits::default() };
    let mut station = Station::with(limits).await;
    let silent = TcpStream::connect(("127.0.0.1", station.port)).await.unwrap();
    assert_eq!(failure(&mut station).await, alert("timed_out"));
    drop(silent);
    drop(TcpStream::connect(("127.0.0.1", station.port)).await.unwrap());
    assert_eq!(failure(&mut station).await, alert("eof"));
    let mut plain = TcpStream::connect(("127.0.0.1", station.port)).await.unwrap();
    plain.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
    assert_eq!(failure(&mut station).await, alert("other"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_bad_handshakes_leaves_room_for_what_the_line_needs() {
    const FLOOD: usize = 200;
    let mut station = Station::start().await;
    for _ in 0..FLOOD {
        let mut plain = TcpStream::connect(("127.0.0.1", station.port)).await.unwrap();
        plain.write_all(b"not TLS").await.unwrap();
        // It is judged when the station closes it.
        let _ = tokio::io::AsyncReadExt::read_to_end(&mut plain, &mut Vec::new()).await;
    }
    let unit = station.unit(false).await;
    station.provision(&unit).await.session();
    let mut failures = 0;
    while let GatewayEvent::HandshakeFailed { .. } = station.event().await {
        failures += 1;
    }
    assert!((1..FLOOD / 10).contains(&failures), "{failures}");
}
