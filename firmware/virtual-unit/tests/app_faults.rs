//! Each fault of the app, as servers and the UART see it.

mod app_support;

use app_support::peer::{Broker, Heard, Https};
use app_support::pki::{Authority, Wish};
use app_support::unit::{Unit, Value};
use app_support::{CODE, answer, factory, session};
use firstpass_contract::mqtt::{Delivery, Packet, Publish};
use rcgen::ExtendedKeyUsagePurpose;
use virtual_unit::faults::StaleKind;
use virtual_unit::{Fault, Service, Surroundings};

/// A service that provisions for a broker that lets everybody in.
struct Site {
    authority: Authority,
    https: Https,
    broker: Broker,
}

impl Site {
    fn open() -> Self {
        let authority = Authority::new("Test CA");
        let broker = Broker::serve(authority.right_server(), vec![]);
        let port = broker.port;
        let https = Https::serve(authority.right_server(), move |_, _| (200, answer(port, "").into()));
        Self { authority, https, broker }
    }

    /// A unit fresh from the line.
    fn unit(&self, fault: Fault) -> Unit {
        let mut unit = Unit::new(&factory(self.https.port, &self.authority.pem()));
        unit.faults.push(fault);
        unit
    }

    /// A unit that has its session.
    fn field_unit(&self, fault: Fault) -> Unit {
        let mut values = session(self.broker.port);
        values.push(("ca_pem", Value::Text(self.authority.pem())));
        let mut unit = Unit::new(&values);
        unit.faults.push(fault);
        unit
    }

    /// What the broker hears of a connection until its end, or `count` packets of it.
    fn packets(&self, count: usize) -> Vec<Packet> {
        (0..count).map(|_| self.broker.next_packet()).collect()
    }
}

#[test]
fn each_trouble_of_the_network_has_the_lines_of_its_driver() {
    let site = Site::open();
    for (fault, lines) in [
        (Fault::NoNetwork, ["iotmer_wifi: WiFi disconnected, retry 1/5", "WiFi connect failed after"]),
        (Fault::WifiNotFound, ["iotmer_wifi: disconnected from the access point, reason=201", "retry 1/5"]),
        (Fault::WifiWrongPassword, ["wifi:state: run -> init (0xf00)", "reason=204"]),
        (Fault::DhcpSilent, ["wifi:connected with line", "WiFi connect timed out after 10000 ms"]),
        (Fault::DnsFailed, ["getaddrinfo() returns 202", "HTTP post failed: ESP_ERR_HTTP_CONNECT"]),
    ] {
        let unit = site.unit(fault.clone()).run();
        lines.iter().for_each(|line| unit.says(line));
        let joined = unit.uart.text().contains("WiFi connected");
        assert_eq!(joined, fault == Fault::DnsFailed, "{}", unit.uart.text());
    }
}

#[test]
fn a_clock_that_stands_wrong_makes_right_certificates_expired_or_too_new() {
    let site = Site::open();
    for (unix_s, text) in [
        (4_102_444_800, "verification info:   ! The certificate validity has expired"),
        (1_000, "verification info:   ! The certificate validity starts in the future"),
    ] {
        let unit = site.unit(Fault::Clock { unix_s }).run();
        unit.says("esp-tls-mbedtls: mbedtls_ssl_handshake returned -0x2700");
        unit.says(text);
    }
}

#[test]
fn a_route_leads_connections_elsewhere_and_leaves_the_name_to_be_proved() {
    let site = Site::open();
    let mut values = factory(1, &site.authority.pem());
    values.push(("prov_url", Value::Text("https://line.example:1/api/v1".into())));
    let wish = Wish { name: "line.example", usage: ExtendedKeyUsagePurpose::ServerAuth, ..Wish::default() };
    let port = site.broker.port;
    let right = site.authority.server(site.authority.issue(&wish), false);
    let right = Https::serve(right, move |_, _| (200, answer(port, "").into()));
    for (to, text) in [
        (site.https.port, "does not match with the expected CN"),
        (1, "HTTP post failed: ESP_ERR_HTTP_CONNECT"),
        (right.port, "iotmer_client: MQTT connected"),
    ] {
        let mut unit = Unit::new(&values);
        unit.surroundings = Surroundings::new(Some([127, 0, 0, 7].into()), false);
        unit.surroundings.set_route(Service::Https, Some(([127, 0, 0, 1], to).into()));
        let unit = unit.run();
        unit.says(text);
        unit.says("WiFi connected, IP:127.0.0.7");
    }
    assert!(right.requests.recv().unwrap().head.contains("host: line.example:1"));
}

