//! A session: answers the client's packets and sends it its messages until one of many ends.

use std::{collections::HashSet, convert::Infallible, time::Duration};

use firstpass_contract::mqtt::{Delivery, Packet, PacketId, Publish, QoS, SubscribeCode, Subscription, TopicFilter};
use tokio::time::{Instant, sleep_until};

use super::{
    acl::Acl,
    connection::{ACCEPTED, Connection, Start, TlsWire},
    event::BrokerEventKind,
    hub::Message,
    outbox::Outbox,
    pace::Pace,
    reason::{DisconnectReason, PublishDenial},
};

/// Runs the session and returns why it ended.
pub(super) async fn run(connection: &Connection, wire: &mut TlsWire, start: Start) -> DisconnectReason {
    let session = Session {
        connection,
        wire,
        acl: start.acl,
        outbox: Outbox::new(start.outgoing, connection.shared.limits.inflight_max),
        pace: Pace::new(&connection.shared.limits, Instant::now()),
        silence_max: silence_max(start.keep_alive_s, connection.shared.limits.idle_max),
        incomplete: HashSet::new(),
    };
    tokio::select! {
        biased;
        () = connection.control.cut.cancelled() => connection.control.reason(),
        ended = session.serve() => ended,
    }
}

/// One and a half times the keep-alive [MQTT-3.1.2-24].
fn silence_max(keep_alive_s: u16, idle_max: Duration) -> Duration {
    if keep_alive_s == 0 { idle_max } else { Duration::from_secs(keep_alive_s.into()) * 3 / 2 }
}

struct Session<'a> {
    connection: &'a Connection,
    wire: &'a mut TlsWire,
    acl: Acl,
    outbox: Outbox,
    pace: Pace,
    silence_max: Duration,
    /// QoS 2 messages from the client that were accepted and not yet released.
    incomplete: HashSet<PacketId>,
}

/// A step goes on, or says why the session ends.
type Step = Result<(), DisconnectReason>;

