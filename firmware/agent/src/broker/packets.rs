//! The packets that a unit sends, made from its session.

use alloc::{string::String, vec::Vec};

use firstpass_contract::{
    Topics,
    mqtt::{Connect, Delivery, Packet, PacketId, Password, Publish, QoS, Subscription, TopicFilter, Will},
    topics::{KEEP_ALIVE_S, OFFLINE},
};

use crate::SessionInNvs;

/// What is the same in every connect of a session.
#[derive(Debug)]
pub(super) struct Login {
    connect: Connect,
    subscriptions: Vec<Subscription>,
}

impl Login {
    /// `None` when slug or key cannot stand in a topic.
    pub(super) fn new(session: &SessionInNvs, topics: &Topics) -> Option<Self> {
        if [&session.workspace_slug, &session.device_key].iter().any(|part| part.contains(['+', '#', '\0'])) {
            return None;
        }
        let will = Will { topic: topics.presence(), payload: OFFLINE.into(), qos: QoS::AtLeastOnce, retain: true };
        let connect = Connect {
            client_id: session.mqtt_username.clone(),
            keep_alive_s: KEEP_ALIVE_S,
            clean_session: true,
            will: Some(will),
            username: Some(session.mqtt_username.clone()),
            password: Some(Password::new(session.mqtt_password.expose())),
        };
        let subscriptions = [topics.cmd_filter(), topics.config_filter()]
            .into_iter()
            .map(|filter| Some(Subscription { filter: TopicFilter::new(&filter).ok()?, qos: QoS::AtLeastOnce }))
            .collect::<Option<_>>()?;
        Some(Self { connect, subscriptions })
    }

    pub(super) fn packet(&self) -> Packet {
        Packet::Connect(self.connect.clone())
    }

    pub(super) fn subscribe(&self, id: PacketId) -> Packet {
        Packet::Subscribe { id, subscriptions: self.subscriptions.clone() }
    }
}

/// A QoS 1 message.
pub(super) fn publish(id: PacketId, topic: String, payload: Vec<u8>, retain: bool) -> Packet {
    Packet::Publish(Publish { dup: false, retain, delivery: Delivery::AtLeastOnce(id), topic, payload })
}

/// A message with a higher QoS than any subscription of ours.
#[derive(Debug)]
pub(super) struct NotSubscribed;

/// What a received message is acknowledged with.
pub(super) fn acknowledgement(publish: &Publish) -> Result<Option<Packet>, NotSubscribed> {
    match publish.delivery {
        Delivery::AtMostOnce => Ok(None),
        Delivery::AtLeastOnce(id) => Ok(Some(Packet::PubAck(id))),
        Delivery::ExactlyOnce(_) => Err(NotSubscribed),
    }
}

/// Packet identifiers in turn, without zero.
#[derive(Debug)]
pub(super) struct PacketIds(PacketId);

impl Default for PacketIds {
    fn default() -> Self {
        Self(PacketId::MIN)
    }
}

impl PacketIds {
    pub(super) fn next(&mut self) -> PacketId {
        let id = self.0;
        self.0 = id.checked_add(1).unwrap_or(PacketId::MIN);
        id
    }
}
