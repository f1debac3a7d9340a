//! A unit that does not come up in time: which of the things that were seen is named.

use firstpass_domain::{
    DiagnosisCode as Code, Fact, FieldPolicy, Injection, OtaPolicy, Policy, RegionPolicy, Step, Timestamp,
    evidence::{RegionDigest, Service, TlsFault, UartFact},
    policy::AppPolicy,
};

use crate::facts::*;

/// The good unit's facts up to and including the first that is `wanted`.
pub(crate) fn until(wanted: impl Fn(&Fact) -> bool) -> Vec<Fact> {
    let facts = good();
    let len = facts.iter().position(wanted).unwrap() + 1;
    facts[..len].to_vec()
}

pub(crate) fn loaded() -> Vec<Fact> {
    until(|fact| matches!(fact, Fact::Uart(UartFact::AppLoaded { .. })))
}

pub(crate) fn provisioned() -> Vec<Fact> {
    until(|fact| matches!(fact, Fact::Uart(UartFact::Provisioned { .. })))
}

pub(crate) fn connected() -> Vec<Fact> {
    until(|fact| matches!(fact, Fact::MqttConnected { .. }))
}

pub(crate) fn up() -> Fact {
    uart(UartFact::NetworkUp { ip: Some([127, 0, 0, 7].into()) })
}

pub(crate) const fn uart(line: UartFact) -> Fact {
    Fact::Uart(line)
}

pub(crate) fn left(reason: u16) -> Fact {
    uart(UartFact::WifiDisconnected { reason: Some(reason) })
}

pub(crate) fn gave_up() -> Fact {
    uart(UartFact::NetworkFailed { text: "WiFi connect timed out after 15000 ms".into() })
}

pub(crate) fn tls(fault: TlsFault) -> Fact {
    uart(UartFact::TlsFailed { fault, text: "verification info".into() })
}

pub(crate) fn handshake(service: Service, reason: &str, certificate_valid: bool) -> Fact {
    Fact::HandshakeFailed { service, reason: reason.into(), certificate_valid }
}

pub(crate) fn transport(error: &str) -> Fact {
    uart(UartFact::ProvisionTransport { error: error.into() })
}

pub(crate) fn mqtt_error(text: &str) -> Fact {
    uart(UartFact::MqttError { text: text.into() })
}

pub(crate) fn refused(status: u16, reason: &str) -> Fact {
    Fact::ProvisionRefused { status, reason: reason.into() }
}

pub(crate) fn nvs(error: &str) -> Fact {
    uart(UartFact::NvsFailed { error: error.into() })
}

pub(crate) fn dropped(connection: u64) -> Fact {
    Fact::MqttDisconnected { connection, reason: "connection_lost".into() }
}

pub(crate) fn login(connection: u64) -> Fact {
    let mut facts = good();
    let at = facts.iter().position(|fact| matches!(fact, Fact::MqttConnected { .. })).unwrap();
    let Fact::MqttConnected { username, certificate, .. } = facts.swap_remove(at) else { panic!("a login") };
    Fact::MqttConnected { connection, username, certificate }
}

pub(crate) fn timed_out(step: Step) -> Fact {
    Fact::TimedOut { step, after_ms: 1000 }
}

#[track_caller]
fn names(policy: &Policy, begin: Vec<Fact>, more: &[Fact], step: Step, expected: Code) {
    let facts = [begin, more.to_vec(), vec![timed_out(step)]].concat();
    assert_eq!(code_under(policy, facts), Some(expected), "{more:?}");
}

