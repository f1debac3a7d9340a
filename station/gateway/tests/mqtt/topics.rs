//! The ACL, retained messages, and delivery.

use firstpass_contract::mqtt::{Delivery, Packet, QoS, SubscribeCode};
use firstpass_gateway::mqtt::{BrokerEventKind, DisconnectReason, Limits, PublishDenial, PublishError};

use crate::{
    raw::{Client, id, publish, topic},
    station::{OBSERVER, Station},
};

#[tokio::test(flavor = "multi_thread")]
async fn a_denied_filter_is_answered_0x80_and_then_the_connection_ends() {
    for filter in ["acme/key-u1/commands", "acme/key-u1/#", "acme/+/cmd/#", "acme/key-u2/cmd/#", "#", "$SYS/#"] {
        let mut station = Station::start().await;
        let mut client = Client::session(&station, "u1").await;
        assert_eq!(client.subscribe(filter, QoS::AtLeastOnce).await, SubscribeCode::Failure, "{filter}");
        client.expect_end().await;
        let denied = station.until(|kind| matches!(kind, BrokerEventKind::SubscriptionDenied { .. })).await;
        assert_eq!(denied.kind, BrokerEventKind::SubscriptionDenied { filter: filter.into() });
        assert_eq!(station.disconnect().await, (denied.origin.connection, DisconnectReason::SubscriptionDenied));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_denied_publish_ends_the_connection_and_reaches_nobody() {
    let denied = [
        ("u1", topic("u2", "state")),
        ("u1", topic("u1", "cmd/ping")),
        ("u1", topic("u1", "presence")),
        (OBSERVER, topic("u1", "state")),
    ];
    for (username, topic) in denied {
        let mut station = Station::start().await;
        let mut monitor = Client::session(&station, OBSERVER).await;
        monitor.subscribe("#", QoS::AtLeastOnce).await;
        let mut connect = crate::raw::connect(username);
        if username == OBSERVER {
            connect.client_id = "second-monitor".into();
        }
        let mut client = Client::session_of(&station, connect).await;
        client.send(&publish(&topic, "x", Delivery::AtLeastOnce(id(1)), true)).await;
        client.expect_end().await;
        let event = station.until(|kind| matches!(kind, BrokerEventKind::PublishDenied { .. })).await;
        assert_eq!(event.kind, BrokerEventKind::PublishDenied { topic, reason: PublishDenial::Topic });
        assert_eq!(station.disconnect().await.1, DisconnectReason::PublishDenied);
        monitor.ping().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn subscription_and_presence_of_a_unit_are_on_record_on_one_connection() {
    let mut station = Station::start().await;
    let mut client = Client::session(&station, "u1").await;
    let connection = station.event().await.origin.connection;
    let granted = client.subscribe(&topic("u1", "cmd/#"), QoS::ExactlyOnce).await;
    assert_eq!(granted, SubscribeCode::Granted(QoS::AtLeastOnce));
    client.publish(&topic("u1", "presence/"), "ONLINE", true).await;
    let (subscribed, published) = (station.event().await, station.event().await);
    assert_eq!((subscribed.origin.connection, published.origin.connection), (connection, connection));
    let filter = topic("u1", "cmd/#");
    assert_eq!(subscribed.kind, BrokerEventKind::Subscribed { filter, qos: QoS::AtLeastOnce });
    let presence = BrokerEventKind::Published {
        topic: topic("u1", "presence/"),
        payload: b"ONLINE".as_slice().into(),
        qos: QoS::AtLeastOnce,
        retain: true,
    };
    assert_eq!(published.kind, presence);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retained_message_is_replaced_and_removed() {
    let station = Station::start().await;
    let presence = topic("u1", "presence/");
    let mut unit = Client::session(&station, "u1").await;
    unit.publish(&presence, "ONLINE", true).await;
    unit.publish(&presence, "OFFLINE", true).await;
    let mut monitor = Client::session(&station, OBSERVER).await;
    monitor.subscribe("acme/+/presence/", QoS::AtLeastOnce).await;
    assert_eq!(monitor.message().await, (presence.clone(), "OFFLINE".into(), true));
    unit.publish(&presence, "", true).await;
    assert_eq!(monitor.message().await, (presence.clone(), String::new(), false));
    monitor.subscribe("acme/+/presence/", QoS::AtLeastOnce).await;
    monitor.ping().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retained_message_has_a_bound() {
    let mut station = Station::with(Limits { retained_payload_bytes_max: 10, ..Limits::default() }).await;
    let mut unit = Client::session(&station, "u1").await;
    unit.publish(&topic("u1", "state"), "longer than ten, not retained", false).await;
    let large = publish(&topic("u1", "state"), "longer than ten", Delivery::AtMostOnce, true);
    unit.send(&large).await;
    unit.expect_end().await;
    let event = station.until(|kind| matches!(kind, BrokerEventKind::PublishDenied { .. })).await;
    assert!(matches!(event.kind, BrokerEventKind::PublishDenied { reason: PublishDenial::RetainedTooLarge, .. }));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unsubscribed_filter_brings_nothing_more() {
    let station = Station::start().await;
    let mut unit = Client::session(&station, "u1").await;
    let filter = topic("u1", "cmd/#");
    unit.subscribe(&filter, QoS::AtMostOnce).await;
    unit.send_bytes(&[&[0xa2, 2 + 2 + filter.len() as u8, 0, 5, 0, filter.len() as u8], filter.as_bytes()].concat())
        .await;
    assert_eq!(unit.receive().await, Packet::UnsubAck(id(5)));
    assert_eq!(station.handle.publish(&topic("u1", "cmd/ping"), b"x", QoS::AtLeastOnce, false), Ok(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn overlapping_filters_bring_a_message_once_with_the_higher_promise() {
    let station = Station::start().await;
    let mut unit = Client::session(&station, "u1").await;
    unit.subscribe(&topic("u1", "cmd/#"), QoS::AtMostOnce).await;
    unit.subscribe(&topic("u1", "cmd/ping"), QoS::AtLeastOnce).await;
    station.handle.publish(&topic("u1", "cmd/ping"), b"x", QoS::AtLeastOnce, false).unwrap();
    let Packet::Publish(message) = unit.receive().await else { panic!("no message") };
    assert_eq!(message.delivery.qos(), QoS::AtLeastOnce);
    unit.ping().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_qos_2_message_is_taken_once() {
    let mut station = Station::start().await;
    let mut unit = Client::session(&station, "u1").await;
    let message = publish(&topic("u1", "state"), "once", Delivery::ExactlyOnce(id(3)), false);
    for _ in 0..2 {
        unit.send(&message).await;
        assert_eq!(unit.receive().await, Packet::PubRec(id(3)));
    }
    unit.send(&Packet::PubRel(id(3))).await;
    assert_eq!(unit.receive().await, Packet::PubComp(id(3)));
    unit.send(&Packet::Disconnect).await;
    let mut published = 0;
    loop {
        match station.event().await.kind {
            BrokerEventKind::Published { .. } => published += 1,
            BrokerEventKind::Disconnected(_) => break,
            _ => {}
        }
    }
    assert_eq!(published, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_line_cannot_publish_what_is_no_message() {
    let station = Station::start().await;
    let wrong = station.handle.publish("a/#", b"", QoS::AtMostOnce, false);
    assert_eq!(wrong, Err(PublishError::Topic("a/#".into())));
    let large = station.handle.publish("a", &[0; 2000], QoS::AtMostOnce, true);
    assert_eq!(large, Err(PublishError::TooLarge { bytes: 2000, bytes_max: 1024 }));
}
