//! The MQTT session: login, topics, presence, keep-alive, commands, back-off.

mod support;

use firstpass_agent::{Action, BrokerFailure, ErrorClass, Event, OpaqueBytes, SessionInNvs};
use firstpass_contract::{
    PingAnswer, Secret,
    mqtt::{ConnectCode, Delivery, Packet, PacketId, Publish, QoS, SubscribeCode},
};
use support::{RESET, Rig, complete};

fn message(topic: &str, payload: &str, delivery: Delivery) -> Packet {
    Packet::Publish(Publish { dup: false, retain: false, delivery, topic: topic.into(), payload: payload.into() })
}

const QOS1: Delivery = Delivery::AtLeastOnce(PacketId::new(77).unwrap());

#[test]
fn login_will_and_client_id_are_those_of_the_contract() {
    let mut rig = Rig::online(complete());
    let endpoint = &rig.opens()[0];
    assert_eq!((endpoint.host.as_str(), endpoint.port, endpoint.tls), ("broker.test", 8883, true));
    assert_eq!(rig.packets(), [], "nothing is sent before the stream is open");
    rig.feed(Event::BrokerOpened);
    let packets = rig.packets();
    let [Packet::Connect(connect)] = &packets[..] else { panic!("no CONNECT") };
    assert_eq!((connect.client_id.as_str(), connect.username.as_deref()), ("user-1", Some("user-1")));
    assert_eq!(connect.password.as_ref().unwrap().expose(), b"pass-1");
    assert_eq!((connect.keep_alive_s, connect.clean_session), (60, true));
    let will = connect.will.as_ref().unwrap();
    assert_eq!(
        (will.topic.as_str(), &*will.payload, will.qos, will.retain),
        ("acme/key-1/presence/", &b"OFFLINE"[..], QoS::AtLeastOnce, true)
    );
}

#[test]
fn a_connected_unit_subscribes_and_then_shows_its_presence() {
    let mut rig = Rig::connected();
    assert_eq!(rig.log().last().unwrap(), "I iotmer_client: MQTT connected");
    let packets = rig.packets();
    let [_, Packet::Subscribe { id, subscriptions }, Packet::Publish(presence)] = &packets[..] else {
        panic!("no SUBSCRIBE or no PUBLISH")
    };
    let filters: Vec<_> =
        subscriptions.iter().map(|subscription| (subscription.filter.as_str(), subscription.qos)).collect();
    assert_eq!(filters, [("acme/key-1/cmd/#", QoS::AtLeastOnce), ("acme/key-1/config/#", QoS::AtLeastOnce)]);
    assert_eq!((presence.topic.as_str(), &*presence.payload), ("acme/key-1/presence/", &b"ONLINE"[..]));
    assert!(presence.retain);
    assert!(matches!(presence.delivery, Delivery::AtLeastOnce(presence) if presence != *id));
}

