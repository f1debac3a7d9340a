//! Retained messages, the oldest of which goes when there are too many.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use firstpass_contract::mqtt::TopicFilter;

use super::hub::Message;

/// The last retained message of each topic. In memory only: units publish their presence anew on each connect.
#[derive(Debug)]
pub(super) struct Retained {
    messages_max: usize,
    next: u64,
    by_topic: HashMap<String, (u64, Arc<Message>)>,
    by_age: BTreeMap<u64, String>,
}

impl Retained {
    pub(super) fn new(messages_max: usize) -> Self {
        Self { messages_max, next: 0, by_topic: HashMap::new(), by_age: BTreeMap::new() }
    }

    /// Keeps `message` in place of the last one; an empty payload only removes that one [MQTT-3.3.1-10].
    pub(super) fn store(&mut self, message: &Message) {
        self.remove(&message.topic);
        if message.payload.is_empty() || self.messages_max == 0 {
            return;
        }
        if self.by_topic.len() >= self.messages_max
            && let Some((_, topic)) = self.by_age.pop_first()
        {
            self.by_topic.remove(&topic);
        }
        let kept = Arc::new(Message { retain: true, ..message.clone() });
        self.by_age.insert(self.next, message.topic.clone());
        self.by_topic.insert(message.topic.clone(), (self.next, kept));
        self.next += 1;
    }

    /// What a new subscriber to `filter` gets, oldest first.
    pub(super) fn matching(&self, filter: &TopicFilter) -> Vec<Arc<Message>> {
        let topics = self.by_age.values().filter(|topic| filter.matches(topic));
        topics.filter_map(|topic| self.by_topic.get(topic)).map(|(_, message)| Arc::clone(message)).collect()
    }

    fn remove(&mut self, topic: &str) {
        if let Some((age, _)) = self.by_topic.remove(topic) {
            self.by_age.remove(&age);
        }
    }
}

#[cfg(test)]
mod tests {
    use firstpass_contract::mqtt::QoS;

    use super::*;

    fn message(topic: &str, payload: &str) -> Message {
        Message { topic: topic.into(), payload: payload.as_bytes().into(), qos: QoS::AtLeastOnce, retain: true }
    }

    fn topics(retained: &Retained) -> Vec<String> {
        let all = TopicFilter::new("#").unwrap();
        retained.matching(&all).iter().map(|message| message.topic.clone()).collect()
    }

    #[test]
    fn the_oldest_goes_when_there_are_too_many() {
        let mut retained = Retained::new(2);
        ["a", "b", "a", "c"].iter().for_each(|topic| retained.store(&message(topic, "x")));
        assert_eq!(topics(&retained), ["a", "c"]);
    }

    #[test]
    fn an_empty_payload_removes() {
        let mut retained = Retained::new(2);
        retained.store(&message("a", "x"));
        retained.store(&message("a", ""));
        assert!(topics(&retained).is_empty());
    }
}