impl Session<'_> {
    async fn serve(mut self) -> DisconnectReason {
        match self.converse().await {
            Ok(never) => match never {},
            Err(reason) => reason,
        }
    }

    async fn converse(&mut self) -> Result<Infallible, DisconnectReason> {
        self.wire.send(&ACCEPTED).await?;
        let mut deadline = Instant::now() + self.silence_max;
        loop {
            // In turns, so that neither a client that never stops talking nor one that never stops getting messages
            // starves the other direction.
            if let Some(packet) = self.outbox.waiting() {
                self.wire.send(&packet).await?;
            }
            tokio::select! {
                biased;
                received = self.wire.receive() => {
                    self.answer(received?).await?;
                    // Counted from here, since the time that we took ourselves is not the client's silence.
                    deadline = Instant::now() + self.silence_max;
                }
                packet = self.outbox.next() => self.wire.send(&packet).await?,
                () = sleep_until(deadline) => return Err(DisconnectReason::KeepAlive),
            }
        }
    }

    async fn answer(&mut self, packet: Packet) -> Step {
        if !self.pace.allows(events_of(&packet), Instant::now()) {
            return Err(DisconnectReason::Flooding);
        }
        match packet {
            Packet::Publish(publish) => self.published(publish).await,
            Packet::PubRel(id) => {
                self.incomplete.remove(&id);
                self.wire.send(&Packet::PubComp(id)).await
            }
            Packet::PubAck(id) if self.outbox.acknowledged(id) => Ok(()),
            Packet::PubAck(_) => Err(DisconnectReason::OutOfOrder("PUBACK for a message that is not in flight")),
            Packet::Subscribe { id, subscriptions } => self.subscribe(id, subscriptions).await,
            Packet::Unsubscribe { id, filters } => self.unsubscribe(id, filters).await,
            Packet::PingReq => self.wire.send(&Packet::PingResp).await,
            Packet::Disconnect => Err(DisconnectReason::Client),
            Packet::Connect(_) => Err(DisconnectReason::OutOfOrder("a second CONNECT")),
            Packet::PubRec(_) | Packet::PubComp(_) => {
                Err(DisconnectReason::OutOfOrder("an acknowledgement of QoS 2, which is never sent"))
            }
            Packet::ConnAck { .. } | Packet::SubAck { .. } | Packet::UnsubAck(_) | Packet::PingResp => {
                Err(DisconnectReason::OutOfOrder("a packet that only servers send"))
            }
        }
    }

    async fn published(&mut self, publish: Publish) -> Step {
        let denial = self.denial(&publish);
        let Publish { retain, delivery, topic, payload, .. } = publish;
        if let Some(reason) = denial {
            self.emit(BrokerEventKind::PublishDenied { topic, reason }).await?;
            return Err(DisconnectReason::PublishDenied);
        }
        let message = Message { topic, payload: payload.into(), qos: delivery.qos(), retain };
        match delivery {
            Delivery::AtMostOnce => self.accept(message).await,
            Delivery::AtLeastOnce(id) => {
                self.accept(message).await?;
                self.wire.send(&Packet::PubAck(id)).await
            }
            Delivery::ExactlyOnce(id) => {
                if !self.incomplete.contains(&id) {
                    self.accept(message).await?;
                    self.hold(id)?;
                }
                self.wire.send(&Packet::PubRec(id)).await
            }
        }
    }

    fn denial(&self, publish: &Publish) -> Option<PublishDenial> {
        if !self.acl.may_publish(&publish.topic) {
            return Some(PublishDenial::Topic);
        }
        let too_large = publish.payload.len() > self.connection.shared.limits.retained_payload_bytes_max;
        (publish.retain && too_large).then_some(PublishDenial::RetainedTooLarge)
    }

    /// First on record, then to the subscribers; the acknowledgement comes last.
    async fn accept(&mut self, message: Message) -> Step {
        let Message { topic, payload, qos, retain } = message.clone();
        self.emit(BrokerEventKind::Published { topic, payload, qos, retain }).await?;
        self.connection.shared.hub.publish(&message);
        Ok(())
    }

    fn hold(&mut self, id: PacketId) -> Step {
        if self.incomplete.len() >= self.connection.shared.limits.inflight_max {
            return Err(DisconnectReason::OutOfOrder("too many QoS 2 messages without PUBREL"));
        }
        self.incomplete.insert(id);
        Ok(())
    }

    /// Answers each filter. One that is denied ends the session after the SUBACK, as the device contract describes.
    async fn subscribe(&mut self, id: PacketId, wanted: Vec<Subscription>) -> Step {
        let mut codes = Vec::with_capacity(wanted.len());
        for subscription in wanted {
            codes.push(self.decide(subscription).await?);
        }
        let denied = codes.contains(&SubscribeCode::Failure);
        self.wire.send(&Packet::SubAck { id, codes }).await?;
        if denied { Err(DisconnectReason::SubscriptionDenied) } else { Ok(()) }
    }

    async fn decide(&mut self, Subscription { filter, qos }: Subscription) -> Result<SubscribeCode, DisconnectReason> {
        let granted = Subscription { filter, qos: qos.min(QoS::AtLeastOnce) };
        let hub = &self.connection.shared.hub;
        let retained = match self.acl.may_subscribe(&granted.filter) {
            true => hub.subscribe(self.connection.origin.connection, &granted),
            false => None,
        };
        let Subscription { filter, qos } = granted;
        let filter = filter.as_str().to_owned();
        let Some(retained) = retained else {
            self.emit(BrokerEventKind::SubscriptionDenied { filter }).await?;
            return Ok(SubscribeCode::Failure);
        };
        self.outbox.add_retained(retained, qos);
        self.emit(BrokerEventKind::Subscribed { filter, qos }).await?;
        Ok(SubscribeCode::Granted(qos))
    }

    async fn unsubscribe(&mut self, id: PacketId, filters: Vec<TopicFilter>) -> Step {
        for filter in filters {
            self.connection.shared.hub.unsubscribe(self.connection.origin.connection, &filter);
            self.emit(BrokerEventKind::Unsubscribed { filter: filter.as_str().to_owned() }).await?;
        }
        self.wire.send(&Packet::UnsubAck(id)).await
    }

    async fn emit(&self, kind: BrokerEventKind) -> Step {
        self.connection.shared.emit(&self.connection.origin, kind).await
    }
}

/// How many events a packet makes, at most.
fn events_of(packet: &Packet) -> usize {
    match packet {
        Packet::Publish(_) => 1,
        Packet::Subscribe { subscriptions, .. } => subscriptions.len(),
        Packet::Unsubscribe { filters, .. } => filters.len(),
        Packet::PubAck(_)
        | Packet::PubRec(_)
        | Packet::PubRel(_)
        | Packet::PubComp(_)
        | Packet::PingReq
        | Packet::Disconnect
        | Packet::Connect(_)
        | Packet::ConnAck { .. }
        | Packet::SubAck { .. }
        | Packet::UnsubAck(_)
        | Packet::PingResp => 0,
    }
}
