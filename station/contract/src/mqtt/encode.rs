//! Packets to bytes.

use alloc::vec::Vec;

use super::{Connect, Delivery, Packet, PacketId, Publish, QoS, SubscribeCode, Will};

impl Packet {
    /// Appends the packet to `out`.
    ///
    /// Texts, passwords and will payloads are at most 65 535 bytes long; the caller sees to it, as every text that came
    /// through [`super::decode()`] does. A longer one is cut at that length rather than sent as a malformed packet.
    pub fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Self::Connect(connect) => frame(out, 0x10, |body| connect_body(connect, body)),
            Self::ConnAck { session_present, code } => {
                out.extend_from_slice(&[0x20, 2, u8::from(*session_present), *code as u8]);
            }
            Self::Publish(publish) => frame(out, publish_header(publish), |body| publish_body(publish, body)),
            Self::PubAck(id) => acknowledgement(out, 0x40, *id),
            Self::PubRec(id) => acknowledgement(out, 0x50, *id),
            Self::PubRel(id) => acknowledgement(out, 0x62, *id),
            Self::PubComp(id) => acknowledgement(out, 0x70, *id),
            Self::Subscribe { id, subscriptions } => frame(out, 0x82, |body| {
                body.extend_from_slice(&id.get().to_be_bytes());
                for subscription in subscriptions {
                    field(body, subscription.filter.as_str().as_bytes());
                    body.push(subscription.qos as u8);
                }
            }),
            Self::SubAck { id, codes } => frame(out, 0x90, |body| {
                body.extend_from_slice(&id.get().to_be_bytes());
                body.extend(codes.iter().map(subscribe_code));
            }),
            Self::Unsubscribe { id, filters } => frame(out, 0xa2, |body| {
                body.extend_from_slice(&id.get().to_be_bytes());
                filters.iter().for_each(|filter| field(body, filter.as_str().as_bytes()));
            }),
            Self::UnsubAck(id) => acknowledgement(out, 0xb0, *id),
            Self::PingReq => out.extend_from_slice(&[0xc0, 0]),
            Self::PingResp => out.extend_from_slice(&[0xd0, 0]),
            Self::Disconnect => out.extend_from_slice(&[0xe0, 0]),
        }
    }

    /// The packet's bytes in a buffer of their own.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.encode(&mut out);
        out
    }
}

fn connect_body(connect: &Connect, body: &mut Vec<u8>) {
    let will_flags = |will: &Will| 0x04 | (will.qos as u8) << 3 | u8::from(will.retain) << 5;
    let flags = u8::from(connect.clean_session) << 1
        | connect.will.as_ref().map_or(0, will_flags)
        | u8::from(connect.password.is_some()) << 6
        | u8::from(connect.username.is_some()) << 7;
    field(body, b"MQTT");
    body.extend_from_slice(&[4, flags]);
    body.extend_from_slice(&connect.keep_alive_s.to_be_bytes());
    field(body, connect.client_id.as_bytes());
    if let Some(will) = &connect.will {
        field(body, will.topic.as_bytes());
        field(body, &will.payload);
    }
    if let Some(username) = &connect.username {
        field(body, username.as_bytes());
    }
    if let Some(password) = &connect.password {
        field(body, password.expose());
    }
}

fn publish_header(publish: &Publish) -> u8 {
    let qos: QoS = publish.delivery.qos();
    0x30 | u8::from(publish.dup) << 3 | (qos as u8) << 1 | u8::from(publish.retain)
}

fn publish_body(publish: &Publish, body: &mut Vec<u8>) {
    field(body, publish.topic.as_bytes());
    match publish.delivery {
        Delivery::AtMostOnce => {}
        Delivery::AtLeastOnce(id) | Delivery::ExactlyOnce(id) => body.extend_from_slice(&id.get().to_be_bytes()),
    }
    body.extend_from_slice(&publish.payload);
}

fn subscribe_code(code: &SubscribeCode) -> u8 {
    match code {
        SubscribeCode::Granted(qos) => *qos as u8,
        SubscribeCode::Failure => 0x80,
    }
}

fn acknowledgement(out: &mut Vec<u8>, first: u8, id: PacketId) {
    let [high, low] = id.get().to_be_bytes();
    out.extend_from_slice(&[first, 2, high, low]);
}

/// Writes the fixed header and the body that `write` makes.
fn frame(out: &mut Vec<u8>, first: u8, write: impl FnOnce(&mut Vec<u8>)) {
    let mut body = Vec::new();
    write(&mut body);
    out.push(first);
    let mut remaining = body.len();
    loop {
        let low = (remaining % 0x80) as u8;
        remaining /= 0x80;
        out.push(if remaining > 0 { low | 0x80 } else { low });
        if remaining == 0 {
            break;
        }
    }
    out.extend_from_slice(&body);
}

fn field(body: &mut Vec<u8>, bytes: &[u8]) {
    let length = u16::try_from(bytes.len()).unwrap_or(u16::MAX);
    body.extend_from_slice(&length.to_be_bytes());
    body.extend_from_slice(&bytes[..usize::from(length)]);
}
