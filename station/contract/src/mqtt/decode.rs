//! Bytes to packets. Strict: what the standard calls malformed is refused, and no input can make it panic.

use super::{
    Connect, ConnectCode, Delivery, Packet, Password, Publish, QoS, SubscribeCode, Subscription, TopicFilter, Will,
    error::DecodeError, reader::Reader,
};

/// Largest packet that the protocol can express: a five-byte fixed header and 256 MB.
pub const PACKET_BYTES_MAX: usize = 5 + 268_435_455;

/// Length of the first packet in `bytes`, fixed header included; `None` when more bytes are needed to tell.
///
/// Fails as soon as the first byte is wrong or the length is known to exceed `max`, so that nobody waits for the rest of
/// such a packet or buffers it.
pub fn frame_length(bytes: &[u8], max: usize) -> Result<Option<usize>, DecodeError> {
    bytes.first().map_or(Ok(()), |first| check_first_byte(*first))?;
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
    check_first_byte(frame[0])?;
    let (kind, flags) = (frame[0] >> 4, frame[0] & 0x0f);
    let mut body = Reader(&frame[header..]);
    let packet = match kind {
        1 => Packet::Connect(connect(&mut body)?),
        2 => connack(&mut body)?,
        3 => Packet::Publish(publish(flags, &mut body)?),
        4 => Packet::PubAck(body.packet_id()?),
        5 => Packet::PubRec(body.packet_id()?),
        6 => Packet::PubRel(body.packet_id()?),
        7 => Packet::PubComp(body.packet_id()?),
        8 => Packet::Subscribe { id: body.packet_id()?, subscriptions: body.list(subscription)? },
        9 => Packet::SubAck { id: body.packet_id()?, codes: body.list(subscribe_code)? },
        10 => Packet::Unsubscribe { id: body.packet_id()?, filters: body.list(filter)? },
        11 => Packet::UnsubAck(body.packet_id()?),
        12 => Packet::PingReq,
        13 => Packet::PingResp,
        14 => Packet::Disconnect,
        _ => return Err(DecodeError::Type(kind)),
    };
    if body.0.is_empty() { Ok(packet) } else { Err(DecodeError::Trailing) }
}

/// The packet type exists, and the low four bits are those that it must have [MQTT-2.2.2-2].
fn check_first_byte(first: u8) -> Result<(), DecodeError> {
    match (first >> 4, first & 0x0f) {
        (kind @ (0 | 15), _) => Err(DecodeError::Type(kind)),
        (3, _) | (6 | 8 | 10, 2) | (1 | 2 | 4 | 5 | 7 | 9 | 11..=14, 0) => Ok(()),
        (_, _) => Err(DecodeError::Flags),
    }
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
