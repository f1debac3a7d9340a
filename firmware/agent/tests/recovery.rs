//! What a unit does after a failed provisioning, in virtual time: recovery rules, sections 1 and 2.

mod support;

use firstpass_agent::{CompiledIn, ErrorClass, EspError, Event, HttpFailure, HttpResponse, OpaqueBytes, Report, Setup};
use firstpass_contract::{LogLine, Secret, mqtt::ConnectCode};
use support::{ANSWER, Rig, UNREACHABLE, complete, factory};

const WEEK_MS: u64 = 7 * 24 * 3600 * 1000;

/// What the gateway answers when a batch's quota is used up.
const QUOTA: &str = r#"{"error":"quota_reached"}"#;

fn throttled(retry_after_s: Option<u32>) -> Event {
    Event::HttpResponse(HttpResponse { status: 429, retry_after_s, body: OpaqueBytes::default() })
}

fn first_delay() -> u64 {
    let mut rig = Rig::online(factory());
    rig.feed(Event::HttpFailed(UNREACHABLE));
    rig.sleep()
}

#[test]
fn failures_wait_2_to_10_s_then_double_to_a_week_and_a_success_starts_over() {
    let mut rig = Rig::online(factory());
    rig.log();
    rig.feed(Event::HttpFailed(UNREACHABLE));
    let log = rig.log();
    let first = rig.sleep();
    assert!((2_000..=10_000).contains(&first), "{first}");
    let failed = "E iotmer_provision: HTTP post failed: ESP_ERR_HTTP_CONNECT".to_owned();
    assert_eq!(log, [failed, format!("W iotmer_provision: next attempt in {first} ms (NetworkError)")]);
    let mut expected = first;
    for _ in 0..25 {
        expected = (expected * 2).min(WEEK_MS);
        rig.http_answers(503, "");
        assert_eq!(rig.sleep(), expected);
    }
    assert_eq!(expected, WEEK_MS);
    rig.http_answers(200, ANSWER);
    rig.feed(Event::NvsFailed(EspError("ESP_ERR_NVS_NOT_ENOUGH_SPACE")));
    assert_eq!(rig.sleep(), first);
}

#[test]
fn too_many_requests_is_a_minute_of_silence_or_what_the_server_asks_and_then_the_units_first_delay() {
    let first = first_delay();
    for (retry_after_s, silence) in [(None, 60_000), (Some(5), 60_000), (Some(90), 90_000)] {
        let mut rig = Rig::online(factory());
        rig.posts();
        for _ in 0..3 {
            rig.feed(throttled(retry_after_s));
            rig.now_ms += silence;
            rig.feed(Event::TimerDue);
            assert_eq!(rig.posts(), [], "silent for {silence} ms");
            assert_eq!(rig.sleep(), first);
            assert_eq!(rig.posts().len(), 1);
        }
        rig.http_answers(503, "");
        assert_eq!(rig.sleep(), first, "silence is no failure of the service: it doubles nothing");
    }
}

#[test]
fn no_server_can_silence_a_unit_for_more_than_a_week() {
    let mut rig = Rig::online(factory());
    rig.feed(throttled(Some(u32::MAX)));
    assert_eq!(rig.sleep(), WEEK_MS);
}

#[test]
fn over_quota_a_unit_keeps_trying_and_gets_in_at_its_first_attempt_after_there_is_room() {
    let mut rig = Rig::online(factory());
    for _ in 0..12 {
        rig.posts();
        rig.reports();
        rig.http_answers(403, QUOTA);
        let reports = rig.reports();
        let retry_in_ms = Some(rig.sleep());
        assert_eq!(reports, [Report::Failed { class: ErrorClass::BootstrapFailed, retry_in_ms }]);
        assert_eq!(rig.posts().len(), 1);
    }
    rig.reports();
    rig.http_answers(201, ANSWER);
    rig.feed(Event::NvsStored);
    rig.broker_accepts();
    assert_eq!(rig.reports(), [Report::Registered]);
}

