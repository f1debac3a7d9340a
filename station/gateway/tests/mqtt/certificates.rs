//! Client certificates: whose they are, and who is refused for one.

use std::sync::Arc;

use firstpass_contract::mqtt::{ConnectCode, Packet};
use firstpass_domain::{Fact, Sha256Digest, evidence::Service};
use firstpass_gateway::mqtt::{BrokerEventKind, Refusal};

use rustls::HandshakeKind;

use crate::{
    ca::{Ca, Identity},
    raw::{Client, client_config, client_config_of, connect},
    station::Station,
};

async fn login(station: &Station, identity: &Identity) -> ConnectCode {
    let identity = (identity.0.clone(), identity.1.clone_key());
    let mut client = Client::open_with(station.port, client_config(station, Some(identity))).await.unwrap();
    client.send(&Packet::Connect(connect("u1"))).await;
    client.connack().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_units_own_certificate_is_on_record_with_its_session() {
    let mut station = Station::start().await;
    station.logins.put("u1", |login| login.certificate.required = true);
    let identity = station.ca.client(&["urn:firstpass:device:dev-u1"]);
    assert_eq!(login(&station, &identity).await, ConnectCode::Accepted);
    let event = station.event().await;
    assert!(matches!(event.kind, BrokerEventKind::Connected { .. }));
    let certificate = event.origin.certificate.unwrap();
    assert_eq!(certificate.device_id.unwrap().as_str(), "dev-u1");
    assert_eq!(certificate.fingerprint, Sha256Digest::of(&identity.0[0]));
}

#[tokio::test(flavor = "multi_thread")]
async fn another_units_certificate_is_refused_although_the_password_is_right() {
    let mut station = Station::start().await;
    let uris: [&[&str]; 5] = [
        &["urn:firstpass:device:dev-u2"],
        &["urn:firstpass:device:dev-u11"],
        &["urn:other:urn:firstpass:device:dev-u1"],
        &["urn:firstpass:device:dev-u1", "urn:firstpass:device:dev-u2"],
        &[],
    ];
    for uris in uris {
        let identity = station.ca.client(uris);
        assert_eq!(login(&station, &identity).await, ConnectCode::NotAuthorized, "{uris:?}");
        assert_eq!(station.refusal().await, Refusal::ForeignCertificate);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_certificate_of_the_same_unit_is_refused_once_a_newer_is_pinned() {
    let mut station = Station::start().await;
    let uri = "urn:firstpass:device:dev-u1";
    let (older, newer) = (station.ca.client(&[uri]), station.ca.client(&[uri]));
    let pinned = Sha256Digest::of(&newer.0[0]);
    station.logins.put("u1", |login| login.certificate.fingerprint = Some(pinned));
    assert_eq!(login(&station, &older).await, ConnectCode::NotAuthorized);
    assert_eq!(station.refusal().await, Refusal::ForeignCertificate);
    assert_eq!(login(&station, &newer).await, ConnectCode::Accepted);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_of_another_ca_ends_the_handshake() {
    let mut station = Station::start().await;
    let foreign = Ca::new(station.now()).client(&["urn:firstpass:device:dev-u1"]);
    let config = client_config(&station, Some(foreign));
    // With TLS 1.3 the client may believe the handshake done before the server has judged its certificate.
    if let Ok(mut client) = Client::open_with(station.port, Arc::clone(&config)).await {
        client.expect_end().await;
    }
    assert!(matches!(station.refusal().await, Refusal::Handshake(_)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_does_not_know_our_ca_is_evidence_with_its_alert() {
    let mut station = Station::start().await;
    let stranger = Station::start().await;
    assert!(Client::open_with(station.port, client_config(&stranger, None)).await.is_err());
    let evidence = station.event().await.handshake_failed().unwrap();
    let expected =
        Fact::HandshakeFailed { service: Service::Mqtt, reason: "unknown_ca".to_owned(), certificate_valid: true };
    assert_eq!(evidence.fact, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_unit_that_comes_back_proves_its_certificate_anew() {
    let mut station = Station::start().await;
    station.logins.put("u1", |login| login.certificate.required = true);
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let identity = station.ca.client(&["urn:firstpass:device:dev-u1"]);
        // One configuration remembers what the broker gave to resume with, and would use it.
        let config = client_config_of(&station, Some(identity), &[version]);
        for _ in 0..2 {
            let mut client = Client::open_with(station.port, Arc::clone(&config)).await.unwrap();
            client.send(&Packet::Connect(connect("u1"))).await;
            assert_eq!(client.connack().await, ConnectCode::Accepted);
            assert_eq!(client.handshake(), HandshakeKind::Full, "{version:?}");
            let connected = station.until(|kind| matches!(kind, BrokerEventKind::Connected { .. })).await;
            assert!(connected.origin.certificate.is_some());
        }
    }
}
