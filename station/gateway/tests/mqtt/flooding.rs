//! A unit that publishes in a loop ends its own session, and delays nobody for long.

use std::time::Duration;

use firstpass_contract::mqtt::{Delivery, Packet, QoS, Subscription, TopicFilter};
use firstpass_gateway::mqtt::{BrokerEventKind, DisconnectReason, Limits};

use crate::{
    raw::{Client, connect, id, presence_will, publish, topic},
    station::Station,
};

/// Messages at once that these tests allow; none comes back while they run.
const BURST: u32 = 20;

async fn station() -> Station {
    let hour = Duration::from_secs(3600);
    Station::with(Limits { event_burst: BURST, event_interval: hour, ..Limits::default() }).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_unit_that_floods_is_disconnected_with_its_will_and_others_go_on() {
    let mut station = station().await;
    let mut other = Client::session(&station, "u2").await;
    let mut packet = connect("u1");
    packet.will = Some(presence_will("u1"));
    let mut unit = Client::session_of(&station, packet).await;
    let message = publish(&topic("u1", "state"), "x", Delivery::AtMostOnce, false).to_bytes();
    unit.send_bytes(&message.repeat(10 * BURST as usize)).await;
    unit.expect_end().await;

    let mut published = 0;
    let ended = loop {
        match station.event().await.kind {
            BrokerEventKind::Published { .. } => published += 1,
            BrokerEventKind::Disconnected(reason) => break reason,
            other => {
                assert!(matches!(other, BrokerEventKind::Connected { .. } | BrokerEventKind::WillPublished { .. }))
            }
        }
    };
    assert_eq!((published, ended), (BURST, DisconnectReason::Flooding));
    other.publish(&topic("u2", "state"), "y", false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn filters_count_as_much_as_messages() {
    let mut station = station().await;
    let wanted = |_| Subscription { filter: TopicFilter::new(&topic("u1", "cmd/#")).unwrap(), qos: QoS::AtLeastOnce };
    let subscriptions: Vec<_> = (0..=BURST).map(wanted).collect();
    let filters = subscriptions.iter().map(|wanted| wanted.filter.clone()).collect();
    for packet in [Packet::Subscribe { id: id(1), subscriptions }, Packet::Unsubscribe { id: id(1), filters }] {
        let mut unit = Client::session(&station, "u1").await;
        unit.send(&packet).await;
        unit.expect_end().await;
        assert_eq!(station.disconnect().await.1, DisconnectReason::Flooding);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_makes_no_event_is_no_flood() {
    let station = station().await;
    let mut unit = Client::session(&station, "u1").await;
    for _ in 0..10 * BURST {
        unit.ping().await;
    }
}
