//! Every code that a run can end with is reached from facts.

use std::collections::HashMap;

use firstpass_domain::{
    DiagnosisCode as Code, Fact, Injection, OtaPolicy, Policy, Step,
    evidence::{Identity, LinkFault, NvsReadBack, OwnApp, RegionDigest, Rule, Security, Service, TlsFault, UartFact},
    policy::AppPolicy,
};

use crate::{
    causes::{
        connected, dropped, gave_up, handshake, in_the_field, left, loaded, login, mqtt_error, nvs, provisioned,
        refused, timed_out, tls, transport, two_stages, uart, up,
    },
    facts::*,
};

/// Codes of what is no unit's run: builds, files and logs that somebody kept.
const OUTSIDE_RUNS: [Code; 4] =
    [Code::AppHung, Code::SecretInFile, Code::BleComponentMissing, Code::BuildConfigurationStale];

struct Case {
    policy: Policy,
    facts: Vec<Fact>,
    code: Code,
}

/// Facts that come after the good beginning `begin`.
fn case(begin: Vec<Fact>, more: impl IntoIterator<Item = Fact>, code: Code) -> Case {
    let facts = begin.into_iter().chain(more).collect();
    Case { policy: policy(), facts, code }
}

fn under(policy: Policy, case: Case) -> Case {
    Case { policy, ..case }
}

fn link(fault: LinkFault) -> Fact {
    Fact::LinkFailed { step: Step::Flash, fault, detail: "as the driver says".into() }
}

fn seen(identity: Identity) -> Vec<Fact> {
    vec![Fact::Identified(identity)]
}

fn late(step: Step, facts: impl IntoIterator<Item = Fact>) -> Vec<Fact> {
    facts.into_iter().chain([timed_out(step)]).collect()
}

fn of_the_link() -> Vec<Case> {
    [
        (LinkFault::PortBusy, Code::PortBusy),
        (LinkFault::PortGone, Code::PortGone),
        (LinkFault::PortUnusable, Code::PortUnusable),
        (LinkFault::PortMoved, Code::PortMoved),
        (LinkFault::FixtureFailed, Code::FixtureFailed),
        (LinkFault::NoAnswer, Code::NoAnswer),
        (LinkFault::Garbled, Code::LinkGarbled),
        (LinkFault::Rejected, Code::LoaderRejected),
        (LinkFault::VerifyFailed, Code::FlashVerifyFailed),
        (LinkFault::NvsUnreadable, Code::NvsUnreadable),
        (LinkFault::OtherUnit, Code::OtherUnit),
        (LinkFault::SecureDownload, Code::SecurityEnabled),
    ]
    .map(|(fault, code)| case(vec![], [link(fault)], code))
    .into()
}

fn of_the_rules() -> Vec<Case> {
    [
        (Rule::AttemptsUsedUp, Code::AttemptsUsedUp),
        (Rule::PassedBefore, Code::PassedBefore),
        (Rule::InWorkElsewhere, Code::InWorkElsewhere),
        (Rule::QuotaReached, Code::QuotaReached),
        (Rule::BatchAttemptsUsedUp, Code::BatchAttemptsUsedUp),
        (Rule::Quarantined, Code::Quarantined),
        (Rule::Scrapped, Code::Scrapped),
    ]
    .map(|(rule, code)| case(seen(identity()), [Fact::Refused { rule }], code))
    .into()
}

fn of_the_unit_itself() -> Vec<Case> {
    let ff = Identity { flash_id: Some([0xff; 3]), flash_size: None, ..identity() };
    let zeros = Identity { flash_id: Some([0; 3]), ..identity() };
    let secure = Identity { security: Security { flash_encryption: true, ..Security::default() }, ..identity() };
    let found = Fact::SessionFound { device_id: "d-9".into() };
    vec![
        case(vec![], seen(Identity { chip: None, ..identity() }), Code::WrongChip),
        case(vec![], seen(Identity { revision: None, ..identity() }), Code::RevisionTooOld),
        case(vec![], seen(Identity { flash_size: None, ..identity() }), Code::WrongFlashSize),
        case(vec![], seen(secure), Code::SecurityEnabled),
        case(vec![], seen(ff), Code::FlashSilent),
        case(vec![], seen(zeros), Code::FlashSilent),
        under(
            Policy { refuse_provisioned: true, ..policy() },
            case(seen(identity()), [found], Code::AlreadyProvisioned),
        ),
        case(loaded(), [Fact::Flooded], Code::UnitFloods),
        case(loaded(), [Fact::CredentialsRevoked { mqtt_username: "u-1".into() }], Code::CredentialsRevoked),
        case(loaded(), [Fact::Interrupted { step: Step::Boot, cancelled: false }], Code::Interrupted),
        case(loaded(), [Fact::Interrupted { step: Step::Boot, cancelled: true }], Code::Cancelled),
        case(seen(identity()), [timed_out(Step::Flash)], Code::StepTimedOut),
    ]
}

