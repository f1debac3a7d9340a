//! What one client still has to get, and what it has not yet acknowledged.

use std::{
    collections::{HashSet, VecDeque},
    future,
    sync::Arc,
};

use firstpass_contract::mqtt::{Delivery, Packet, PacketId, Publish, QoS};
use tokio::sync::mpsc;

use super::hub::Message;

/// Messages for one client, in order: retained ones of its new subscriptions, then what others publish.
pub(super) struct Outbox {
    retained: VecDeque<(Arc<Message>, QoS)>,
    queue: mpsc::Receiver<Arc<Message>>,
    unacknowledged: HashSet<PacketId>,
    inflight_max: usize,
    last_id: u16,
}

impl Outbox {
    pub(super) fn new(queue: mpsc::Receiver<Arc<Message>>, inflight_max: usize) -> Self {
        // A packet identifier must stay free, or none could be found.
        let inflight_max = inflight_max.clamp(1, usize::from(u16::MAX) - 1);
        Self { retained: VecDeque::new(), queue, unacknowledged: HashSet::new(), inflight_max, last_id: 0 }
    }

    /// Adds what is retained for a subscription that was granted with `granted`.
    pub(super) fn add_retained(&mut self, messages: Vec<Arc<Message>>, granted: QoS) {
        self.retained.extend(messages.into_iter().map(|message| (message, granted)));
    }

    /// The next packet, if one may go now.
    pub(super) fn waiting(&mut self) -> Option<Packet> {
        if !self.has_room() {
            return None;
        }
        if let Some((message, granted)) = self.retained.pop_front() {
            return Some(self.packet(&message, message.qos.min(granted)));
        }
        let message = self.queue.try_recv().ok()?;
        Some(self.packet(&message, message.qos))
    }

    /// Waits for the next packet that may go; forever while too many are unacknowledged. Nothing is lost when the future
    /// is dropped.
    pub(super) async fn next(&mut self) -> Packet {
        if let Some(packet) = self.waiting() {
            return packet;
        }
        if self.has_room()
            && let Some(message) = self.queue.recv().await
        {
            return self.packet(&message, message.qos);
        }
        future::pending().await
    }

    /// Whether a message with this identifier was waiting for its acknowledgement.
    pub(super) fn acknowledged(&mut self, id: PacketId) -> bool {
        self.unacknowledged.remove(&id)
    }

    fn has_room(&self) -> bool {
        self.unacknowledged.len() < self.inflight_max
    }

    fn packet(&mut self, message: &Message, qos: QoS) -> Packet {
        let delivery = match qos {
            QoS::AtMostOnce => Delivery::AtMostOnce,
            // Subscriptions are granted with QoS 1 at most.
            QoS::AtLeastOnce | QoS::ExactlyOnce => Delivery::AtLeastOnce(self.next_id()),
        };
        let (topic, payload) = (message.topic.clone(), message.payload.to_vec());
        Packet::Publish(Publish { dup: false, retain: message.retain, delivery, topic, payload })
    }

    /// The next free identifier; there is one because fewer are taken than exist.
    fn next_id(&mut self) -> PacketId {
        loop {
            self.last_id = self.last_id.wrapping_add(1);
            if let Some(id) = PacketId::new(self.last_id)
                && self.unacknowledged.insert(id)
            {
                return id;
            }
        }
    }
}
