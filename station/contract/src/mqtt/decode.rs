//! Bytes to packets. Strict: what the standard calls malformed is refused, and no input can make it panic.

use alloc::{borrow::ToOwned, string::String, vec::Vec};

use thiserror::Error;

use super::{
    Connect, ConnectCode, Delivery, Packet, PacketId, Password, Publish, QoS, SubscribeCode, Subscription, TopicFilter,
    Will, topic::is_topic_name,
};

/// Largest packet that the protocol can express: a five-byte fixed header and 256 MB.
pub const PACKET_BYTES_MAX: usize = 5 + 268_435_455;

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

/// Length of the first packet in `bytes`, fixed header included; `None` when more bytes are needed to tell.
///
/// Fails as soon as the length is known to exceed `max`, so that nobody buffers such a packet.
pub fn frame_length(bytes: &[u8], max: usize) -> Result<Option<usize>, DecodeError> {
    let Some((header, remaining)) = fixed_header(bytes)? else { return Ok(None) };
    let length = header + remaining;
    if length > max {
        return Err(DecodeError::TooLarge { length, max });
    }
    Ok(Some(length))
}

/// Decodes exactly one packet, as long as [`frame_length`] said.
pub fn decode(frame: &[u8]) -> Result<Packet, DecodeError> {
    let (header, remaining) = fixed_header(frame)?.ok_or(DecodeError::Truncated)?;
    if frame.len() != header + remaining {
        return Err(DecodeError::Length);
    }
    let (kind, flags) = (frame[0] >> 4, frame[0] & 0x0f);
    let mut body = Reader(&frame[header..]);
    let packet = match (kind, flags) {
        (1, 0) => Packet::Connect(connect(&mut body)?),
        (2, 0) => connack(&mut body)?,
        (3, _) => Packet::Publish(publish(flags, &mut body)?),
        (4, 0) => Packet::PubAck(body.packet_id()?),
        (5, 0) => Packet::PubRec(body.packet_id()?),
        (6, 2) => Packet::PubRel(body.packet_id()?),
        (7, 0) => Packet::PubComp(body.packet_id()?),
        (8, 2) => Packet::Subscribe { id: body.packet_id()?, subscriptions: body.list(subscription)? },
        (9, 0) => Packet::SubAck { id: body.packet_id()?, codes: body.list(subscribe_code)? },
        (10, 2) => Packet::Unsubscribe { id: body.packet_id()?, filters: body.list(filter)? },
        (11, 0) => Packet::UnsubAck(body.packet_id()?),
        (12, 0) => Packet::PingReq,
        (13, 0) => Packet::PingResp,
        (14, 0) => Packet::Disconnect,
        (0 | 15, _) => return Err(DecodeError::Type(kind)),
        _ => return Err(DecodeError::Flags),
    };
    if body.0.is_empty() { Ok(packet) } else { Err(DecodeError::Trailing) }
}

/// Lengths of the fixed header and of what follows it.
fn fixed_header(bytes: &[u8]) -> Result<Option<(usize, usize)>, DecodeError> {
    let mut remaining = 0;
    for (index, byte) in bytes.iter().skip(1).take(4).enumerate() {
        remaining |= usize::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            return Ok(Some((index + 2, remaining)));
        }
    }
    if bytes.len() >= 5 { Err(DecodeError::Length) } else { Ok(None) }
}

fn connect(body: &mut Reader<'_>) -> Result<Connect, DecodeError> {
    let name = body.bytes()?;
    let level = body.byte()?;
    match (name, level) {
        (b"MQTT", 4) => {}
        (b"MQTT", level) | (b"MQIsdp", level) => return Err(DecodeError::ProtocolLevel(level)),
        _ => return Err(DecodeError::ProtocolName),
    }
    let flags = ConnectFlags::parse(body.byte()?)?;
    let keep_alive_s = body.u16()?;
    let client_id = body.text()?;
    let will = flags.will.map(|(qos, retain)| will(body, qos, retain)).transpose()?;
    let username = flags.username.then(|| body.text()).transpose()?;
    let password = flags.password.then(|| body.bytes().map(Password::new)).transpose()?;
    Ok(Connect { client_id, keep_alive_s, clean_session: flags.clean_session, will, username, password })
}

struct ConnectFlags {
    clean_session: bool,
    will: Option<(QoS, bool)>,
    username: bool,
    password: bool,
}

impl ConnectFlags {
    /// Refuses the reserved bit, will settings without a will, and a password without a user name
    /// [MQTT-3.1.2-3, 3.1.2-13 to 15, 3.1.2-22].
    fn parse(bits: u8) -> Result<Self, DecodeError> {
        let qos = QoS::from_bits(bits >> 3 & 3).ok_or(DecodeError::QoS)?;
        let (has_will, retain) = (bits & 0x04 != 0, bits & 0x20 != 0);
        let (username, password) = (bits & 0x80 != 0, bits & 0x40 != 0);
        let will_settings = retain || qos != QoS::AtMostOnce;
        if bits & 0x01 != 0 || (will_settings && !has_will) || (password && !username) {
            return Err(DecodeError::ConnectFlags);
        }
        let will = has_will.then_some((qos, retain));
        Ok(Self { clean_session: bits & 0x02 != 0, will, username, password })
    }
}

