//! Whatever comes in, in whatever order: no panic, no wake-up in the past, no log line with a line break.

mod support;

use firstpass_agent::{
    Action, Agent, Boot, BrokerFailure, CertificateFault, CompiledIn, EspError, Event, HttpFailure, HttpResponse, Mac,
    OpaqueBytes, RecoverySchedule, SessionInNvs, Setup,
};
use firstpass_contract::Secret;
use proptest::prelude::*;
use support::{ANSWER, Rig, complete, factory};

fn any_bytes() -> impl Strategy<Value = OpaqueBytes> {
    let answer = Just(ANSWER.as_bytes().to_vec());
    let connack = Just(vec![0x20, 2, 0, 0]);
    let ping = Just(b"\x30\x20\x00\x13acme/key-1/cmd/ping{\"rid\":\"r\"}".to_vec());
    prop_oneof![proptest::collection::vec(any::<u8>(), 0..9000), answer, connack, ping].prop_map(OpaqueBytes)
}

fn any_event() -> impl Strategy<Value = Event> {
    let failure = BrokerFailure { sock_errno: -1, tls_esp_err: u32::MAX, certificate: None };
    let certificate =
        prop_oneof![Just(CertificateFault::Expired), Just(CertificateFault::Refused), Just(CertificateFault::Unusable)];
    prop_oneof![
        Just(Event::NetworkUp { ip: "::1".into() }),
        Just(Event::NetworkRetry { attempt: 1, attempts_max: 5 }),
        Just(Event::NetworkFailed { attempts: 5 }),
        (100..600u16, any::<Option<u32>>(), any_bytes()).prop_map(|(status, retry_after_s, body)| {
            Event::HttpResponse(HttpResponse { status, retry_after_s, body })
        }),
        any_bytes().prop_map(|body| Event::HttpResponse(HttpResponse { status: 200, retry_after_s: None, body })),
        Just(Event::HttpFailed(HttpFailure { error: EspError("ESP_FAIL"), tls_esp_err: 0 })),
        Just(Event::BrokerOpened),
        Just(Event::BrokerFailed(failure)),
        Just(Event::BrokerClosed(failure)),
        any_bytes().prop_map(Event::BrokerBytes),
        Just(Event::TimerDue),
        Just(Event::NvsStored),
        Just(Event::NvsFailed(EspError("ESP_FAIL"))),
        Just(Event::OtaStored),
        Just(Event::OtaFailed(EspError("ESP_FAIL"))),
        certificate.prop_map(move |fault| Event::BrokerFailed(BrokerFailure { certificate: Some(fault), ..failure })),
        Just(Event::CertificateRequest("PEM".into())),
        Just(Event::CertificateRequestFailed(EspError("ESP_FAIL"))),
        Just(Event::FactoryReset),
        any_bytes().prop_map(Event::Telemetry),
        Just(Event::Close),
    ]
}

fn any_session() -> impl Strategy<Value = SessionInNvs> {
    let wild = |text: &str, port| SessionInNvs { device_key: text.into(), mqtt_port: port, ..complete() };
    prop_oneof![
        Just(factory()),
        Just(complete()),
        ("\\PC*", any::<i32>()).prop_map(move |(text, port)| wild(&text, port))
    ]
}

fn any_setup() -> impl Strategy<Value = Setup> {
    let compiled_in = CompiledIn {
        auth_code: Secret::new("CODE-9"),
        prov_url: "https://line.test/api/v1".into(),
        workspace_id: "w".into(),
    };
    let compiled_in = prop_oneof![Just(CompiledIn::default()), Just(compiled_in)];
    (any::<bool>(), any::<bool>(), compiled_in).prop_map(|(own_key, on_trial, compiled_in)| Setup {
        own_key,
        on_trial,
        compiled_in,
        ..Setup::default()
    })
}

proptest! {
    #[test]
    fn any_order_of_events_is_survived(
        session in prop_oneof![any_session().prop_map(Ok), Just(Err(EspError("ESP_ERR_NVS_INVALID_STATE")))],
        setup in any_setup(),
        seed: u64,
        events in proptest::collection::vec((any_event(), 0..400_000u64), 0..40),
    ) {
        let mac = Mac([0; 6]);
        let boot = Boot { mac, session, app_version: String::new(), app_sha256: String::new(), seed, setup };
        let mut agent = Agent::boot(boot);
        let mut now_ms = 0;
        for (event, pause_ms) in events {
            now_ms += pause_ms;
            agent.handle(event, now_ms);
            while let Some(action) = agent.poll_action() {
                match action {
                    Action::WakeAt { at_ms } => prop_assert!(at_ms > 0),
                    Action::Log { text, .. } => prop_assert!(!text.contains(['\r', '\n']), "{text}"),
                    _ => {}
                }
            }
        }
    }

    #[test]
    fn any_bytes_of_a_broker_are_survived_in_a_session(chunks in proptest::collection::vec(any_bytes(), 1..20)) {
        let mut rig = Rig::connected();
        for chunk in chunks {
            rig.feed(Event::BrokerBytes(chunk));
        }
    }

    #[test]
    fn any_answer_of_a_server_is_survived(status: u16, body in any_bytes()) {
        let mut rig = Rig::online(factory());
        rig.http_answers(status, body.0);
    }

    #[test]
    fn every_first_delay_lies_between_2_and_10_s(seed: u64) {
        prop_assert!((2_000..=10_000).contains(&RecoverySchedule::new(seed).after_failure()));
    }
}

#[test]
fn units_with_neighbouring_seeds_do_not_return_at_once() {
    let mut per_second = [0; 11];
    for seed in 0..10_000 {
        per_second[(RecoverySchedule::new(seed).after_failure() / 1000) as usize] += 1;
    }
    assert!(per_second[2..10].iter().all(|count| (1_000..1_500).contains(count)), "{per_second:?}");
}
