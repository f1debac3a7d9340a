//! What a packet of the broker does to the session.

use firstpass_contract::{
    LogLine,
    logline::Level,
    mqtt::{ConnectCode, Packet, Publish, SubscribeCode},
};

use super::{
    Breakdown, BrokerClient, Message,
    link::{Link, PING_AFTER_MS},
    packets, send,
};
use crate::{Action, Report, action::Actions};

/// Tag of the lines that the contract does not name.
const TAG: &str = "iotmer_client";

impl BrokerClient {
    /// Takes in one packet; returns the message that it carries, if any.
    pub(super) fn packet(&mut self, packet: Packet, now_ms: u64, out: &mut Actions) -> Option<Message> {
        match (&mut self.link, packet) {
            (Link::AwaitingConnack { .. }, Packet::ConnAck { code, .. }) => {
                self.connack(code, now_ms, out);
                None
            }
            (Link::Up { .. }, Packet::Publish(publish)) => self.message(publish, now_ms, out),
            (Link::Up { pong_until, .. }, Packet::PingResp) => {
                *pong_until = None;
                None
            }
            (Link::Up { .. }, Packet::SubAck { codes, .. }) => {
                report_subscriptions(&codes, out);
                None
            }
            // A clean session over one stream never sends again, so an acknowledgement has nothing to release.
            (Link::Up { .. }, Packet::PubAck(_)) => None,
            (
                Link::Down { .. }
                | Link::Offline { .. }
                | Link::Opening
                | Link::AwaitingConnack { .. }
                | Link::Up { .. },
                _,
            ) => {
                self.break_down(&Breakdown::Unexpected, now_ms, out);
                None
            }
        }
    }

    fn connack(&mut self, code: ConnectCode, now_ms: u64, out: &mut Actions) {
        if code != ConnectCode::Accepted {
            return self.break_down(&Breakdown::Refused(code), now_ms, out);
        }
        self.backoff.reset();
        self.link = Link::Up { ping_at: now_ms + PING_AFTER_MS, pong_until: None };
        out.log(&LogLine::MqttConnected);
        out.push(Action::Report(Report::Registered));
        if let Some(subscribe) = self.login.subscribe(self.ids.next(), self.quirks.subscribes) {
            send(&subscribe, out);
        }
        if let Some((text, retain)) = packets::presence(self.quirks.presence) {
            self.publish(self.topics.presence(), text.into(), retain, now_ms, out);
        }
    }

    fn message(&mut self, publish: Publish, now_ms: u64, out: &mut Actions) -> Option<Message> {
        match packets::acknowledgement(&publish) {
            Ok(None) => {}
            Ok(Some(packet)) => send(&packet, out),
            Err(packets::NotSubscribed) => {
                self.break_down(&Breakdown::Unexpected, now_ms, out);
                return None;
            }
        }
        Some(Message { topic: publish.topic, payload: publish.payload })
    }
}

fn report_subscriptions(codes: &[SubscribeCode], out: &mut Actions) {
    if codes.contains(&SubscribeCode::Failure) {
        out.log_text(Level::Error, TAG, "subscription refused by the broker");
    }
}