fn of_the_start() -> Vec<Case> {
    let written = || loaded().into_iter().take(4).collect::<Vec<_>>();
    let text = String::new;
    let low = || uart(UartFact::Restarted { reason: "0xf (RTCWDT_BROWN_OUT_RESET)".into() });
    let bluetooth = |code| uart(UartFact::FirmwareFault { code, text: text() });
    vec![
        case(written(), late(Step::Boot, []), Code::BootSilent),
        case(written(), late(Step::Boot, [uart(UartFact::FirstByte)]), Code::BootAppMissing),
        case(loaded(), late(Step::Provision, []), Code::AppSilent),
        case(loaded(), late(Step::Provision, [uart(UartFact::Noise { bytes: 200 })]), Code::UartNoise),
        case(written(), late(Step::Boot, [uart(UartFact::Noise { bytes: 200 })]), Code::UartNoise),
        case(written(), [uart(UartFact::BootFailed { text: text() })], Code::BootImageInvalid),
        case(written(), [uart(UartFact::DownloadMode)], Code::DownloadMode),
        case(loaded(), [uart(UartFact::Panicked { text: text() })], Code::BootLoop),
        case(loaded(), [uart(UartFact::BrownOut)], Code::BrownOut),
        case(loaded(), [low()], Code::BrownOut),
        case(loaded(), [bluetooth(Code::BleAdvertisementTooLong)], Code::BleAdvertisementTooLong),
        case(loaded(), [bluetooth(Code::BleUuidByteOrder)], Code::BleUuidByteOrder),
    ]
}

fn of_the_network() -> Vec<Case> {
    let late = |facts: Vec<Fact>| late(Step::Provision, facts);
    let joined = || uart(UartFact::WifiJoined);
    let unresolved = || uart(UartFact::DnsFailed { text: String::new() });
    let expired = |valid| late(vec![up(), tls(TlsFault::Expired), handshake(Service::Https, "eof", valid)]);
    let network = uart(UartFact::ClientError { class: "NetworkError".into(), text: String::new() });
    vec![
        case(loaded(), late(vec![gave_up()]), Code::NetworkFailed),
        case(loaded(), late(vec![left(201)]), Code::WifiNotFound),
        case(loaded(), late(vec![left(15)]), Code::WifiRefused),
        case(loaded(), late(vec![joined()]), Code::DhcpSilent),
        case(loaded(), late(vec![up(), unresolved()]), Code::DnsFailed),
        case(loaded(), late(vec![up(), tls(TlsFault::UnknownCa)]), Code::CaptivePortal),
        case(loaded(), late(vec![tls(TlsFault::UnknownCa)]), Code::TlsUnknownCa),
        case(loaded(), late(vec![up(), tls(TlsFault::WrongName)]), Code::TlsWrongName),
        case(loaded(), late(vec![up(), tls(TlsFault::Expired)]), Code::TlsExpired),
        case(loaded(), late(vec![up(), tls(TlsFault::NotYetValid)]), Code::TlsNotYetValid),
        case(loaded(), expired(true), Code::UnitClockWrong),
        case(loaded(), expired(false), Code::StationCertificateInvalid),
        case(loaded(), late(vec![up(), network]), Code::NetworkLost),
    ]
}