#[test]
fn a_handshake_that_ends_or_hangs_is_told_as_esp_tls_tells_it() {
    let site = Site::open();
    for (answers, text) in [
        (false, "esp-tls-mbedtls: mbedtls_ssl_handshake returned -0x"),
        (true, "esp-tls: Failed to open new connection in specified timeout"),
    ] {
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let unit = site.unit(Fault::KeepsCode);
        unit.surroundings.set_route(Service::Https, Some(listener.local_addr().unwrap()));
        let thread = std::thread::spawn(move || {
            let (tcp, _) = listener.accept().unwrap();
            answers.then_some((tcp, listener))
        });
        let unit = unit.run();
        unit.says(text);
        unit.says("HTTP post failed: ESP_ERR_HTTP_CONNECT");
        drop(thread.join().unwrap());
    }
}

#[test]
fn wrong_codes_and_workspaces_are_not_those_that_the_unit_was_given() {
    let site = Site::open();
    let _unit = site.unit(Fault::WrongCode).run();
    let request = site.https.requests.recv().unwrap();
    let code = request.head.lines().find_map(|line| line.strip_prefix("iotmer-auth-code: ")).unwrap();
    assert_eq!((code.len(), code == CODE), (CODE.len(), false));
    let _unit = site.unit(Fault::WrongWorkspace).run();
    assert!(site.https.requests.recv().unwrap().body.contains("00000000-0000-4000-8000-00000000dead"));
}

#[test]
fn what_the_store_refuses_is_said_by_its_name() {
    let site = Site::open();
    for (fault, text) in [
        (Fault::NoCode, "provision auth empty and NVS session incomplete"),
        (Fault::NvsFull, "ESP_ERR_NVS_NOT_ENOUGH_SPACE"),
        (Fault::NvsCorrupt, "ESP_ERR_NVS_INVALID_STATE"),
        (Fault::NvsWriteFailed, "ESP_ERR_FLASH_OP_FAIL"),
        (Fault::NvsKeyTooLong, "ESP_ERR_NVS_KEY_TOO_LONG"),
    ] {
        let unit = site.unit(fault).run();
        unit.says(text);
        assert!(!unit.uart.text().contains("MQTT connected"));
    }
}

#[test]
fn firmware_that_keeps_its_code_has_it_after_the_provisioning() {
    let site = Site::open();
    for (fault, kept) in [(Fault::KeepsCode, true), (Fault::NoPresence, false)] {
        let unit = site.unit(fault).run();
        unit.says("MQTT connected");
        let unit = unit.reset();
        assert_eq!(unit.nvs_text("auth_code").is_some(), kept);
    }
}

#[test]
fn each_fault_at_the_broker_is_what_the_broker_hears() {
    let site = Site::open();
    let publishes = |packets: &[Packet]| -> Vec<Publish> {
        let publish =
            |packet: &Packet| if let Packet::Publish(publish) = packet { Some(publish.clone()) } else { None };
        packets.iter().filter_map(publish).collect()
    };
    let run = |fault: Fault, count| {
        let unit = site.field_unit(fault).run();
        let packets = site.packets(count);
        unit.reset();
        while !matches!(site.broker.next(), Heard::End(..)) {}
        packets
    };
    let packets = run(Fault::WrongPassword, 1);
    assert!(
        matches!(&packets[0], Packet::Connect(connect) if connect.password.as_ref().unwrap().expose() != b"pass-1")
    );
    let packets = run(Fault::WrongTopics, 2);
    assert!(format!("{:?}", packets[1]).contains("commands"), "{:?}", packets[1]);
    let presence = publishes(&run(Fault::StalePresence { kind: StaleKind::Offline }, 3)).remove(0);
    assert_eq!((presence.payload.as_slice(), presence.retain), (&b"OFFLINE"[..], true));
    let presence = publishes(&run(Fault::StalePresence { kind: StaleKind::NotRetained }, 3)).remove(0);
    assert_eq!((presence.payload.as_slice(), presence.retain), (&b"ONLINE"[..], false));
    let packets = run(Fault::NoPresence, 2);
    assert!(publishes(&packets).is_empty(), "{packets:?}");
    let flood = publishes(&run(Fault::MqttFlood, 103));
    assert!(flood[1..].iter().all(|publish| publish.topic == "acme/key-1/telemetry" && publish.payload.len() == 512));
}

