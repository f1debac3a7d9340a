//! Why bytes are no packet.

use thiserror::Error;

/// Why bytes are no packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum DecodeError {
    /// The fixed header announces more than the caller allows.
    #[error("a packet of {length} bytes is longer than {max}")]
    TooLarge {
        /// Announced length of the whole packet.
        length: usize,
        /// The caller's bound.
        max: usize,
    },
    /// The remaining length takes more than four bytes, or is not that of the bytes at hand.
    #[error("the remaining length is wrong")]
    Length,
    /// Packet type 0 or 15.
    #[error("packet type {0} does not exist")]
    Type(u8),
    /// The low four bits of the first byte are not those of this packet type.
    #[error("the fixed header's flags are wrong")]
    Flags,
    /// A field goes beyond the end of the packet.
    #[error("the packet ends inside a field")]
    Truncated,
    /// Bytes follow the last field.
    #[error("bytes follow the last field")]
    Trailing,
    /// A text is not UTF-8 or holds U+0000.
    #[error("a text is not UTF-8, or holds U+0000")]
    Text,
    /// The protocol name of a CONNECT is not `MQTT`.
    #[error("the protocol is not MQTT")]
    ProtocolName,
    /// The protocol level of a CONNECT is not 4 (3: `MQIsdp` of version 3.1; 5: version 5.0).
    #[error("protocol level {0} is not 4 (MQTT 3.1.1)")]
    ProtocolLevel(u8),
    /// The connect flags contradict each other or use the reserved bit.
    #[error("the connect flags contradict each other")]
    ConnectFlags,
    /// A packet identifier is zero.
    #[error("packet identifier 0")]
    PacketId,
    /// QoS 3, or a reserved bit beside a QoS.
    #[error("a QoS beyond 2")]
    QoS,
    /// A topic name is empty or holds a wildcard.
    #[error("a topic name is empty or holds a wildcard")]
    TopicName,
    /// A topic filter is empty or misplaces a wildcard.
    #[error("a topic filter is empty or misplaces a wildcard")]
    TopicFilter,
    /// A SUBSCRIBE, SUBACK or UNSUBSCRIBE without content.
    #[error("a list is empty")]
    Empty,
    /// A return code that does not exist.
    #[error("return code {0} does not exist")]
    ReturnCode(u8),
}
