//! The MQTT codec against golden bytes, against what the standard forbids, and against random bytes.
// Says to the lints that helpers are tests as well.
#![cfg(test)]

use std::num::NonZeroU16;

use firstpass_contract::mqtt::{
    Connect, ConnectCode, DecodeError, Delivery, PACKET_BYTES_MAX, Packet, PacketId, Password, Publish, QoS,
    SubscribeCode, Subscription, TopicFilter, Will, decode, frame_length,
};
use proptest::prelude::*;

fn id(value: u16) -> PacketId {
    NonZeroU16::new(value).unwrap()
}

fn filter(text: &str) -> TopicFilter {
    TopicFilter::new(text).unwrap()
}

fn unit_connect() -> Connect {
    Connect {
        client_id: "u1".into(),
        keep_alive_s: 60,
        clean_session: true,
        will: Some(Will {
            topic: "w/k/presence/".into(),
            payload: b"OFF".to_vec(),
            qos: QoS::AtLeastOnce,
            retain: true,
        }),
        username: Some("u1".into()),
        password: Some(Password::new(*b"pw")),
    }
}

/// Bytes as the standard's tables make them; do not edit.
#[test]
fn every_packet_has_its_golden_bytes() {
    let subscriptions = vec![Subscription { filter: filter("a/#"), qos: QoS::AtLeastOnce }];
    let publish = |dup, retain, delivery| {
        Packet::Publish(Publish { dup, retain, delivery, topic: "a/b".into(), payload: b"hi".to_vec() })
    };
    let codes = vec![SubscribeCode::Granted(QoS::AtLeastOnce), SubscribeCode::Failure];
    let cases: Vec<(Packet, &[u8])> = vec![
        (
            Packet::Connect(unit_connect()),
            b"\x10\x2a\0\x04MQTT\x04\xee\0\x3c\0\x02u1\0\x0dw/k/presence/\0\x03OFF\0\x02u1\0\x02pw",
        ),
        (Packet::ConnAck { session_present: false, code: ConnectCode::BadLogin }, b"\x20\x02\0\x04"),
        (Packet::ConnAck { session_present: true, code: ConnectCode::Accepted }, b"\x20\x02\x01\0"),
        (publish(false, true, Delivery::AtMostOnce), b"\x31\x07\0\x03a/bhi"),
        (publish(true, false, Delivery::AtLeastOnce(id(10))), b"\x3a\x09\0\x03a/b\0\x0ahi"),
        (publish(false, false, Delivery::ExactlyOnce(id(0x1234))), b"\x34\x09\0\x03a/b\x12\x34hi"),
        (Packet::PubAck(id(1)), b"\x40\x02\0\x01"),
        (Packet::PubRec(id(1)), b"\x50\x02\0\x01"),
        (Packet::PubRel(id(1)), b"\x62\x02\0\x01"),
        (Packet::PubComp(id(1)), b"\x70\x02\0\x01"),
        (Packet::Subscribe { id: id(2), subscriptions }, b"\x82\x08\0\x02\0\x03a/#\x01"),
        (Packet::SubAck { id: id(2), codes }, b"\x90\x04\0\x02\x01\x80"),
        (Packet::Unsubscribe { id: id(3), filters: vec![filter("a")] }, b"\xa2\x05\0\x03\0\x01a"),
        (Packet::UnsubAck(id(3)), b"\xb0\x02\0\x03"),
        (Packet::PingReq, b"\xc0\0"),
        (Packet::PingResp, b"\xd0\0"),
        (Packet::Disconnect, b"\xe0\0"),
    ];
    for (packet, bytes) in cases {
        assert_eq!(packet.to_bytes(), bytes, "{packet:?}");
        assert_eq!(decode(bytes), Ok(packet));
    }
}