#[test]
fn the_first_thing_in_the_way_to_the_service_is_named() {
    let ca = || tls(TlsFault::UnknownCa);
    let https = |reason, valid| handshake(Service::Https, reason, valid);
    let cases: Vec<(Vec<Fact>, Code)> = vec![
        (vec![left(201), gave_up()], Code::WifiNotFound),
        (vec![left(201), left(8), gave_up()], Code::WifiNotFound),
        (vec![left(15), left(15), gave_up()], Code::WifiRefused),
        (vec![left(204)], Code::WifiRefused),
        (vec![left(202)], Code::WifiRefused),
        (vec![left(2)], Code::WifiRefused),
        (vec![left(205), gave_up()], Code::NetworkFailed),
        (vec![gave_up()], Code::NetworkFailed),
        (vec![uart(UartFact::WifiJoined)], Code::DhcpSilent),
        (vec![uart(UartFact::WifiJoined), gave_up()], Code::DhcpSilent),
        (
            vec![left(201), up(), uart(UartFact::DnsFailed { text: "getaddrinfo() returns 202".into() })],
            Code::DnsFailed,
        ),
        (vec![up(), transport("ESP_ERR_ESP_TLS_CANNOT_RESOLVE_HOSTNAME")], Code::DnsFailed),
        (vec![up(), ca(), transport("ESP_ERR_HTTP_CONNECT")], Code::CaptivePortal),
        (vec![up(), ca(), https("unknown_ca", true)], Code::TlsUnknownCa),
        (vec![https("unknown_ca", true), up(), tls(TlsFault::Other), ca()], Code::TlsUnknownCa),
        (vec![uart(UartFact::NetworkUp { ip: None }), ca()], Code::TlsUnknownCa),
        (vec![up(), https("unknown_ca", true)], Code::TlsUnknownCa),
        (vec![up(), tls(TlsFault::WrongName)], Code::TlsWrongName),
        (vec![up(), https("bad_certificate", true)], Code::TlsWrongName),
        (vec![up(), tls(TlsFault::Expired)], Code::TlsExpired),
        (vec![up(), tls(TlsFault::NotYetValid)], Code::TlsNotYetValid),
        (vec![up(), tls(TlsFault::Expired), https("certificate_expired", true)], Code::UnitClockWrong),
        (vec![up(), tls(TlsFault::NotYetValid), https("certificate_unknown", true)], Code::UnitClockWrong),
        (vec![up(), tls(TlsFault::Expired), https("certificate_expired", false)], Code::StationCertificateInvalid),
        (vec![up(), https("certificate_expired", false)], Code::StationCertificateInvalid),
        (vec![up(), tls(TlsFault::Other), transport("ESP_ERR_HTTP_CONNECT")], Code::ProvisionTransport),
        (vec![up(), https("eof", true)], Code::ProvisionTransport),
        (vec![up(), transport("ESP_ERR_HTTP_EAGAIN")], Code::ProvisionTransport),
        (vec![up(), transport("ESP_ERR_HTTP_INCOMPLETE_DATA")], Code::ProvisionCutOff),
        (vec![up(), refused(408, "body_incomplete")], Code::ProvisionCutOff),
        (vec![up(), refused(429, "rate_limited")], Code::ProvisionThrottled),
        (vec![up(), uart(UartFact::ProvisionRefused { status: 429 })], Code::ProvisionThrottled),
        (vec![up(), refused(503, "record_unavailable")], Code::ProvisionServiceFailed),
        (vec![up(), uart(UartFact::ProvisionRefused { status: 500 })], Code::ProvisionServiceFailed),
        (vec![up(), uart(UartFact::ProvisionRefused { status: 302 })], Code::CaptivePortal),
        (vec![up(), uart(UartFact::ProvisionRefused { status: 511 })], Code::CaptivePortal),
        (vec![up(), uart(UartFact::ProvisionUnreadable)], Code::ProvisionUnreadable),
        (vec![up(), uart(UartFact::ProvisionStarted)], Code::ProvisionTimedOut),
        (vec![nvs("ESP_FAIL, reading"), up()], Code::NvsCorrupt),
        (vec![nvs("ESP_ERR_NVS_NO_FREE_PAGES")], Code::NvsFull),
    ];
    for (more, expected) in cases {
        names(&policy(), loaded(), &more, Step::Provision, expected);
    }
}