fn of_provisioning() -> Vec<Case> {
    let late = |facts: Vec<Fact>| late(Step::Provision, facts);
    let upstream = |status, reason: &str| Fact::UpstreamFailed { status, reason: reason.into() };
    let long_key = || nvs("ESP_ERR_NVS_KEY_TOO_LONG");
    vec![
        case(loaded(), [uart(UartFact::ProvisionImpossible)], Code::ProvisionImpossible),
        case(loaded(), [refused(401, "unknown_code")], Code::ProvisionRefused),
        case(loaded(), [refused(403, "quota_reached")], Code::QuotaReached),
        case(loaded(), [uart(UartFact::ProvisionSkipped)], Code::ProvisionUnexpected),
        case(loaded(), late(vec![up(), transport("ESP_ERR_HTTP_CONNECT")]), Code::ProvisionTransport),
        case(loaded(), late(vec![up(), transport("ESP_ERR_HTTP_FETCH_HEADER")]), Code::ProvisionCutOff),
        case(loaded(), late(vec![up(), uart(UartFact::ProvisionUnreadable)]), Code::ProvisionUnreadable),
        case(loaded(), late(vec![up()]), Code::ProvisionTimedOut),
        case(loaded(), late(vec![refused(429, "rate_limited")]), Code::ProvisionThrottled),
        case(loaded(), late(vec![refused(500, "internal_error")]), Code::ProvisionServiceFailed),
        case(loaded(), late(vec![upstream(None, "unreachable")]), Code::UpstreamAway),
        case(loaded(), [upstream(Some(403), "refused")], Code::UpstreamRefused),
        case(loaded(), [upstream(None, "foreign_broker")], Code::UpstreamForeignBroker),
        case(loaded(), [upstream(Some(201), "known_unit")], Code::UpstreamKnownUnit),
        case(provisioned(), [long_key()], Code::NvsKeyTooLong),
        case(loaded(), late(vec![nvs("ESP_FAIL, reading")]), Code::NvsCorrupt),
    ]
}

fn of_clients() -> Vec<Case> {
    [
        ("BootstrapFailed", "quota reached", Code::BootstrapQuota),
        ("BootstrapFailed", "", Code::BootstrapRejected),
        ("InvalidParameters", "", Code::InvalidParameters),
        ("NotRegistered", "", Code::NotRegistered),
        ("Timeout", "", Code::RegistrationTimedOut),
        ("ResponseParseFailed", "", Code::ResponseUnreadable),
        ("MemoryConnectFail", "", Code::CredentialsMemory),
        ("NotAllowed", "", Code::CallNotAllowed),
        ("SecureConnectionFailed", "", Code::SecureConnectionFailed),
        ("FailedToStoreCredentials", "", Code::CredentialsUnstorable),
        ("FailedToReadCredentials", "", Code::CredentialsUnreadable),
        ("InvalidCredentials", "", Code::CredentialsInvalid),
    ]
    .map(|(class, text, code)| {
        let error = uart(UartFact::ClientError { class: class.into(), text: text.into() });
        case(loaded(), late(Step::Provision, [error]), code)
    })
    .into()
}

fn of_the_connection() -> Vec<Case> {
    let late = |facts: Vec<Fact>| late(Step::Connect, facts);
    let denied = Fact::TopicDenied { connection: 5, topic: "acme/k-1/commands".into(), subscribe: true };
    let certificate = Fact::MqttRefused { code: 5, reason: "missing_certificate".into() };
    let password = || Fact::MqttRefused { code: 4, reason: "wrong_password".into() };
    let cycles = (1..4).flat_map(|n| [login(n), dropped(n)]).collect::<Vec<_>>();
    let subscribed = |name| Fact::Subscribed { connection: 5, filter: format!("acme/k-1/{name}/#") };
    let listens = || vec![subscribed("cmd"), subscribed("config")];
    let presence = |online| Fact::Presence { connection: 5, online };
    let wrong = Fact::PingAnswered { connection: 5, fw_version: "0.9.0".into(), app_sha256: APP.to_string() };
    vec![
        case(provisioned(), late(vec![]), Code::MqttTimedOut),
        case(provisioned(), late(vec![password()]), Code::MqttRefused),
        case(provisioned(), vec![password(); 3], Code::MqttHammering),
        case(provisioned(), [certificate], Code::CertificateMissing),
        case(provisioned(), late(vec![mqtt_error("tcp (type=1)")]), Code::MqttTransport),
        case(provisioned(), late(cycles), Code::MqttFlapping),
        case(provisioned(), late(vec![uart(UartFact::OtaStarted)]), Code::OtaTimedOut),
        case(provisioned(), late(vec![nvs("ESP_ERR_NVS_NOT_ENOUGH_SPACE")]), Code::NvsFull),
        case(provisioned(), late(vec![nvs("ESP_ERR_FLASH_OP_FAIL")]), Code::NvsWriteFailed),
        case(provisioned(), [uart(UartFact::OtaFailed { error: "ESP_FAIL".into() })], Code::OtaFailed),
        case(connected(), [denied], Code::TopicDenied),
        case(connected(), late(vec![dropped(5)]), Code::MqttDropped),
        case(connected(), late(vec![]), Code::SubscriptionMissing),
        case(connected(), late(listens()), Code::PresenceMissing),
        case(connected(), late([listens(), vec![presence(false)]].concat()), Code::PresenceStale),
        case(connected(), late([listens(), vec![presence(true)]].concat()), Code::PingUnanswered),
        case(connected(), [wrong], Code::WrongFirmware),
    ]
}

