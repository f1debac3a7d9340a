//! Begin and end of sessions: take-over, wills, keep-alive, slow clients, shutdown.

use std::{
    pin::pin,
    time::{Duration, Instant},
};

use firstpass_contract::mqtt::{ConnectCode, Delivery, Packet, QoS};
use firstpass_gateway::mqtt::{BrokerError, BrokerEventKind, DisconnectReason, Limits};

use crate::{
    raw::{Client, client_config, connect, id, presence_will, publish, topic},
    station::{OBSERVER, PATIENCE, Station},
};

async fn with_will(station: &Station) -> Client {
    let mut packet = connect("u1");
    packet.will = Some(presence_will("u1"));
    Client::session_of(station, packet).await
}

#[tokio::test(flavor = "multi_thread")]
async fn on_a_take_over_the_old_will_comes_before_the_new_connack() {
    let mut station = Station::start().await;
    let mut monitor = Client::session(&station, OBSERVER).await;
    monitor.subscribe("acme/+/presence/", QoS::AtLeastOnce).await;
    let presence = topic("u1", "presence/");
    let mut old = with_will(&station).await;
    old.publish(&presence, "ONLINE", true).await;
    let old_connection =
        station.until(|kind| matches!(kind, BrokerEventKind::Published { .. })).await.origin.connection;

    let mut new = with_will(&station).await;
    // At the CONNACK the will is already out, so the monitor has it before anything that the new session says.
    new.publish(&presence, "ONLINE", true).await;
    for expected in ["ONLINE", "OFFLINE", "ONLINE"] {
        assert_eq!(monitor.message().await, (presence.clone(), expected.into(), false));
    }
    old.expect_end().await;

    let will = station.event().await;
    assert_eq!(will.origin.connection, old_connection);
    assert!(matches!(will.kind, BrokerEventKind::WillPublished { .. }), "{will:?}");
    let ended = station.event().await;
    assert_eq!(ended.kind, BrokerEventKind::Disconnected(DisconnectReason::TakenOver));
    let begun = station.event().await;
    assert!(matches!(begun.kind, BrokerEventKind::Connected { .. }), "{begun:?}");
    assert!(begun.origin.connection > old_connection);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_take_overs_at_once_leave_one_session() {
    let mut station = Station::start().await;
    let mut clients = Vec::new();
    for _ in 0..8 {
        let mut client = Client::open(&station).await;
        client.send(&Packet::Connect(connect("u1"))).await;
        clients.push(client);
    }
    for client in &mut clients {
        // One that is taken over at once may see the end instead of its CONNACK.
        client.next().await;
    }
    station.token.cancel();
    let (mut begun, mut ended) = (0, Vec::new());
    while let Some(event) = station.events.recv().await {
        match event.kind {
            BrokerEventKind::Connected { .. } => {
                assert_eq!(begun, ended.len(), "a session began while another one was open");
                begun += 1;
            }
            BrokerEventKind::Disconnected(reason) => ended.push(reason),
            other => assert!(matches!(other, BrokerEventKind::WillPublished { .. } | BrokerEventKind::Refused(_))),
        }
    }
    assert_eq!(begun, ended.len());
    assert_eq!(ended.last(), Some(&DisconnectReason::Shutdown));
    drop(clients);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cut_connection_publishes_the_will_and_a_goodbye_does_not() {
    let mut station = Station::start().await;
    with_will(&station).await.cut();
    let event = station.until(|kind| matches!(kind, BrokerEventKind::WillPublished { .. })).await;
    assert_eq!(station.disconnect().await, (event.origin.connection, DisconnectReason::Lost));

    let mut client = with_will(&station).await;
    client.send(&Packet::Disconnect).await;
    client.expect_end().await;
    assert!(matches!(station.event().await.kind, BrokerEventKind::Connected { .. }));
    assert_eq!(station.event().await.kind, BrokerEventKind::Disconnected(DisconnectReason::Client));
}

#[tokio::test(flavor = "multi_thread")]
async fn silence_beyond_one_and_a_half_keep_alives_ends_the_session() {
    let mut station = Station::start().await;
    let mut packet = connect("u1");
    packet.keep_alive_s = 1;
    packet.will = Some(presence_will("u1"));
    let mut client = Client::session_of(&station, packet).await;
    client.ping().await;
    let silent_since = Instant::now();
    client.expect_end().await;
    let silence = silent_since.elapsed();
    assert!(silence >= Duration::from_millis(1400), "{silence:?}");
    station.until(|kind| matches!(kind, BrokerEventKind::WillPublished { .. })).await;
    assert_eq!(station.disconnect().await.1, DisconnectReason::KeepAlive);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_client_is_disconnected_and_holds_up_nobody() {
    let mut station = Station::with(Limits { outgoing_max: 8, ..Limits::default() }).await;
    let mut slow = Client::session(&station, OBSERVER).await;
    slow.subscribe("#", QoS::AtMostOnce).await;
    let mut quick = Client::session(&station, "u1").await;
    let payload = vec![0; 60_000];
    let since = Instant::now();
    while station.handle.publish("noise", &payload, QoS::AtMostOnce, false) == Ok(1) {
        assert!(since.elapsed() < PATIENCE, "the slow client is still served");
        quick.ping().await;
    }
    let (_, reason) = station.disconnect().await;
    assert_eq!(reason, DisconnectReason::Slow);
    quick.ping().await;
    drop(slow);
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_without_acknowledgement_are_bounded_and_wait() {
    let station = Station::with(Limits { inflight_max: 2, ..Limits::default() }).await;
    let mut unit = Client::session(&station, "u1").await;
    unit.subscribe(&topic("u1", "cmd/#"), QoS::AtLeastOnce).await;
    for _ in 0..3 {
        station.handle.publish(&topic("u1", "cmd/ping"), b"x", QoS::AtLeastOnce, false).unwrap();
    }
    let (Packet::Publish(first), Packet::Publish(_)) = (unit.receive().await, unit.receive().await) else {
        panic!("two messages must come")
    };
    unit.ping().await;
    let Delivery::AtLeastOnce(first) = first.delivery else { panic!("QoS 1") };
    unit.send(&Packet::PubAck(first)).await;
    assert!(matches!(unit.receive().await, Packet::Publish(_)));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_is_never_skipped_however_slowly_it_is_read() {
    const MESSAGES: usize = 50;
    let mut station = Station::with(Limits { events_max: 1, ..Limits::default() }).await;
    let mut unit = Client::open(&station).await;
    unit.send(&Packet::Connect(connect("u1"))).await;
    for number in 0..MESSAGES {
        unit.send(&publish(&topic("u1", "state"), &number.to_string(), Delivery::AtLeastOnce(id(1)), false)).await;
    }
    station.until(|kind| matches!(kind, BrokerEventKind::Connected { .. })).await;
    for number in 0..MESSAGES {
        let BrokerEventKind::Published { payload, .. } = station.event().await.kind else { panic!("a message") };
        assert_eq!(*payload, *number.to_string().as_bytes());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_stops_ends_every_session_with_its_will_and_every_task() {
    let mut station = Station::start().await;
    let mut unit = with_will(&station).await;
    let _silent = tokio::net::TcpStream::connect(("127.0.0.1", station.port)).await.unwrap();
    station.token.cancel();
    unit.expect_end().await;
    station.until(|kind| matches!(kind, BrokerEventKind::WillPublished { .. })).await;
    assert_eq!(station.disconnect().await.1, DisconnectReason::Shutdown);
    while station.events.recv().await.is_some() {}
    tokio::time::timeout(PATIENCE, station.running).await.unwrap().unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_whose_events_nobody_reads_stops_serving() {
    let Station { events, running, token: _token, .. } = Station::start().await;
    drop(events);
    let outcome = tokio::time::timeout(PATIENCE, running).await.unwrap().unwrap();
    assert!(matches!(outcome, Err(BrokerError::Unrecorded)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_persistent_session_is_served_and_honestly_not_kept() {
    let station = Station::start().await;
    let mut packet = connect("u1");
    packet.clean_session = false;
    for _ in 0..2 {
        // The client asserts that the CONNACK says that no session is present.
        let mut unit = Client::session_of(&station, packet.clone()).await;
        let ping = topic("u1", "cmd/ping");
        assert_eq!(station.handle.publish(&ping, b"x", QoS::AtLeastOnce, false), Ok(0));
        unit.subscribe(&topic("u1", "cmd/#"), QoS::AtLeastOnce).await;
        assert_eq!(station.handle.publish(&ping, b"x", QoS::AtLeastOnce, false), Ok(1));
        assert_eq!(unit.message().await, (ping, "x".into(), false));
        unit.send(&Packet::Disconnect).await;
        unit.expect_end().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bound_port_answers_nobody_until_the_broker_runs() {
    let running = Station::start().await;
    let (mut station, open) = Station::bound(Limits::default()).await;
    let config = client_config(&station, None);
    let mut early = pin!(Client::open_with(station.port, config));
    // A whole session with another broker is time enough for an answer that must not come.
    tokio::select! {
        biased;
        _ = &mut early => panic!("answered before it runs"),
        mut other = Client::session(&running, "u1") => other.ping().await,
    }
    assert!(station.events.try_recv().is_err());
    open.send(()).unwrap();
    let mut client = early.await.unwrap();
    client.send(&Packet::Connect(connect("u1"))).await;
    assert_eq!(client.connack().await, ConnectCode::Accepted);
}
