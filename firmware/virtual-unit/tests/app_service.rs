//! A unit's way from flash to service over real sockets and TLS.

mod app_support;

use std::io::ErrorKind;

use app_support::peer::{Broker, Heard, Https};
use app_support::pki::{Authority, Wish};
use app_support::unit::{Unit, Value};
use app_support::{CODE, SOON, answer, factory, session};
use firstpass_contract::PingAnswer;
use firstpass_contract::mqtt::{Delivery, Packet, Publish};
use rcgen::ExtendedKeyUsagePurpose;
use virtual_unit::Fault;

fn ping() -> Packet {
    Packet::Publish(Publish {
        dup: false,
        retain: false,
        delivery: Delivery::AtMostOnce,
        topic: "acme/key-1/cmd/ping".into(),
        payload: br#"{"rid":"r-1"}"#.to_vec(),
    })
}

#[test]
fn a_factory_unit_provisions_stores_connects_and_answers() {
    let authority = Authority::new("Test CA");
    let broker = Broker::serve(authority.right_server(), vec![ping()]);
    let body = answer(broker.port, "");
    let https = Https::serve(authority.right_server(), move |_, _| (201, body.clone().into()));
    let unit = Unit::new(&factory(https.port, &authority.pem())).run();

    let request = https.requests.recv_timeout(SOON).unwrap();
    assert!(request.head.starts_with("POST /api/v1/provision/device HTTP/1.1\r\n"), "{}", request.head);
    assert!(request.head.contains(&format!("\r\niotmer-auth-code: {CODE}\r\n")));
    assert!(request.head.contains("\r\ncontent-type: application/json"));
    assert!(request.body.contains(r#""mac":"02:00:00:00:00:1f""#));

    assert!(matches!(broker.next_packet(), Packet::Connect(connect) if connect.client_id == "user-1"));
    assert!(matches!(broker.next_packet(), Packet::Subscribe { .. }));
    assert!(matches!(broker.next_packet(), Packet::Publish(presence) if presence.payload == b"ONLINE"));
    let Packet::Publish(pong) = broker.next_packet() else { panic!("no answer to the ping") };
    let pong: PingAnswer = serde_json::from_slice(&pong.payload).unwrap();
    assert_eq!((pong.rid.as_str(), pong.fw_version.as_str(), pong.app_sha256), ("r-1", "1.4.0", "ab".repeat(32)));
    unit.says("iotmer_client: MQTT connected");

    let log = unit.uart.text();
    let unit = unit.reset();
    assert!(matches!(broker.next(), Heard::End(_, ErrorKind::ConnectionReset)), "a reset says no goodbye");
    let expected = [
        "iotmer_wifi: WiFi connected, IP:127.0.0.1",
        "iotmer_provision: HTTPS POST https://localhost:",
        "iotmer_provision: MQTT (from provision): host=localhost",
        "iotmer_client: init complete (device_id=dev-1, mqtt_host=localhost)",
        "iotmer_client: MQTT connected",
    ];
    let places: Vec<_> = expected.iter().map(|text| log.find(text).expect(text)).collect();
    assert!(places.is_sorted(), "{log}");
    for (key, value) in [("device_key", Some("key-1")), ("mqtt_password", Some("pass-1")), ("auth_code", None)] {
        assert_eq!(unit.nvs_text(key).as_deref(), value);
    }
    let code_left = unit.nvs_bytes().windows(CODE.len()).any(|bytes| bytes == CODE.as_bytes());
    assert!(!code_left, "the code must be gone from the flash, not only marked as erased");
    assert!(!log.contains(CODE) && !log.contains("pass-1"));
}

#[test]
fn a_complete_session_connects_without_https_and_again_after_a_reset() {
    let authority = Authority::new("Test CA");
    let broker = Broker::serve(authority.right_server(), vec![]);
    let mut values = session(broker.port);
    values.push(("ca_pem", Value::Text(authority.pem())));
    let unit = Unit::new(&values).run();
    unit.says("iotmer_provision: provision skipped (no auth code; using stored session)");
    unit.says("iotmer_client: MQTT connected");
    unit.reset().run().says("iotmer_client: MQTT connected");
}

#[test]
fn a_stored_client_certificate_is_presented() {
    let authority = Authority::new("Test CA");
    let server = authority.server(authority.issue(&Wish::default()), true);
    let broker = Broker::serve(server, vec![]);
    let client =
        authority.issue(&Wish { name: "dev-1", usage: ExtendedKeyUsagePurpose::ClientAuth, ..Wish::default() });
    let mut values = session(broker.port);
    values.extend([
        ("ca_pem", Value::Text(authority.pem())),
        ("cert_pem", Value::Text(client.pem)),
        ("key_pem", Value::Text(client.key.serialize_pem())),
    ]);
    let unit = Unit::new(&values).run();
    unit.says("iotmer_client: MQTT connected");
    unit.reset();
    let end = std::iter::repeat_with(|| broker.next()).find(|heard| matches!(heard, Heard::End(..)));
    assert!(matches!(end, Some(Heard::End(1, _))), "{end:?}");
}

#[test]
fn a_certificate_of_the_provisioning_answer_is_stored_and_presented() {
    let authority = Authority::new("Test CA");
    let broker = Broker::serve(authority.server(authority.issue(&Wish::default()), true), vec![]);
    let client =
        authority.issue(&Wish { name: "dev-1", usage: ExtendedKeyUsagePurpose::ClientAuth, ..Wish::default() });
    let (certificate, key) = (client.pem.clone(), client.key.serialize_pem());
    let more = format!(
        r#","certificate_pem":{},"private_key_pem":{}"#,
        serde_json::to_string(&certificate).unwrap(),
        serde_json::to_string(&key).unwrap()
    );
    let body = answer(broker.port, &more);
    let https = Https::serve(authority.right_server(), move |_, _| (200, body.clone().into()));
    let unit = Unit::new(&factory(https.port, &authority.pem())).run();
    unit.says("iotmer_client: MQTT connected");
    let unit = unit.reset();
    assert_eq!((unit.nvs_text("cert_pem"), unit.nvs_text("key_pem")), (Some(certificate), Some(key)));
}

#[test]
fn a_reset_ends_a_unit_at_once_even_while_it_waits_for_a_server() {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let authority = Authority::new("Test CA");
    let unit = Unit::new(&factory(listener.local_addr().unwrap().port(), &authority.pem())).run();
    let (mut server_end, _) = listener.accept().unwrap();
    let started = std::time::Instant::now();
    unit.reset();
    assert!(started.elapsed().as_secs() < 5, "well below the unit's own time limit of 10 s");
    server_end.set_read_timeout(Some(SOON)).unwrap();
    let end = std::io::Read::read_to_end(&mut server_end, &mut Vec::new());
    assert!(
        end.is_ok() || end.is_err_and(|error| error.kind() == ErrorKind::ConnectionReset),
        "the connection is gone"
    );
}

#[test]
fn a_server_that_accepts_and_then_says_nothing_is_left_after_10_s() {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let authority = Authority::new("Test CA");
    let unit = Unit::new(&factory(listener.local_addr().unwrap().port(), &authority.pem())).run();
    let started = std::time::Instant::now();
    unit.says("iotmer_provision: HTTP post failed: ESP_ERR_HTTP_");
    assert!(started.elapsed().as_secs() >= 9);
}

#[test]
fn a_broker_that_wants_a_certificate_refuses_a_unit_without_one() {
    let authority = Authority::new("Test CA");
    let broker = Broker::serve(authority.server(authority.issue(&Wish::default()), true), vec![]);
    let mut values = session(broker.port);
    values.push(("ca_pem", Value::Text(authority.pem())));
    let unit = Unit::new(&values).run();
    unit.says("MQTT error: MQTT_ERROR_TYPE_TCP_TRANSPORT (type=1)");
    assert!(unit.uart.text().contains("peer sent alert CertificateRequired"), "{}", unit.uart.text());
}

#[test]
fn an_answer_longer_than_the_buffer_of_the_unit_does_not_provision() {
    let authority = Authority::new("Test CA");
    let body = answer(1, &format!(r#","filler":"{}""#, "x".repeat(9000)));
    let https = Https::serve(authority.right_server(), move |_, _| (200, body.clone().into()));
    let unit = Unit::new(&factory(https.port, &authority.pem())).run();
    unit.says("iotmer_provision: JSON parse failed");
    assert_eq!(unit.reset().nvs_text("auth_code").as_deref(), Some(CODE));
}

#[test]
fn a_unit_without_network_says_so_and_asks_nobody() {
    let authority = Authority::new("Test CA");
    let https = Https::serve(authority.right_server(), |_, _| (500, vec![]));
    let mut unit = Unit::new(&factory(https.port, &authority.pem()));
    unit.faults = vec![Fault::NoNetwork];
    let unit = unit.run();
    unit.says("W (");
    unit.says("iotmer_wifi: WiFi disconnected, retry 5/5");
    unit.says("iotmer_wifi: WiFi connect failed after 5 retries");
    unit.reset();
    assert!(https.requests.try_recv().is_err());
}

#[test]
fn an_erased_nvs_cannot_provision_and_says_so() {
    Unit::new(&[]).run().says("iotmer_provision: provision auth empty and NVS session incomplete");
}

#[test]
fn a_table_without_nvs_is_said() {
    let mut unit = Unit::new(&[]);
    unit.partitions.0.clear();
    unit.run().says("iotmer_nvs: NVS cannot be read: ESP_ERR_NOT_FOUND");
}

#[test]
fn thirty_two_units_in_one_process_provision_and_connect_at_once() {
    let authority = Authority::new("Test CA");
    let broker = Broker::serve(authority.right_server(), vec![]);
    let body = answer(broker.port, "");
    let https = Https::serve(authority.right_server(), move |_, _| (200, body.clone().into()));
    let values = factory(https.port, &authority.pem());
    let units: Vec<_> = (0..32).map(|_| Unit::new(&values).run()).collect();
    units.iter().for_each(|unit| unit.says("iotmer_client: MQTT connected"));
    units.into_iter().for_each(|unit| drop(unit.reset()));
}

#[test]
fn a_session_without_tls_speaks_mqtt_in_the_clear() {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let mut values = session(listener.local_addr().unwrap().port());
    values.push(("mqtt_tls", Value::I8(0)));
    let _unit = Unit::new(&values).run();
    let mut first = [0; 1];
    std::io::Read::read_exact(&mut listener.accept().unwrap().0, &mut first).unwrap();
    assert_eq!(first, [0x10], "the first byte of a CONNECT");
}
