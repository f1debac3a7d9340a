//! The line's own hand on the broker, without a connection.

use std::sync::Arc;

use firstpass_contract::mqtt::{QoS, topic::is_topic_name};
use thiserror::Error;

use super::{
    hub::{Hub, Message},
    limits::Limits,
};

/// Publishes to units and ends their sessions. Cheap to clone; its calls never wait.
#[derive(Clone)]
pub struct BrokerHandle {
    pub(super) hub: Arc<Hub>,
    pub(super) limits: Limits,
}

/// A message that cannot be published.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PublishError {
    /// Empty, too long, or with a wildcard.
    #[error("{0:?} is not a topic name")]
    Topic(String),
    /// Larger than a packet may be, or than a retained message may be.
    #[error("a payload of {bytes} bytes is longer than {bytes_max}")]
    TooLarge {
        /// Length of the payload.
        bytes: usize,
        /// The bound.
        bytes_max: usize,
    },
}

impl BrokerHandle {
    /// Sends `payload` to everyone who subscribed to `topic`, units and observers alike, and returns how many did.
    /// QoS 2 is delivered as QoS 1.
    pub fn publish(&self, topic: &str, payload: &[u8], qos: QoS, retain: bool) -> Result<usize, PublishError> {
        if !is_topic_name(topic) {
            return Err(PublishError::Topic(topic.to_owned()));
        }
        let limits = &self.limits;
        let bytes_max = if retain { limits.retained_payload_bytes_max } else { limits.packet_bytes_max };
        if payload.len() > bytes_max {
            return Err(PublishError::TooLarge { bytes: payload.len(), bytes_max });
        }
        let message = Message { topic: topic.to_owned(), payload: payload.into(), qos, retain };
        Ok(self.hub.publish(&message))
    }

    /// Cuts every session of this user name and every login that is still being decided on; returns how many. To be
    /// called after new credentials, or their withdrawal, are on record.
    pub fn disconnect(&self, username: &str) -> usize {
        self.hub.withdraw(username)
    }
}