#[test]
fn a_ping_is_acknowledged_and_answered_with_version_and_hash() {
    let mut rig = Rig::connected();
    rig.packets();
    rig.broker_says(&message("acme/key-1/cmd/ping", r#"{"rid":"r-1"}"#, QOS1));
    let packets = rig.packets();
    let [Packet::PubAck(id), Packet::Publish(answer)] = &packets[..] else { panic!("no answer") };
    assert_eq!(id.get(), 77);
    assert_eq!(
        (answer.topic.as_str(), answer.retain, answer.delivery.qos()),
        ("acme/key-1/state", false, QoS::AtLeastOnce)
    );
    let answer: PingAnswer = serde_json::from_slice(&answer.payload).unwrap();
    let expected =
        PingAnswer { kind: "pong".into(), rid: "r-1".into(), fw_version: "1.4.0".into(), app_sha256: "ab".repeat(32) };
    assert_eq!(answer, expected);
}

#[test]
fn what_is_no_ping_is_not_answered() {
    let mut rig = Rig::connected();
    rig.actions();
    let long_rid = format!(r#"{{"rid":"{}"}}"#, "x".repeat(129));
    for (topic, payload) in
        [("acme/key-1/cmd/ping", "{}"), ("acme/key-1/cmd/reboot", r#"{"rid":"r"}"#), ("acme/key-1/cmd/ping", &long_rid)]
    {
        rig.broker_says(&message(topic, payload, Delivery::AtMostOnce));
        assert_eq!(rig.packets(), []);
        assert_eq!(rig.log().len(), 1, "{topic} {payload}");
    }
}

#[test]
fn packets_may_come_byte_by_byte_or_many_at_once() {
    let mut rig = Rig::connected();
    rig.packets();
    let bytes = message("acme/key-1/cmd/ping", r#"{"rid":"r"}"#, QOS1).to_bytes();
    for byte in &bytes {
        rig.feed(Event::BrokerBytes(OpaqueBytes(vec![*byte])));
    }
    assert_eq!(rig.packets().len(), 2);
    rig.feed(Event::BrokerBytes(OpaqueBytes([&bytes[..], &bytes, &bytes].concat())));
    assert_eq!(rig.packets().len(), 6);
}

#[test]
fn refused_credentials_wait_30_s_doubling_to_300_s_and_acceptance_starts_over() {
    let mut rig = Rig::online(complete());
    for (code, expected) in [
        (ConnectCode::BadLogin, 30_000),
        (ConnectCode::NotAuthorized, 60_000),
        (ConnectCode::BadLogin, 120_000),
        (ConnectCode::BadLogin, 240_000),
        (ConnectCode::NotAuthorized, 300_000),
        (ConnectCode::NotAuthorized, 300_000),
    ] {
        rig.actions();
        rig.broker_answers(code);
        let rc = code as u8;
        let line =
            format!("W iotmer_client: MQTT CONNACK auth failure (rc={rc}) — next reconnect uses {expected} ms backoff");
        assert_eq!(rig.log(), [line]);
        assert_eq!(rig.actions().last(), Some(&Action::CloseBroker));
        assert_eq!(rig.sleep(), expected);
        assert_eq!(rig.opens().len(), 1);
    }
    rig.broker_accepts();
    rig.feed(Event::BrokerClosed(RESET));
    assert!((2_000..=10_000).contains(&rig.sleep()));
    rig.broker_answers(ConnectCode::BadLogin);
    assert_eq!(rig.sleep(), 30_000);
}

#[test]
fn other_failures_wait_2_to_10_s_doubling_to_300_s_and_a_connect_starts_over() {
    let mut rig = Rig::connected();
    rig.feed(Event::BrokerClosed(RESET));
    let first = rig.sleep();
    assert!((2_000..=10_000).contains(&first), "{first}");
    let mut expected = first;
    for _ in 0..12 {
        expected = (expected * 2).min(300_000);
        rig.feed(Event::BrokerFailed(RESET));
        assert_eq!(rig.sleep(), expected);
    }
    rig.broker_accepts();
    rig.feed(Event::BrokerClosed(RESET));
    assert_eq!(rig.sleep(), first);
}

#[test]
fn a_failure_says_its_numbers() {
    let mut rig = Rig::online(complete());
    rig.log();
    rig.feed(Event::BrokerFailed(BrokerFailure { sock_errno: 0, tls_esp_err: 0x801a, certificate: None }));
    let line = "E iotmer_client: MQTT error: MQTT_ERROR_TYPE_TCP_TRANSPORT (type=1) CONNACK_rc=0 sock_errno=0 tls_esp_err=0x801a";
    assert_eq!(rig.log(), [line]);
    rig.sleep();
    rig.broker_answers(ConnectCode::ServerUnavailable);
    let line = "E iotmer_client: MQTT error: MQTT_ERROR_TYPE_CONNECTION_REFUSED (type=2) CONNACK_rc=3 sock_errno=0 tls_esp_err=0x0";
    assert_eq!(rig.log(), [line]);
}

#[test]
fn a_silent_broker_is_left_after_10_s() {
    let mut rig = Rig::online(complete());
    rig.feed(Event::BrokerOpened);
    rig.actions();
    assert_eq!(rig.sleep(), 10_000);
    assert!(rig.log()[0].ends_with("no answer in time"));
    assert_eq!(rig.actions(), [Action::CloseBroker]);
}

#[test]
fn a_quiet_session_pings_within_the_keep_alive_and_misses_no_answer() {
    let mut rig = Rig::connected();
    rig.packets();
    for _ in 0..3 {
        assert_eq!(rig.sleep(), 30_000);
        assert_eq!(rig.packets(), [Packet::PingReq]);
        rig.broker_says(&Packet::PingResp);
    }
    rig.sleep();
    rig.actions();
    assert_eq!(rig.sleep(), 10_000);
    assert!(rig.log()[0].ends_with("no answer in time"));
    assert_eq!(rig.actions(), [Action::CloseBroker]);
}

#[test]
fn packets_that_a_broker_must_not_send_end_the_session() {
    let forbidden = [
        Packet::PingReq,
        Packet::ConnAck { session_present: false, code: ConnectCode::Accepted },
        message("acme/key-1/cmd/ping", "{}", Delivery::ExactlyOnce(PacketId::MIN)),
    ];
    for packet in forbidden {
        let mut rig = Rig::connected();
        rig.actions();
        rig.broker_says(&packet);
        assert!(rig.log()[0].ends_with("unexpected packet"), "{packet:?}");
        assert_eq!(rig.actions(), [Action::CloseBroker]);
        assert!((2_000..=10_000).contains(&rig.sleep()));
    }
}

#[test]
fn a_packet_that_is_too_long_is_refused_before_it_arrives() {
    let mut rig = Rig::connected();
    rig.actions();
    rig.feed(Event::BrokerBytes(OpaqueBytes(vec![0x30, 0xff, 0xff, 0xff, 0x7f])));
    assert!(rig.log()[0].contains("malformed packet"));
    assert_eq!(rig.actions(), [Action::CloseBroker]);
}

#[test]
fn a_refused_subscription_is_said() {
    let mut rig = Rig::connected();
    rig.actions();
    let codes = vec![SubscribeCode::Failure, SubscribeCode::Granted(QoS::AtLeastOnce)];
    rig.broker_says(&Packet::SubAck { id: PacketId::MIN, codes });
    assert_eq!(rig.log(), ["E iotmer_client: subscription refused by the broker"]);
}

#[test]
fn a_lost_network_closes_the_stream_and_its_return_opens_it_after_2_to_10_s() {
    let mut rig = Rig::connected();
    rig.actions();
    rig.feed(Event::NetworkRetry { attempt: 1, attempts_max: 5 });
    assert_eq!(rig.actions().last(), Some(&Action::CloseBroker));
    rig.feed(Event::TimerDue);
    assert_eq!(rig.opens(), []);
    rig.network_up();
    assert_eq!(rig.opens(), []);
    assert!((2_000..=10_000).contains(&rig.sleep()));
    assert_eq!(rig.opens().len(), 1);
}

#[test]
fn a_network_that_comes_and_goes_does_not_shorten_the_wait_after_a_refusal() {
    let mut rig = Rig::online(complete());
    rig.broker_answers(ConnectCode::BadLogin);
    rig.actions();
    for _ in 0..3 {
        rig.feed(Event::NetworkRetry { attempt: 1, attempts_max: 5 });
        rig.network_up();
    }
    assert_eq!(rig.sleep(), 30_000);
    assert_eq!(rig.opens().len(), 1);
}

#[test]
fn a_first_connect_does_not_wait() {
    let mut rig = Rig::boot(complete());
    rig.feed(Event::NetworkRetry { attempt: 1, attempts_max: 5 });
    rig.network_up();
    assert_eq!(rig.opens().len(), 1);
}

#[test]
fn a_session_that_makes_no_topic_or_port_is_said_and_not_used() {
    let bad = [
        SessionInNvs { mqtt_port: 70_000, ..complete() },
        SessionInNvs { mqtt_port: -1, ..complete() },
        SessionInNvs { device_key: "a/#".into(), ..complete() },
    ];
    for session in bad {
        let mut rig = Rig::online(session);
        let line = "E iotmer_client: stored mqtt_port, workspace_slug or device_key is unusable: factory reset, then provision with an auth code";
        assert_eq!(rig.log().last().unwrap(), line);
        assert_eq!(rig.actions(), []);
        assert_eq!(rig.classes(), [ErrorClass::InvalidCredentials]);
    }
}

#[test]
fn nothing_printable_holds_the_password() {
    let mut rig = Rig::online(SessionInNvs { mqtt_password: Secret::new("hunter2"), ..complete() });
    rig.feed(Event::BrokerOpened);
    let printed = format!("{:?} {:?}", rig.actions(), rig.agent);
    assert!(!printed.contains("hunter2") && !printed.contains("104, 117, 110"), "{printed}");
}