#[test]
fn a_granted_answer_that_does_not_arrive_was_cut_off() {
    let granted = until(|fact| matches!(fact, Fact::ProvisionAccepted { .. }));
    let cut = [transport("ESP_ERR_HTTP_EAGAIN")];
    names(&policy(), granted.clone(), &cut, Step::Provision, Code::ProvisionCutOff);
    names(
        &policy(),
        granted.clone(),
        &[uart(UartFact::ProvisionUnreadable)],
        Step::Provision,
        Code::ProvisionUnreadable,
    );
    for (first, expected) in [
        (transport("ESP_ERR_HTTP_CONNECTION_CLOSED"), Code::ProvisionCutOff),
        (uart(UartFact::ProvisionUnreadable), Code::ProvisionUnreadable),
    ] {
        let again = [granted.clone(), vec![first, refused(409, "used_code")]].concat();
        assert_eq!(code(again), Some(expected));
    }
    assert_eq!(code([granted, vec![refused(409, "used_code")]].concat()), Some(Code::ProvisionRefused));
}

#[test]
fn what_the_service_behind_the_station_does_is_named() {
    let upstream = |status, reason: &str| Fact::UpstreamFailed { status, reason: reason.into() };
    let answered = || vec![refused(503, "upstream_unreachable"), uart(UartFact::ProvisionRefused { status: 503 })];
    for (status, reason, expected) in [
        (None, "unreachable", Code::UpstreamAway),
        (Some(500), "failed", Code::UpstreamAway),
        (Some(429), "throttled", Code::ProvisionThrottled),
        (Some(200), "unreadable", Code::ProvisionUnreadable),
    ] {
        let more = [vec![up(), upstream(status, reason)], answered()].concat();
        names(&policy(), loaded(), &more, Step::Provision, expected);
        let mut healed = good();
        healed.splice(7..7, more);
        assert_eq!(code(healed), None, "{reason}");
    }
    let decisive = |fact: Fact| code([loaded(), vec![fact]].concat());
    assert_eq!(decisive(upstream(Some(403), "refused")), Some(Code::UpstreamRefused));
    assert_eq!(decisive(refused(403, "upstream_refused")), Some(Code::UpstreamRefused));
    assert_eq!(decisive(upstream(Some(200), "foreign_broker")), Some(Code::UpstreamForeignBroker));
}

#[test]
fn a_client_that_reports_by_class_is_understood() {
    for (class, text, expected) in [
        ("BootstrapFailed", "device quota reached", Code::BootstrapQuota),
        ("BootstrapFailed", "bad request", Code::BootstrapRejected),
        ("InvalidParameters", "", Code::InvalidParameters),
        ("NotRegistered", "", Code::NotRegistered),
        ("Timeout", "", Code::RegistrationTimedOut),
        ("NetworkError", "", Code::NetworkLost),
        ("ResponseParseFailed", "", Code::ResponseUnreadable),
        ("MemoryConnectFail", "", Code::CredentialsMemory),
        ("NotAllowed", "", Code::CallNotAllowed),
        ("SecureConnectionFailed", "", Code::SecureConnectionFailed),
        ("DnsResolvingFailed", "", Code::DnsFailed),
        ("FailedToStoreCredentials", "", Code::CredentialsUnstorable),
        ("FailedToReadCredentials", "", Code::CredentialsUnreadable),
        ("InvalidCredentials", "", Code::CredentialsInvalid),
    ] {
        let error = uart(UartFact::ClientError { class: class.into(), text: text.into() });
        names(&policy(), loaded(), &[up(), error], Step::Provision, expected);
    }
}

