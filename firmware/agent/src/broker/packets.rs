//! The packets that a unit sends, made from its session.

use alloc::{format, string::String, vec::Vec};

use firstpass_contract::{
    Topics,
    mqtt::{Connect, Delivery, Packet, PacketId, Password, Publish, QoS, Subscription, TopicFilter, Will},
    topics::{KEEP_ALIVE_S, OFFLINE, ONLINE},
};

use crate::{PresenceSaid, Quirks, SessionInNvs, Subscribes};

/// What a firmware with the wrong password sends.
const WRONG_PASSWORD: &str = "not-the-issued-password";

/// What is the same in every connect of a session.
#[derive(Debug)]
pub(super) struct Login {
    connect: Connect,
    filters: [TopicFilter; 2],
    commands: TopicFilter,
    below_user_name: [TopicFilter; 2],
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
        let wrong = Topics::new(&session.workspace_slug, &session.mqtt_username);
        Some(Self {
            connect,
            filters: filters(topics)?,
            commands: TopicFilter::new(&format!("{}commands", topics.prefix())).ok()?,
            below_user_name: filters(&wrong).or_else(|| filters(topics))?,
        })
    }

    pub(super) fn packet(&self, quirks: Quirks) -> Packet {
        let mut connect = self.connect.clone();
        if quirks.wrong_password {
            connect.password = Some(Password::new(WRONG_PASSWORD));
        }
        Packet::Connect(connect)
    }

    /// `None`: this firmware subscribes to nothing.
    pub(super) fn subscribe(&self, id: PacketId, subscribes: Subscribes) -> Option<Packet> {
        let filters = match subscribes {
            Subscribes::AsContracted => &self.filters[..],
            Subscribes::Commands => core::slice::from_ref(&self.commands),
            Subscribes::BelowUserName => &self.below_user_name[..],
            Subscribes::Nothing => return None,
        };
        let subscription = |filter: &TopicFilter| Subscription { filter: filter.clone(), qos: QoS::AtLeastOnce };
        Some(Packet::Subscribe { id, subscriptions: filters.iter().map(subscription).collect() })
    }
}

fn filters(topics: &Topics) -> Option<[TopicFilter; 2]> {
    Some([TopicFilter::new(&topics.cmd_filter()).ok()?, TopicFilter::new(&topics.config_filter()).ok()?])
}

/// Text and retain flag of the presence message; `None`: this firmware publishes none.
pub(super) const fn presence(said: PresenceSaid) -> Option<(&'static str, bool)> {
    match said {
        PresenceSaid::Online => Some((ONLINE, true)),
        PresenceSaid::Offline => Some((OFFLINE, true)),
        PresenceSaid::NotRetained => Some((ONLINE, false)),
        PresenceSaid::Nothing => None,
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