#[test]
fn a_connection_that_breaks_comes_back_and_a_flapping_one_comes_to_rest() {
    let site = Site::open();
    let unit = site.field_unit(Fault::Flapping { times: 2 }).run();
    let ends = |site: &Site| while !matches!(site.broker.next(), Heard::End(..)) {};
    ends(&site);
    ends(&site);
    assert!(matches!(site.packets(3).last(), Some(Packet::Publish(_))), "the third connection stands");
    assert_eq!(unit.uart.text().matches("iotmer_client: MQTT connected").count(), 3);
    unit.reset();
    ends(&site);
    let unit = site.field_unit(Fault::DropAfterConnect).run();
    ends(&site);
    unit.says("MQTT error: MQTT_ERROR_TYPE_TCP_TRANSPORT");
}

#[test]
fn firmware_that_forgets_itself_changes_app_session_or_unused_flash() {
    let site = Site::open();
    let running = |fault| {
        let unit = site.unit(fault);
        unit.flash.erase(0x2_0000, 0x2000).unwrap();
        let running = unit.run();
        running.says("MQTT connected");
        running.says("MQTT connected");
        let _published = site.packets(3);
        let unit = running.reset();
        while !matches!(site.broker.next(), Heard::End(..)) {}
        unit
    };
    let unit = running(Fault::FlashChanged);
    assert_eq!(unit.flash.read_vec(0x2_1000, 64).unwrap(), [0; 64]);
    let unit = running(Fault::SessionChanged);
    assert_ne!(unit.nvs_text("mqtt_password").as_deref(), Some("pass-1"));
    let unit = running(Fault::CodeElsewhere);
    let flash = unit.flash.read_vec(0, unit.flash.size().bytes()).unwrap();
    let places: Vec<_> = flash.windows(CODE.len()).enumerate().filter(|(_, bytes)| *bytes == CODE.as_bytes()).collect();
    assert_eq!(places.len(), 1);
    let (place, end) =
        (places[0].0 as u32, |row: &virtual_unit::partition::Partition| row.region.offset + row.region.size);
    assert!(unit.partitions.0.iter().all(|row| !(row.region.offset..end(row)).contains(&place)), "{place:#x}");
}

#[test]
fn a_good_unit_with_jitter_provisions_and_connects() {
    let site = Site::open();
    let unit = site.unit(Fault::Jitter { ms: 100 }).run();
    unit.says("iotmer_client: MQTT connected");
    assert!(matches!(site.packets(3).last(), Some(Packet::Publish(presence)) if presence.payload == b"ONLINE"));
}

#[test]
fn a_hammering_unit_does_not_wait_and_a_unit_by_the_book_does() {
    let authority = Authority::new("Test CA");
    let broker = Broker::refuse(authority.right_server());
    for (fault, pause) in [(Fault::Hammering, "uses 200 ms backoff"), (Fault::WrongPassword, "uses 30000 ms backoff")] {
        let mut values = session(broker.port);
        values.push(("ca_pem", Value::Text(authority.pem())));
        let mut unit = Unit::new(&values);
        unit.faults.push(fault);
        unit.run().says(pause);
    }
}

#[test]
fn a_ping_stays_without_an_answer_or_gets_a_wrong_one() {
    let ping = Packet::Publish(Publish {
        dup: false,
        retain: false,
        delivery: Delivery::AtMostOnce,
        topic: "acme/key-1/cmd/ping".into(),
        payload: br#"{"rid":"r-1"}"#.to_vec(),
    });
    for (fault, answered) in [(Fault::WrongFirmwareAnswer, true), (Fault::NoPingAnswer, false)] {
        let authority = Authority::new("Test CA");
        let broker = Broker::serve(authority.right_server(), vec![ping.clone()]);
        let mut values = session(broker.port);
        values.push(("ca_pem", Value::Text(authority.pem())));
        let mut unit = Unit::new(&values);
        unit.faults.push(fault);
        let unit = unit.run();
        let mut heard: Vec<_> = (0..3).map(|_| broker.next_packet()).collect();
        if answered {
            heard.push(broker.next_packet());
        } else {
            unit.says("iotmer_client: MQTT connected");
            unit.reset();
            while let Heard::Packet(packet) = broker.next() {
                heard.push(packet);
            }
        }
        let answers = heard.iter().filter(|packet| format!("{packet:?}").contains("acme/key-1/state")).count();
        assert_eq!(answers, usize::from(answered), "{heard:?}");
        let wrong = |packet: &Packet| matches!(packet, Packet::Publish(publish) if String::from_utf8_lossy(&publish.payload).contains("1.4.0-other"));
        assert_eq!(heard.iter().any(wrong), answered, "{heard:?}");
    }
}
