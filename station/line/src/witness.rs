//! Turns what the broker and the unit's log say into evidence. Pure.

use firstpass_contract::{PingAnswer, state::PONG, topics::ONLINE};
use firstpass_domain::{Evidence, Fact};
use firstpass_gateway::mqtt::{BrokerEvent, BrokerEventKind, DisconnectReason, PublishDenial, Refusal};

/// What a broker event says about the unit that it names; `None` when it says nothing that a verdict needs.
///
/// `expected_rid` ties an answer to the ping of this very run.
pub(crate) fn from_broker(event: &BrokerEvent, expected_rid: &str) -> Option<Evidence> {
    if !speaks(event) {
        return None;
    }
    let connection = event.origin.connection.0;
    let fact = match &event.kind {
        BrokerEventKind::Refused(refusal) => refused(refusal)?,
        BrokerEventKind::Connected { .. } => Fact::MqttConnected {
            connection,
            username: event.origin.username.clone().unwrap_or_default(),
            certificate: event.origin.certificate.as_ref().and_then(|certificate| certificate.device_id.clone()),
        },
        BrokerEventKind::Subscribed { filter, .. } => Fact::Subscribed { connection, filter: filter.clone() },
        BrokerEventKind::SubscriptionDenied { filter } => {
            Fact::TopicDenied { connection, topic: filter.clone(), subscribe: true }
        }
        BrokerEventKind::Published { topic, payload, retain, .. } if topic.ends_with(PRESENCE) => {
            Fact::Presence { connection, online: *retain && **payload == *ONLINE.as_bytes() }
        }
        BrokerEventKind::Published { payload, .. } => answered(connection, payload, expected_rid)?,
        BrokerEventKind::PublishDenied { topic, reason: PublishDenial::Topic | PublishDenial::RetainedTooLarge } => {
            Fact::TopicDenied { connection, topic: topic.clone(), subscribe: false }
        }
        BrokerEventKind::Disconnected(DisconnectReason::Flooding) => Fact::Flooded,
        BrokerEventKind::Disconnected(reason) => {
            Fact::MqttDisconnected { connection, reason: disconnect_code(reason).to_owned() }
        }
        BrokerEventKind::Unsubscribed { .. } | BrokerEventKind::WillPublished { .. } => return None,
    };
    Some(Evidence { at: event.at, fact })
}

/// Whether an event can become evidence at all: a unit's telemetry cannot, and may be plenty.
pub(crate) fn speaks(event: &BrokerEvent) -> bool {
    match &event.kind {
        BrokerEventKind::Published { topic, .. } => topic.ends_with(PRESENCE) || topic.ends_with(STATE),
        BrokerEventKind::Unsubscribed { .. } | BrokerEventKind::WillPublished { .. } => false,
        // What a stranger or a full broker does is not worth a question to the record.
        BrokerEventKind::Refused(refusal) => refused(refusal).is_some(),
        BrokerEventKind::Connected { .. }
        | BrokerEventKind::Subscribed { .. }
        | BrokerEventKind::SubscriptionDenied { .. }
        | BrokerEventKind::PublishDenied { .. }
        | BrokerEventKind::Disconnected(_) => true,
    }
}

/// How the presence topic ends.
const PRESENCE: &str = "/presence/";
/// How the state topic ends.
const STATE: &str = "/state";

fn answered(connection: u64, payload: &[u8], expected_rid: &str) -> Option<Fact> {
    let answer: PingAnswer = serde_json::from_slice(payload).ok()?;
    (answer.kind == PONG && answer.rid == expected_rid).then_some(Fact::PingAnswered {
        connection,
        fw_version: answer.fw_version,
        app_sha256: answer.app_sha256,
    })
}

/// A refusal that speaks about the unit's credentials. Others (a full broker, a cut line) say nothing about them.
fn refused(refusal: &Refusal) -> Option<Fact> {
    let reason = match refusal {
        Refusal::NoLogin => "no_login",
        Refusal::UnknownUser => "unknown_user",
        Refusal::WrongPassword => "wrong_password",
        Refusal::Disabled => "disabled",
        Refusal::WrongClientId => "wrong_client_id",
        Refusal::MissingCertificate => "missing_certificate",
        Refusal::ForeignCertificate => "foreign_certificate",
        Refusal::ForeignWillTopic => "foreign_will_topic",
        Refusal::WillTooLarge => "will_too_large",
        Refusal::ProtocolLevel(_) => "protocol_level",
        Refusal::ClientIdForm => "client_id_form",
        Refusal::TooManyConnections
        | Refusal::Handshake(_)
        | Refusal::ConnectTimeout
        | Refusal::Gone
        | Refusal::Malformed(_)
        | Refusal::NotConnect
        | Refusal::RateLimited
        | Refusal::CredentialsUnavailable
        | Refusal::Withdrawn => return None,
    };
    let code = refusal.code()? as u8;
    Some(Fact::MqttRefused { code, reason: reason.to_owned() })
}

const fn disconnect_code(reason: &DisconnectReason) -> &'static str {
    match reason {
        DisconnectReason::Client => "client_said_disconnect",
        DisconnectReason::Lost => "connection_lost",
        DisconnectReason::Transport(_) => "transport_failed",
        DisconnectReason::KeepAlive => "keep_alive_expired",
        DisconnectReason::TakenOver => "taken_over",
        DisconnectReason::Slow => "slow_reader",
        DisconnectReason::Flooding => "flooding",
        DisconnectReason::Malformed(_) => "malformed_packet",
        DisconnectReason::OutOfOrder(_) => "packet_out_of_order",
        DisconnectReason::SubscriptionDenied => "subscription_denied",
        DisconnectReason::PublishDenied => "publish_denied",
        DisconnectReason::Withdrawn => "login_withdrawn",
        DisconnectReason::Shutdown => "broker_stopped",
        DisconnectReason::Unrecorded => "not_recorded",
    }
}
