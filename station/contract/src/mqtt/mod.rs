//! MQTT 3.1.1 packets as both ends of the line speak them: typed values, strict decoding, encoding.
//!
//! Sans-I/O and shared by the broker and the device agent. Source: OASIS MQTT Version 3.1.1; the numbers in brackets
//! are its normative statements. Knows no session, socket or time.
//!
//! Why a codec of our own: the broker is a witness, so it must not be kinder than the standard. `mqtt-protocol-core`
//! 0.7.9 never panicked, but it accepts a CONNECT with the reserved flag set, with bytes after its end or with will
//! QoS 3, MQTT 5 subscription options, packet identifier 0, empty filters, and U+0000 or wildcards in topic names.

mod decode;
mod encode;
mod error;
mod packet;
mod reader;
pub mod topic;

pub use decode::{PACKET_BYTES_MAX, decode, frame_length};
pub use error::DecodeError;
pub use packet::{
    Connect, ConnectCode, Delivery, Packet, PacketId, Password, Publish, QoS, SubscribeCode, Subscription, Will,
};
pub use topic::{TopicFilter, TopicFilterError};