#[test]
fn the_first_thing_in_the_way_to_the_broker_is_named() {
    let mqtt = |reason| handshake(Service::Mqtt, reason, true);
    let cases: Vec<(Vec<Fact>, Code)> = vec![
        (vec![nvs("ESP_ERR_NVS_NOT_ENOUGH_SPACE")], Code::NvsFull),
        (vec![nvs("ESP_ERR_FLASH_OP_FAIL")], Code::NvsWriteFailed),
        (vec![mqtt_error("tls (type=1) CONNACK_rc=0 sock_errno=0 tls_esp_err=0x8001")], Code::DnsFailed),
        (vec![tls(TlsFault::UnknownCa), mqtt_error("tls (type=1) tls_esp_err=0x801a")], Code::TlsUnknownCa),
        (vec![tls(TlsFault::Expired), mqtt("certificate_expired")], Code::UnitClockWrong),
        (vec![tls(TlsFault::Expired), handshake(Service::Https, "eof", true)], Code::TlsExpired),
        (vec![mqtt_error("tcp (type=1) sock_errno=111 tls_esp_err=0x8004")], Code::MqttTransport),
        (vec![mqtt("eof")], Code::MqttTransport),
        (vec![left(8), left(201)], Code::WifiNotFound),
        (vec![uart(UartFact::OtaStarted)], Code::OtaTimedOut),
        (vec![uart(UartFact::MqttRefused { code: 5 })], Code::MqttRefused),
        (vec![], Code::MqttTimedOut),
    ];
    for (more, expected) in cases {
        names(&policy(), provisioned(), &more, Step::Connect, expected);
    }
}

#[test]
fn the_first_piece_that_is_missing_of_the_proof_is_named() {
    let without = |missing: fn(&Fact) -> bool| {
        let end = good().iter().position(|fact| matches!(fact, Fact::MqttDisconnected { .. })).unwrap();
        good()[..end].iter().filter(|fact| !missing(fact)).cloned().collect::<Vec<_>>()
    };
    let command = |fact: &Fact| matches!(fact, Fact::Subscribed { filter, .. } if filter.ends_with("cmd/#"));
    let subscription = |fact: &Fact| matches!(fact, Fact::Subscribed { .. });
    let presence = |fact: &Fact| matches!(fact, Fact::Presence { .. });
    let ping = |fact: &Fact| matches!(fact, Fact::PingAnswered { .. });
    let from_presence = |fact: &Fact| matches!(fact, Fact::Presence { .. } | Fact::PingAnswered { .. });
    for (missing, more, expected) in [
        (command as fn(&Fact) -> bool, vec![], Code::SubscriptionMissing),
        (subscription, vec![], Code::SubscriptionMissing),
        (presence, vec![], Code::PresenceMissing),
        (from_presence, vec![], Code::PresenceMissing),
        (presence, vec![Fact::Presence { connection: 5, online: false }], Code::PresenceStale),
        (ping, vec![], Code::PingUnanswered),
    ] {
        names(&policy(), without(missing), &more, Step::Connect, expected);
    }
}

#[test]
fn connections_that_come_and_go_are_told_from_one_that_was_lost() {
    let cycle = |count: u64| (1..=count).flat_map(|n| [login(n), dropped(n)]).collect::<Vec<_>>();
    let error = || mqtt_error("tcp (type=1) sock_errno=104 tls_esp_err=0x8008");
    names(&policy(), provisioned(), &cycle(1), Step::Connect, Code::MqttDropped);
    names(&policy(), provisioned(), &[cycle(2), vec![error()]].concat(), Step::Connect, Code::MqttDropped);
    names(&policy(), provisioned(), &cycle(3), Step::Connect, Code::MqttFlapping);
    names(&policy(), provisioned(), &[cycle(4), vec![error()]].concat(), Step::Connect, Code::MqttFlapping);
    names(&policy(), provisioned(), &[cycle(4), vec![login(9)]].concat(), Step::Connect, Code::MqttFlapping);
    names(&policy(), provisioned(), &[cycle(1), vec![login(9)]].concat(), Step::Connect, Code::SubscriptionMissing);
}

