//! Starting, failing and stopping.

use std::{pin::pin, sync::Arc, time::Duration};

use firstpass_domain::Timestamp;
use firstpass_gateway::https::{BasePath, GatewayEvent, HttpsServer, Limits, Protocol, Provisioner, Rate, server_tls};
use firstpass_store::Store;
use tokio::time::timeout;

use crate::{
    raw::Raw,
    station::{PATIENCE, Station, refused, workspace},
};

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_has_begun_is_answered_before_the_station_stops() {
    let mut station = Station::start().await;
    let unit = station.unit(false).await;
    let body = crate::station::request(None);
    let mut client = Raw::connect(&station).await;
    client.send(&post(&unit.code, body.len(), "Expect: 100-continue\r\n")).await;
    assert!(client.read_head().await.starts_with("HTTP/1.1 100"));
    station.token.cancel();
    // The port is closed as soon as the stop has been noticed.
    while tokio::net::TcpStream::connect(("127.0.0.1", station.port)).await.is_ok() {}
    client.send(&body).await;
    let answer = client.read_to_end().await;
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("mqtt_password"), "{answer}");
    timeout(PATIENCE, &mut station.running).await.expect("the server stops").unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bound_port_answers_nobody_until_the_server_runs() {
    let running = Station::start().await;
    let (station, open) = Station::bound(Limits::default()).await;
    let mut early = pin!(Raw::connect(&station));
    // A whole exchange with another station is time enough for an answer that must not come.
    tokio::select! {
        biased;
        _ = &mut early => panic!("answered before it runs"),
        answer = running.curl("/healthz", &[]) => assert_eq!(answer.status, 200),
    }
    open.send(()).unwrap();
    let mut client = timeout(PATIENCE, early).await.expect("the connection waited");
    client.send("GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").await;
    assert!(client.read_to_end().await.starts_with("HTTP/1.1 200"));
}

/// The head of a provisioning request.
fn post(code: &str, len: usize, more: &str) -> String {
    let fixed = "Host: localhost\r\nContent-Type: application/json\r\n";
    format!(
        "POST /api/v1/provision/device HTTP/1.1\r\n{fixed}{more}Content-Length: {len}\r\niotmer-auth-code: {code}\r\n\r\n"
    )
}

/// As many events as wait for the line before units do.
pub(crate) const EVENTS: u32 = 1024;

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_is_gone_is_answered_with_when_to_come_back() {
    let station = Station::start().await;
    let unit = station.unit(false).await;
    station.store.close().await;
    let answer = station.provision(&unit).await;
    assert_eq!(answer.refusal(), refused(503, "record_unavailable"));
    assert!(answer.head.contains("retry-after: "), "{}", answer.head);
    assert!(!answer.body.contains("sql"), "{}", answer.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_closes_idle_connections_and_the_port() {
    let mut station = Station::start().await;
    let mut idle = Raw::connect(&station).await;
    idle.send("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    station.token.cancel();
    timeout(PATIENCE, &mut station.running).await.expect("the server stops").unwrap();
    idle.read_to_end().await;
    assert!(tokio::net::TcpStream::connect(("127.0.0.1", station.port)).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_line_is_behind_units_wait_and_no_event_is_lost_when_one_goes_away() {
    let per_peer = Rate { burst: 2 * EVENTS, interval: Duration::from_millis(1) };
    let mut station = Station::with(Limits { per_peer, ..Limits::default() }).await;
    let unit = station.unit(false).await;
    let without_code = "POST /api/v1/provision/device HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n";
    let last = format!("{without_code}Connection: close\r\n\r\n");
    let flood = format!("{without_code}\r\n").repeat(EVENTS as usize - 1) + &last;
    let answers = Raw::connect(&station).await.exchange(&flood).await;
    assert_eq!(answers.matches("HTTP/1.1 401").count(), EVENTS as usize);

    let mut client = Raw::connect(&station).await;
    let body = crate::station::request(None);
    client.send(&(post(&unit.code, body.len(), "") + &body)).await;
    let recorded = async {
        while station.evidence(unit.run).await.is_empty() {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, recorded).await.expect("the session comes on record");
    drop(client);
    for _ in 0..EVENTS {
        assert!(matches!(station.event().await, GatewayEvent::ProvisionRefused { run: None, .. }));
    }
    assert!(matches!(station.event().await, GatewayEvent::Provisioned { run, .. } if run == unit.run));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_that_is_taken_is_named_with_a_remedy() {
    let station = Station::start().await;
    let addr = ([127, 0, 0, 1], station.port).into();
    let now = station.now();
    let tls = server_tls(&station.authority, Protocol::Https, Arc::new(move || now)).unwrap();
    let base = BasePath::default();
    let bound = HttpsServer::bind(addr, tls, station.provisioner.clone(), &base, Limits::default());
    let problem = bound.await.err().expect("it is refused").problem();
    assert!(problem.why.contains(&addr.to_string()) && problem.remedy.contains("another port"), "{problem}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_before_the_authority_stops_the_start() {
    let station = Station::start().await;
    let early = Arc::new(|| Timestamp::from_micros(0));
    let error = server_tls(&station.authority, Protocol::Https, early.clone()).unwrap_err();
    assert_eq!(error.problem().code, "clock_before_certificate");
    let made = Provisioner::new(station.store.clone(), station.authority.clone(), workspace(), early);
    assert_eq!(made.err().expect("it is refused").problem().code, "clock_before_certificate");
}

#[test]
fn a_base_path_has_a_slash_before_it_and_none_behind() {
    for good in ["", "/api/v1", "/a"] {
        assert_eq!(good.parse::<BasePath>().unwrap().as_str(), good);
    }
    for bad in ["/", "api", "/api/", "/a//b", "/a b", "/{x}", "/a?b"] {
        assert!(bad.parse::<BasePath>().is_err(), "{bad}");
    }
}
