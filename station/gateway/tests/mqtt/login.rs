//! Who gets in, and what the others are told.

use std::{
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

use firstpass_contract::mqtt::{Connect, ConnectCode, Packet, Password};
use firstpass_domain::PasswordVerifier;
use firstpass_gateway::mqtt::{BrokerEventKind, DisconnectReason, Limits, Refusal, Role};

use crate::{
    raw::{Client, connect, presence_will, topic},
    station::{OBSERVER, PATIENCE, Station},
};

#[tokio::test(flavor = "multi_thread")]
async fn each_wrong_login_has_its_code_and_its_reason() {
    let mut station = Station::start().await;
    station.logins.put("off", |login| login.enabled = false);
    station.logins.put("sealed", |login| login.certificate.required = true);
    let with = |username: &str, change: fn(&mut Connect)| {
        let mut packet = connect(username);
        change(&mut packet);
        packet
    };
    let foreign_will = |packet: &mut Connect| packet.will = Some(presence_will("u2"));
    let cases = [
        (with("u1", |p| p.password = Some(Password::new(*b"guess"))), ConnectCode::BadLogin, Refusal::WrongPassword),
        (with("u1", |p| p.password = Some(Password::new([0xff]))), ConnectCode::BadLogin, Refusal::WrongPassword),
        (with("nobody", |_| {}), ConnectCode::BadLogin, Refusal::UnknownUser),
        (with("u1", |p| (p.username, p.password) = (None, None)), ConnectCode::BadLogin, Refusal::NoLogin),
        (with("u1", |p| p.client_id = "u2".into()), ConnectCode::NotAuthorized, Refusal::WrongClientId),
        (with("u1", |p| p.client_id.clear()), ConnectCode::NotAuthorized, Refusal::WrongClientId),
        (with("off", |_| {}), ConnectCode::NotAuthorized, Refusal::Disabled),
        (with("sealed", |_| {}), ConnectCode::NotAuthorized, Refusal::MissingCertificate),
        (with("u1", foreign_will), ConnectCode::NotAuthorized, Refusal::ForeignWillTopic),
        (
            with("u1", |p| (p.client_id, p.clean_session) = (String::new(), false)),
            ConnectCode::BadClientId,
            Refusal::ClientIdForm,
        ),
        (with("u1", |p| p.client_id = "x".repeat(129)), ConnectCode::BadClientId, Refusal::ClientIdForm),
    ];
    for (packet, code, refusal) in cases {
        let (mut client, told) = Client::login(&station, packet).await;
        assert_eq!((told, station.refusal().await), (code, refusal));
        client.expect_end().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_will_beside_the_units_topics_is_refused_even_under_its_own_prefix() {
    let mut station = Station::start().await;
    let mut packet = connect("u1");
    packet.will = Some(presence_will("u1"));
    packet.will.as_mut().unwrap().topic = topic("u1", "cmd/ping");
    assert_eq!(Client::login(&station, packet).await.1, ConnectCode::NotAuthorized);
    assert_eq!(station.refusal().await, Refusal::ForeignWillTopic);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_protocol_level_is_told_so() {
    let mut station = Station::start().await;
    let levels: [(&[u8], u8); 2] =
        [(b"\x10\x0f\0\x04MQTT\x05\x02\0\x3c\0\0\x02u1", 5), (b"\x10\x10\0\x06MQIsdp\x03\x02\0\x3c\0\x02u1", 3)];
    for (bytes, level) in levels {
        let mut client = Client::open(&station).await;
        client.send_bytes(bytes).await;
        assert_eq!(client.connack().await, ConnectCode::BadProtocolLevel);
        client.expect_end().await;
        assert_eq!(station.refusal().await, Refusal::ProtocolLevel(level));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_right_login_is_on_record_with_what_it_may_do() {
    let mut station = Station::start().await;
    for (username, expected) in [("u1", Role::Device), (OBSERVER, Role::Observer)] {
        Client::session(&station, username).await;
        let event = station.event().await;
        assert_eq!(event.origin.username.as_deref(), Some(username));
        let BrokerEventKind::Connected { role, keep_alive_s, client_id, .. } = event.kind else {
            panic!("{:?}", event.kind)
        };
        assert_eq!((role, keep_alive_s, client_id.as_str()), (expected, 60, username));
        station.disconnect().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn guessing_is_slowed_down_and_forgiven_after_the_window() {
    let mut station = Station::with(Limits { failures_per_username_max: 3, ..Limits::default() }).await;
    let mut guess = connect("u1");
    guess.password = Some(Password::new(*b"guess"));
    for _ in 0..3 {
        assert_eq!(Client::login(&station, guess.clone()).await.1, ConnectCode::BadLogin);
    }
    assert_eq!(Client::login(&station, connect("u1")).await.1, ConnectCode::ServerUnavailable);
    station.until(|kind| *kind == BrokerEventKind::Refused(Refusal::RateLimited)).await;
    Client::session(&station, "u2").await;
    station.advance(Duration::from_secs(60));
    Client::session(&station, "u1").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_is_away_refuses_without_blame() {
    let mut station = Station::start().await;
    station.logins.fail.store(true, Ordering::SeqCst);
    assert_eq!(Client::login(&station, connect("u1")).await.1, ConnectCode::ServerUnavailable);
    assert_eq!(station.refusal().await, Refusal::CredentialsUnavailable);
}

#[tokio::test(flavor = "multi_thread")]
async fn rotated_credentials_cut_the_open_session() {
    let mut station = Station::start().await;
    let mut client = Client::session(&station, "u1").await;
    let other = Client::session(&station, "u2").await;
    station.logins.put("u1", |login| login.verifier = PasswordVerifier::make("new", [9; 16]));
    assert_eq!(station.handle.disconnect("u1"), 1);
    client.expect_end().await;
    assert_eq!(station.disconnect().await.1, DisconnectReason::Withdrawn);
    assert_eq!(Client::login(&station, connect("u1")).await.1, ConnectCode::BadLogin);
    let mut renewed = connect("u1");
    renewed.password = Some(Password::new(*b"new"));
    Client::session_of(&station, renewed).await;
    drop(other);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_that_is_withdrawn_while_it_is_decided_on_is_refused() {
    let mut station = Station::start().await;
    let logins = Arc::clone(&station.logins);
    let closed = logins.gate.write().await;
    let mut client = Client::open(&station).await;
    client.send(&Packet::Connect(connect("u1"))).await;
    let since = Instant::now();
    while station.handle.disconnect("u1") == 0 {
        assert!(since.elapsed() < PATIENCE, "the login never began");
        tokio::task::yield_now().await;
    }
    drop(closed);
    assert_eq!(client.connack().await, ConnectCode::ServerUnavailable);
    assert_eq!(station.refusal().await, Refusal::Withdrawn);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_look_up_that_hangs_holds_up_its_own_client_only_and_costs_it_no_try() {
    let limits = Limits { connect_timeout: Duration::from_secs(2), failures_per_username_max: 1, ..Limits::default() };
    let mut station = Station::with(limits).await;
    let logins = Arc::clone(&station.logins);
    let hanging = logins.gate.write().await;
    let mut client = Client::open(&station).await;
    client.send(&Packet::Connect(connect("u1"))).await;
    Client::session(&station, "u2").await.ping().await;
    client.expect_end().await;
    assert_eq!(station.refusal().await, Refusal::ConnectTimeout);
    drop(hanging);
    Client::session(&station, "u1").await;
}