fn will(body: &mut Reader<'_>, qos: QoS, retain: bool) -> Result<Will, DecodeError> {
    Ok(Will { topic: body.topic_name()?, payload: body.bytes()?.to_vec(), qos, retain })
}

fn connack(body: &mut Reader<'_>) -> Result<Packet, DecodeError> {
    let present = body.byte()?;
    let code = match body.byte()? {
        0 => ConnectCode::Accepted,
        1 => ConnectCode::BadProtocolLevel,
        2 => ConnectCode::BadClientId,
        3 => ConnectCode::ServerUnavailable,
        4 => ConnectCode::BadLogin,
        5 => ConnectCode::NotAuthorized,
        other => return Err(DecodeError::ReturnCode(other)),
    };
    // A refusal never comes with a session [MQTT-3.2.2-4].
    if present > 1 || (present == 1 && code != ConnectCode::Accepted) {
        return Err(DecodeError::Flags);
    }
    Ok(Packet::ConnAck { session_present: present == 1, code })
}

fn publish(flags: u8, body: &mut Reader<'_>) -> Result<Publish, DecodeError> {
    let qos = QoS::from_bits(flags >> 1 & 3).ok_or(DecodeError::QoS)?;
    let (dup, retain) = (flags & 0x08 != 0, flags & 0x01 != 0);
    if dup && qos == QoS::AtMostOnce {
        return Err(DecodeError::Flags);
    }
    let topic = body.topic_name()?;
    let delivery = match qos {
        QoS::AtMostOnce => Delivery::AtMostOnce,
        QoS::AtLeastOnce => Delivery::AtLeastOnce(body.packet_id()?),
        QoS::ExactlyOnce => Delivery::ExactlyOnce(body.packet_id()?),
    };
    Ok(Publish { dup, retain, delivery, topic, payload: body.rest().to_vec() })
}

fn subscription(body: &mut Reader<'_>) -> Result<Subscription, DecodeError> {
    Ok(Subscription { filter: filter(body)?, qos: QoS::from_bits(body.byte()?).ok_or(DecodeError::QoS)? })
}

fn filter(body: &mut Reader<'_>) -> Result<TopicFilter, DecodeError> {
    TopicFilter::new(body.str()?).map_err(|_| DecodeError::TopicFilter)
}

fn subscribe_code(body: &mut Reader<'_>) -> Result<SubscribeCode, DecodeError> {
    match body.byte()? {
        0x80 => Ok(SubscribeCode::Failure),
        bits => QoS::from_bits(bits).map(SubscribeCode::Granted).ok_or(DecodeError::ReturnCode(bits)),
    }
}

/// What is left of a packet's body.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], DecodeError> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or(DecodeError::Truncated)?;
        self.0 = rest;
        Ok(taken)
    }

    fn rest(&mut self) -> &'a [u8] {
        core::mem::take(&mut self.0)
    }

    fn byte(&mut self) -> Result<u8, DecodeError> {
        self.take(1).map(|bytes| bytes[0])
    }

    fn u16(&mut self) -> Result<u16, DecodeError> {
        self.take(2).map(|bytes| u16::from_be_bytes([bytes[0], bytes[1]]))
    }

    fn packet_id(&mut self) -> Result<PacketId, DecodeError> {
        PacketId::new(self.u16()?).ok_or(DecodeError::PacketId)
    }

    fn bytes(&mut self) -> Result<&'a [u8], DecodeError> {
        let length = self.u16()?;
        self.take(usize::from(length))
    }

    fn str(&mut self) -> Result<&'a str, DecodeError> {
        let text = core::str::from_utf8(self.bytes()?).map_err(|_| DecodeError::Text)?;
        if text.contains('\0') { Err(DecodeError::Text) } else { Ok(text) }
    }

    fn text(&mut self) -> Result<String, DecodeError> {
        self.str().map(str::to_owned)
    }

    fn topic_name(&mut self) -> Result<String, DecodeError> {
        let text = self.str()?;
        if is_topic_name(text) { Ok(text.to_owned()) } else { Err(DecodeError::TopicName) }
    }

    /// Reads items to the end of the body; at least one [MQTT-3.8.3-3, 3.10.3-2].
    fn list<T>(&mut self, item: fn(&mut Self) -> Result<T, DecodeError>) -> Result<Vec<T>, DecodeError> {
        let mut items = Vec::new();
        while !self.0.is_empty() {
            items.push(item(self)?);
        }
        if items.is_empty() { Err(DecodeError::Empty) } else { Ok(items) }
    }
}