#[test]
fn what_the_standard_forbids_is_refused() {
    let cases: &[(&[u8], DecodeError)] = &[
        (b"\x00\0", DecodeError::Type(0)),
        (b"\xf0\0", DecodeError::Type(15)),
        (b"\x10\x0d\0\x04MQTT\x04\x03\0\x3c\0\x01a", DecodeError::ConnectFlags),
        (b"\x10\x10\0\x04MQTT\x04\x02\0\x3c\0\x01a123", DecodeError::Trailing),
        (b"\x10\x0d\0\x04MQTT\x04\x0a\0\x3c\0\x01a", DecodeError::ConnectFlags),
        (b"\x10\x0d\0\x04MQTT\x04\x1e\0\x3c\0\x01a", DecodeError::QoS),
        (b"\x10\x0d\0\x04MQTT\x04\x42\0\x3c\0\x01a", DecodeError::ConnectFlags),
        (b"\x10\x0d\0\x04MQTT\x05\x02\0\x3c\0\x01a", DecodeError::ProtocolLevel(5)),
        (b"\x10\x0f\0\x06MQIsdp\x03\x02\0\x3c\0\x01a", DecodeError::ProtocolLevel(3)),
        (b"\x10\x0d\0\x04HTTP\x04\x02\0\x3c\0\x01a", DecodeError::ProtocolName),
        (b"\x10\x0d\0\x04MQTT\x04\x02\0\x3c\0\x09a", DecodeError::Truncated),
        (b"\x12\x0d\0\x04MQTT\x04\x02\0\x3c\0\x01a", DecodeError::Flags),
        (b"\x20\x02\0\x06", DecodeError::ReturnCode(6)),
        (b"\x20\x02\x01\x05", DecodeError::Flags),
        (b"\x36\x05\0\x01a\0\x01", DecodeError::QoS),
        (b"\x38\x03\0\x01a", DecodeError::Flags),
        (b"\x32\x05\0\x01a\0\0", DecodeError::PacketId),
        (b"\x30\x03\0\x01#", DecodeError::TopicName),
        (b"\x30\x02\0\0", DecodeError::TopicName),
        (b"\x30\x03\0\x01\0", DecodeError::Text),
        (b"\x30\x03\0\x01\xff", DecodeError::Text),
        (b"\x40\x03\0\x01\x09", DecodeError::Trailing),
        (b"\x60\x02\0\x01", DecodeError::Flags),
        (b"\x80\x06\0\x01\0\x01a\0", DecodeError::Flags),
        (b"\x82\x02\0\x01", DecodeError::Empty),
        (b"\x82\x06\0\x01\0\x01a\x2d", DecodeError::QoS),
        (b"\x82\x05\0\x01\0\0\x01", DecodeError::TopicFilter),
        (b"\x82\x07\0\x01\0\x02a#\x01", DecodeError::TopicFilter),
        (b"\xa2\x02\0\x01", DecodeError::Empty),
        (b"\xc0\x01\0", DecodeError::Trailing),
        (b"\xc0\x80\x80\x80\x80\x01", DecodeError::Length),
    ];
    for (bytes, expected) in cases {
        assert_eq!(decode(bytes).as_ref(), Err(expected), "{bytes:02x?}");
    }
}

#[test]
fn an_oversized_or_foreign_packet_is_known_by_its_first_bytes() {
    assert_eq!(frame_length(b"", 100), Ok(None));
    assert_eq!(frame_length(b"\x30", 100), Ok(None));
    assert_eq!(frame_length(b"\x30\xff", 100), Ok(None));
    assert_eq!(frame_length(b"\x30\x62", 100), Ok(Some(100)));
    assert_eq!(frame_length(b"\x30\x63", 100), Err(DecodeError::TooLarge { length: 101, max: 100 }));
    assert_eq!(
        frame_length(b"\x30\xff\xff\xff\x7f", 100),
        Err(DecodeError::TooLarge { length: PACKET_BYTES_MAX, max: 100 })
    );
    assert_eq!(frame_length(b"G", 100), Err(DecodeError::Flags));
}

#[test]
fn a_password_cannot_be_printed() {
    assert!(!format!("{:?}", unit_connect()).contains("pw"));
}

/// Bytes that look like a packet: a plausible fixed header with the right length in front of random content.
fn packet_like() -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![Just(0), Just(1), Just(4), any::<u8>()];
    (any::<u8>(), prop::collection::vec(byte, 0..120)).prop_map(|(first, body)| {
        let mut bytes = vec![first, body.len() as u8];
        bytes.extend(body);
        bytes
    })
}

proptest! {
    #[test]
    fn random_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), max in 0_usize..300) {
        let _ = frame_length(&bytes, max);
        let _ = decode(&bytes);
    }

    #[test]
    fn what_decodes_encodes_to_the_same_bytes(bytes in packet_like()) {
        if let Ok(packet) = decode(&bytes) {
            prop_assert_eq!(packet.to_bytes(), bytes);
        }
    }

    #[test]
    fn a_damaged_connect_never_panics(place in 0_usize..44, value in any::<u8>()) {
        let mut bytes = Packet::Connect(unit_connect()).to_bytes();
        bytes[place] = value;
        if let Ok(packet) = decode(&bytes) {
            prop_assert_eq!(packet.to_bytes(), bytes);
        }
    }

    #[test]
    fn a_cut_packet_is_never_a_packet(cut in 0_usize..44) {
        let bytes = Packet::Connect(unit_connect()).to_bytes();
        prop_assert!(decode(&bytes[..cut]).is_err());
    }

    #[test]
    fn a_publish_of_any_size_survives_the_trip(payload in prop::collection::vec(any::<u8>(), 0..40_000)) {
        let delivery = Delivery::AtLeastOnce(id(7));
        let packet = Packet::Publish(Publish { dup: false, retain: false, delivery, topic: "t".into(), payload });
        let bytes = packet.to_bytes();
        prop_assert_eq!(frame_length(&bytes, usize::MAX), Ok(Some(bytes.len())));
        prop_assert_eq!(decode(&bytes), Ok(packet));
    }
}