#[test]
fn every_failed_provisioning_is_reported_with_its_class() {
    let http = |error, tls_esp_err| Event::HttpFailed(HttpFailure { error: EspError(error), tls_esp_err });
    let answer = |status, body: &str| {
        Event::HttpResponse(HttpResponse { status, retry_after_s: None, body: OpaqueBytes(body.into()) })
    };
    for (event, expected) in [
        (http("ESP_ERR_HTTP_CONNECT", 0x8001), ErrorClass::DnsResolvingFailed),
        (http("ESP_ERR_HTTP_CONNECT", 0x8004), ErrorClass::NetworkError),
        (http("ESP_ERR_HTTP_CONNECT", 0x801a), ErrorClass::SecureConnectionFailed),
        (http("ESP_ERR_HTTP_EAGAIN", 0), ErrorClass::NetworkError),
        (http("ESP_ERR_HTTP_INCOMPLETE_DATA", 0), ErrorClass::ResponseParseFailed),
        (http("ESP_ERR_INVALID_ARG", 0), ErrorClass::InvalidParameters),
        (http("ESP_ERR_NO_MEM", 0), ErrorClass::MemoryConnectFail),
        (answer(401, ""), ErrorClass::BootstrapFailed),
        (answer(429, ""), ErrorClass::BootstrapFailed),
        (answer(500, ""), ErrorClass::BootstrapFailed),
        (answer(200, "<html>"), ErrorClass::ResponseParseFailed),
    ] {
        let mut rig = Rig::online(factory());
        rig.feed(event.clone());
        assert_eq!(rig.classes(), [expected], "{event:?}");
        let line = rig.log().pop().unwrap();
        let Some(LogLine::ProvisionBackingOff { delay_ms, class }) = LogLine::parse(&line.replacen(' ', " (1) ", 1))
        else {
            panic!("{line}")
        };
        assert_eq!((class.as_str(), delay_ms), (expected.name(), rig.sleep()));
    }
}

#[test]
fn every_failure_at_the_broker_is_reported_with_its_class_and_its_wait() {
    for (code, class) in [
        (ConnectCode::BadLogin, ErrorClass::InvalidCredentials),
        (ConnectCode::NotAuthorized, ErrorClass::InvalidCredentials),
        (ConnectCode::BadClientId, ErrorClass::InvalidParameters),
        (ConnectCode::BadProtocolLevel, ErrorClass::InvalidParameters),
        (ConnectCode::ServerUnavailable, ErrorClass::NetworkError),
    ] {
        let mut rig = Rig::online(complete());
        rig.broker_answers(code);
        let reports = rig.reports();
        let retry_in_ms = Some(rig.sleep());
        assert_eq!(reports, [Report::Failed { class, retry_in_ms }], "{code:?}");
    }
}

#[test]
fn three_minutes_without_a_connect_and_without_trouble_of_the_network_are_a_timeout() {
    let mut rig = Rig::online(complete());
    rig.broker_answers(ConnectCode::BadLogin);
    while rig.now_ms < 181_000 {
        rig.feed(Event::BrokerOpened);
        rig.broker_answers(ConnectCode::BadLogin);
        rig.sleep();
    }
    assert_eq!(rig.classes().iter().filter(|class| **class == ErrorClass::Timeout).count(), 1);

    let mut rig = Rig::online(complete());
    while rig.now_ms < 400_000 {
        rig.feed(Event::BrokerFailed(support::RESET));
        rig.sleep();
    }
    assert!(!rig.classes().contains(&ErrorClass::Timeout), "the network was the reason");
}

#[test]
fn what_only_a_connected_unit_can_do_is_not_registered_before() {
    let mut rig = Rig::online(complete());
    rig.feed(Event::Close);
    rig.feed(Event::Telemetry(OpaqueBytes(b"{}".to_vec())));
    assert_eq!(rig.classes(), [ErrorClass::NotRegistered, ErrorClass::NotRegistered]);
    rig.broker_accepts();
    rig.packets();
    rig.feed(Event::Telemetry(OpaqueBytes(b"{}".to_vec())));
    rig.feed(Event::Close);
    assert_eq!(rig.packets().len(), 3, "telemetry, presence OFFLINE, DISCONNECT");
}

#[test]
fn a_retry_that_falls_due_without_network_waits_for_the_network_and_then_2_to_10_s() {
    let mut rig = Rig::online(factory());
    rig.feed(Event::HttpFailed(UNREACHABLE));
    rig.feed(Event::NetworkRetry { attempt: 1, attempts_max: 5 });
    rig.posts();
    rig.sleep();
    rig.network_up();
    assert_eq!(rig.posts(), []);
    assert!((2_000..=10_000).contains(&rig.sleep()));
    assert_eq!(rig.posts().len(), 1);
}

#[test]
fn a_unit_whose_code_is_compiled_in_provisions_on_every_boot_and_sends_no_mac() {
    let compiled_in = CompiledIn { auth_code: Secret::new("CODE-C"), ..CompiledIn::default() };
    for session in [
        factory(),
        firstpass_agent::SessionInNvs { prov_url: factory().prov_url, workspace_id: "w".into(), ..complete() },
    ] {
        let mut rig = Rig::online_as(session, Setup { compiled_in: compiled_in.clone(), ..Setup::default() });
        let [request] = rig.posts().try_into().unwrap();
        assert_eq!(request.headers[1].value.expose(), "CODE-C");
        assert!(!request.body.contains("mac"), "{}", request.body);
    }
}