fn of_the_flash() -> Vec<Case> {
    let changed = Fact::RegionAttested(RegionDigest { md5_matches: false, ..digest("app", 0x10000) });
    let read = |nvs| Fact::NvsReadBack(nvs);
    let searched = Fact::FlashSearched { known: 0, searched: 0, found_at: Some(0x12_3456) };
    let own = OwnApp { region_sha256: CERTIFICATE, app_sha256: CERTIFICATE };
    let foreign = |mut facts: Vec<Fact>| {
        if let Some(Fact::Prepared { app, .. }) = facts.get_mut(1) {
            *app = Some(own);
        }
        facts.truncate(2);
        facts
    };
    let mut image = policy();
    image.injection = Injection::Image;
    image.regions[0].sha256 = None;
    let field = |md5_matches, offset| {
        let digest = RegionDigest { name: "field/app".into(), md5_matches, ..digest("app", offset) };
        Fact::RegionWritten(digest)
    };
    vec![
        case(good(), [changed], Code::FlashChanged),
        case(good(), [read(NvsReadBack { mqtt_username: None, ..read_back() })], Code::NvsUnreadable),
        case(good(), [read(NvsReadBack { password_matches: false, ..read_back() })], Code::SessionMismatch),
        case(good(), [read(NvsReadBack { auth_code_present: true, ..read_back() })], Code::CodeLeftBehind),
        case(good(), [searched], Code::CodeLeftBehind),
        under(image, case(foreign(good()), [Fact::RegionWritten(digest("app", 0x10000))], Code::FlashVerifyFailed)),
        under(two_stages(), case(in_the_field(), [field(false, 0x10000)], Code::FlashVerifyFailed)),
        under(two_stages(), case(in_the_field(), [field(true, 0x20000)], Code::FlashVerifyFailed)),
        case(good(), [field(true, 0x10000)], Code::FlashVerifyFailed),
    ]
}

fn all() -> Vec<Case> {
    [
        of_the_link(),
        of_the_rules(),
        of_the_unit_itself(),
        of_the_start(),
        of_the_network(),
        of_provisioning(),
        of_clients(),
        of_the_connection(),
        of_the_flash(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

#[test]
fn each_of_these_ends_the_run_with_its_code() {
    for Case { policy, facts, code } in all() {
        assert_eq!(code_under(&policy, facts.clone()), Some(code), "{:?}", facts.last());
    }
}

#[test]
fn every_code_that_a_run_can_end_with_is_among_them() {
    let mut cases: HashMap<Code, usize> = HashMap::new();
    for Case { code, .. } in all() {
        *cases.entry(code).or_default() += 1;
    }
    for code in Code::ALL {
        assert_eq!(cases.contains_key(code), !OUTSIDE_RUNS.contains(code), "{}", code.name());
    }
}

#[test]
fn a_code_may_stay_where_the_recipe_lets_it() {
    let keeps = Policy { keep_auth_code: true, ..policy() };
    let found = Fact::FlashSearched { known: 0, searched: 0, found_at: Some(7) };
    assert_eq!(code_under(&keeps, [good(), vec![found]].concat()), None);
    let session = Fact::SessionFound { device_id: "d-9".into() };
    assert_eq!(code_under(&policy(), [seen(identity()), vec![session]].concat()), None);
}

#[test]
fn an_updated_app_may_be_loaded_from_the_other_slot_and_skips_its_provisioning() {
    let app = AppPolicy { version: "3.0.0".into(), sha256: APP };
    let policy = Policy { ota: Some(OtaPolicy { sha256: APP, size: 4096, app }), ..policy() };
    let updated = [
        uart(UartFact::OtaStarted),
        uart(UartFact::OtaFinished),
        uart(UartFact::Restarted { reason: "0xc (RTC_SW_CPU_RST)".into() }),
        uart(UartFact::AppLoaded { offset: Some(0x20_0000) }),
        uart(UartFact::ProvisionSkipped),
    ];
    assert_eq!(code_under(&policy, [provisioned(), updated.to_vec()].concat()), None);
    let again = [provisioned(), updated.to_vec(), vec![updated[2].clone()]].concat();
    assert_eq!(code_under(&policy, again), Some(Code::BootLoop));
}