#[test]
fn a_refused_login_is_named_as_soon_as_the_unit_shows_how_it_goes_on() {
    let refused = || Fact::MqttRefused { code: 4, reason: "wrong_password".into() };
    let waits = |delay_ms| uart(UartFact::BackingOff { delay_ms });
    let after = |more: Vec<Fact>| code([provisioned(), more].concat());
    assert_eq!(after(vec![refused()]), None, "its next try may come too early");
    assert_eq!(after(vec![refused(), waits(30_000)]), Some(Code::MqttRefused));
    assert_eq!(after(vec![waits(60_000), refused()]), None, "that delay was of something else");
    assert_eq!(after(vec![refused(), waits(200), refused()]), None);
    assert_eq!(after(vec![refused(), waits(200), refused(), refused()]), Some(Code::MqttHammering));
    assert_eq!(after(vec![refused(), refused(), timed_out(Step::Connect)]), Some(Code::MqttRefused));
    assert_eq!(after(vec![refused(), login(5)]), Some(Code::MqttRefused), "a right login after a wrong one");
    let certificate = Fact::MqttRefused { code: 5, reason: "missing_certificate".into() };
    assert_eq!(after(vec![certificate]), Some(Code::CertificateMissing));
}

#[test]
fn slow_refused_logins_are_no_hammering() {
    let refused = Fact::MqttRefused { code: 4, reason: "wrong_password".into() };
    let mut all = evidence([provisioned(), vec![refused; 3], vec![timed_out(Step::Connect)]].concat());
    let len = all.len();
    for (index, seconds) in [(len - 3, 30), (len - 2, 90), (len - 1, 120)] {
        all[index].at = all[index].at.plus(std::time::Duration::from_secs(seconds));
    }
    let verdict = firstpass_domain::judge(&policy(), &all);
    let firstpass_domain::Verdict::Fail(diagnosis) = verdict else { panic!("{verdict:?}") };
    assert_eq!(diagnosis.code, Code::MqttRefused);
}

#[test]
fn what_the_service_does_when_it_is_asked_on_a_units_behalf_ends_the_run() {
    let policy = Policy { injection: Injection::Session, ..policy() };
    let identified = good()[..1].to_vec();
    for (status, reason, expected) in [
        (None, "unreachable", Code::UpstreamAway),
        (None, "left_alone", Code::UpstreamAway),
        (Some(429), "throttled", Code::UpstreamAway),
        (Some(503), "failed", Code::UpstreamAway),
        (Some(401), "refused", Code::UpstreamRefused),
        (Some(200), "unreadable", Code::ProvisionUnreadable),
        (None, "unrecorded", Code::ProvisionUnreadable),
        (Some(200), "known_unit", Code::UpstreamKnownUnit),
    ] {
        let failed = Fact::UpstreamFailed { status, reason: reason.to_owned() };
        let facts = [identified.clone(), vec![failed]].concat();
        assert_eq!(code_under(&policy, facts), Some(expected), "{reason}");
    }
}

#[test]
fn refused_logins_between_which_the_clock_was_set_back_are_no_hammering() {
    let refused = Fact::MqttRefused { code: 4, reason: "wrong_password".into() };
    let mut all = evidence([provisioned(), vec![refused; 3]].concat());
    all.last_mut().unwrap().at = Timestamp::from_micros(-1);
    let verdict = firstpass_domain::judge(&policy(), &all);
    assert!(matches!(verdict, firstpass_domain::Verdict::Open { .. }), "{verdict:?}");
}

#[test]
fn an_update_that_never_begins_is_named_when_it_was_to_be_applied() {
    let app = AppPolicy { version: "3.0.0".into(), sha256: APP };
    let policy = Policy { ota: Some(OtaPolicy { sha256: APP, size: 4096, app }), ..policy() };
    names(&policy, provisioned(), &[], Step::Connect, Code::OtaTimedOut);
    let half = [uart(UartFact::OtaStarted), left(201)];
    names(&policy, provisioned(), &half, Step::Connect, Code::WifiNotFound);
}

#[test]
fn trouble_that_heals_in_time_fails_no_unit() {
    let before_network = [left(201), left(2), gave_up(), uart(UartFact::WifiJoined)];
    let before_provisioning = [
        uart(UartFact::DnsFailed { text: "getaddrinfo() returns 202".into() }),
        tls(TlsFault::NotYetValid),
        handshake(Service::Https, "certificate_unknown", true),
        transport("ESP_ERR_HTTP_CONNECT"),
        uart(UartFact::ProvisionRefused { status: 503 }),
        refused(429, "rate_limited"),
        uart(UartFact::BackingOff { delay_ms: 60_000 }),
    ];
    let before_login = [
        nvs("ESP_ERR_NVS_NOT_ENOUGH_SPACE"),
        mqtt_error("tcp (type=1) sock_errno=104"),
        handshake(Service::Mqtt, "eof", true),
    ];
    let mut facts = good();
    facts.splice(10..10, [before_login.to_vec(), vec![login(3), dropped(3)]].concat());
    facts.splice(7..7, before_provisioning);
    facts.splice(6..6, before_network);
    assert_eq!(verdict(facts.clone()), firstpass_domain::Verdict::Pass);
    facts.push(timed_out(Step::Connect));
    assert_eq!(verdict(facts), firstpass_domain::Verdict::Pass, "the proof that came at the last moment counts");
}

#[test]
fn a_panic_after_trouble_with_nvs_is_that_trouble() {
    let panic = || uart(UartFact::Panicked { text: "abort() was called".into() });
    assert_eq!(code([loaded(), vec![nvs("ESP_ERR_NVS_NO_FREE_PAGES"), panic()]].concat()), Some(Code::NvsFull));
    assert_eq!(code([loaded(), vec![panic()]].concat()), Some(Code::BootLoop));
}

/// The good unit's policy with a second stage.
pub(crate) fn two_stages() -> Policy {
    let region = RegionPolicy {
        name: "field/app".into(),
        offset: 0x10000,
        len: 4096,
        sha256: Some(APP),
        written_by_unit: false,
    };
    Policy { field: Some(FieldPolicy { regions: vec![region], app: None }), ..policy() }
}

/// The good unit with its field image written.
pub(crate) fn in_the_field() -> Vec<Fact> {
    let mut facts = until(|fact| matches!(fact, Fact::Reconnected { .. }));
    facts.push(Fact::RegionWritten(RegionDigest { name: "field/app".into(), ..digest("app", 0x10000) }));
    facts
}

#[test]
fn a_field_image_that_does_not_come_up_is_explained_from_its_own_start() {
    let first = || uart(UartFact::FirstByte);
    let app = || uart(UartFact::AppLoaded { offset: Some(0x10000) });
    let skipped = || uart(UartFact::ProvisionSkipped);
    let cases: Vec<(Vec<Fact>, Code)> = vec![
        (vec![], Code::BootSilent),
        (vec![first()], Code::BootAppMissing),
        (vec![first(), app()], Code::AppSilent),
        (vec![first(), app(), left(201)], Code::WifiNotFound),
        (vec![first(), app(), up(), skipped(), mqtt_error("tcp (type=1) sock_errno=111")], Code::MqttTransport),
        (vec![first(), app(), up(), skipped(), login(8)], Code::SubscriptionMissing),
        (vec![first(), app(), up(), skipped(), login(8), dropped(8)], Code::MqttDropped),
        (vec![first(), app(), up(), skipped()], Code::MqttTimedOut),
    ];
    for (more, expected) in cases {
        names(&two_stages(), in_the_field(), &more, Step::FieldConnect, expected);
    }
}

#[test]
fn a_field_image_that_asks_for_a_session_is_the_wrong_one() {
    let more = [in_the_field(), vec![uart(UartFact::FirstByte), uart(UartFact::ProvisionStarted)]].concat();
    assert_eq!(code_under(&two_stages(), more), Some(Code::ProvisionUnexpected));
    let session = Policy { injection: Injection::Session, ..policy() };
    assert_eq!(code_under(&session, [loaded(), vec![up(), uart(UartFact::ProvisionSkipped)]].concat()), None);
}
