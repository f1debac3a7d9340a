//! A store that fails, credentials that are unusable, and the factory reset that recovers them.

mod support;

use firstpass_agent::{
    Action, BrokerFailure, CertificateFault, CompiledIn, ErrorClass, EspError, Event, NvsValue, SessionInNvs, Setup,
};
use firstpass_contract::{Secret, mqtt::ConnectCode, nvs};
use support::{ANSWER, Rig, answer_with, complete, factory};

const FULL: EspError = EspError("ESP_ERR_NVS_NOT_ENOUGH_SPACE");
const CORRUPT: EspError = EspError("ESP_ERR_NVS_NO_FREE_PAGES");

fn compiled_in() -> Setup {
    let compiled_in = CompiledIn {
        auth_code: Secret::new("CODE-C"),
        prov_url: "https://line.test/api/v1".into(),
        workspace_id: "w".into(),
    };
    Setup { compiled_in, ..Setup::default() }
}

fn certificate(fault: CertificateFault) -> Event {
    Event::BrokerFailed(BrokerFailure { sock_errno: 0, tls_esp_err: 0x801a, certificate: Some(fault) })
}

#[test]
fn a_session_that_the_flash_refuses_is_written_again_and_not_used() {
    for (error, class) in [
        (FULL, ErrorClass::MemoryConnectFail),
        (EspError("ESP_ERR_FLASH_OP_FAIL"), ErrorClass::FailedToStoreCredentials),
    ] {
        let mut rig = Rig::online(factory());
        rig.http_answers(200, ANSWER);
        let first = rig.writes();
        rig.log();
        rig.feed(Event::NvsFailed(error));
        assert_eq!(rig.log()[0], format!("E iotmer_nvs: NVS cannot be written: {error}"));
        assert_eq!(rig.classes(), [class]);
        assert_eq!(rig.opens(), []);
        rig.sleep();
        assert_eq!(rig.writes(), first);
        rig.feed(Event::NvsStored);
        assert_eq!(rig.opens().len(), 1);
    }
}

#[test]
fn an_nvs_that_cannot_be_read_is_said_and_waits_for_a_reset_that_formats_it() {
    let mut rig = Rig::boot_with(Err(CORRUPT));
    let expected = [
        "E iotmer_nvs: NVS cannot be read: ESP_ERR_NVS_NO_FREE_PAGES",
        "E iotmer_nvs: no auth code outside NVS: waiting for a factory reset",
    ];
    assert_eq!(rig.log(), expected);
    assert_eq!(rig.classes(), [ErrorClass::FailedToReadCredentials]);
    rig.network_up();
    rig.log();
    assert_eq!(rig.actions(), []);
    rig.feed(Event::FactoryReset);
    rig.log();
    assert_eq!(rig.actions(), [Action::FormatNvs]);
    rig.feed(Event::NvsStored);
    assert_eq!(rig.log(), ["I iotmer_nvs: factory reset done"]);
    assert_eq!(rig.actions(), [Action::Restart]);
}

#[test]
fn with_everything_compiled_in_a_corrupt_nvs_is_formatted_and_the_unit_provisions() {
    let mut rig = Rig::boot_as(Err(CORRUPT), compiled_in());
    assert_eq!(rig.log()[0], "E iotmer_nvs: NVS cannot be read: ESP_ERR_NVS_NO_FREE_PAGES");
    assert_eq!(rig.actions(), [Action::FormatNvs]);
    rig.network_up();
    assert_eq!(rig.posts(), [], "not before the store works");
    rig.feed(Event::NvsStored);
    assert_eq!(rig.posts().len(), 1);
    rig.http_answers(200, ANSWER);
    rig.feed(Event::NvsStored);
    assert_eq!(rig.opens().len(), 1);
}

#[test]
fn a_store_that_cannot_even_be_formatted_is_tried_again_later_and_later() {
    let mut rig = Rig::boot_as(Err(CORRUPT), compiled_in());
    let mut delays = Vec::new();
    for _ in 0..4 {
        assert_eq!(rig.take_formats(), 1);
        rig.feed(Event::NvsFailed(CORRUPT));
        assert_eq!(
            rig.log().iter().filter(|line| line.contains("NVS cannot be erased: ESP_ERR_NVS_NO_FREE_PAGES")).count(),
            1
        );
        delays.push(rig.sleep());
    }
    assert!(delays.windows(2).all(|pair| pair[1] == 2 * pair[0]), "{delays:?}");
}

#[test]
fn a_reset_of_a_sound_store_erases_what_a_provisioning_stored_and_leaves_the_factory_parameters() {
    let mut rig = Rig::connected();
    rig.actions();
    rig.feed(Event::FactoryReset);
    let [write] = rig.writes().try_into().unwrap();
    assert!(rig.actions().contains(&Action::CloseBroker));
    assert!(nvs::COMPLETE_SESSION.iter().all(|key| write.erase.contains(key)));
    let kept = [
        nvs::AUTH_CODE,
        nvs::PROV_URL,
        nvs::WORKSPACE_ID,
        nvs::CA_PEM,
        nvs::WIFI_SSID,
        nvs::WIFI_PASS,
        nvs::SERIAL_NO,
        nvs::TEMPLATE_ID,
    ];
    assert!(kept.iter().all(|key| !write.erase.contains(key)));
    assert_eq!(write.set, []);
    assert_eq!(write.erase.len() + kept.len(), nvs::ALL_KEYS.len(), "every key either goes or stays");
    rig.feed(Event::NvsStored);
    assert_eq!(rig.actions().last(), Some(&Action::Restart));
}

#[test]
fn a_reset_recovers_a_unit_whose_store_takes_nothing() {
    let mut rig = Rig::online_as(SessionInNvs::default(), compiled_in());
    rig.http_answers(200, ANSWER);
    rig.feed(Event::NvsFailed(FULL));
    rig.actions();
    rig.feed(Event::FactoryReset);
    assert_eq!(rig.take_formats(), 1);
    rig.feed(Event::NvsStored);
    assert_eq!(rig.actions().last(), Some(&Action::Restart));

    let mut rig = Rig::online_as(SessionInNvs::default(), compiled_in());
    rig.http_answers(200, ANSWER);
    rig.feed(Event::NvsStored);
    assert_eq!(rig.opens().len(), 1);
}

#[test]
fn a_reset_in_the_middle_of_a_write_or_a_download_is_not_allowed() {
    let mut rig = Rig::online(factory());
    let offer = format!(r#""firmware_url":"https://line.test/fw","firmware_checksum_sha256":"{}""#, "5a".repeat(32));
    rig.http_answers(200, answer_with(&offer));
    rig.feed(Event::FactoryReset);
    rig.feed(Event::NvsStored);
    rig.feed(Event::FactoryReset);
    rig.feed(Event::OtaStored);
    rig.feed(Event::FactoryReset);
    assert_eq!(rig.classes(), [ErrorClass::NotAllowed; 3]);
    assert_eq!(rig.take_formats(), 0);
}

#[test]
fn an_expired_certificate_sends_a_unit_with_a_code_back_for_a_fresh_one() {
    for fault in [CertificateFault::Expired, CertificateFault::Refused] {
        let mut rig = Rig::online_as(SessionInNvs::default(), compiled_in());
        rig.http_answers(200, answer_with(r#""certificate_pem":"OLD","private_key_pem":"K1""#));
        rig.feed(Event::NvsStored);
        rig.broker_accepts();
        rig.reports();
        rig.posts();
        rig.opens();
        rig.feed(certificate(fault));
        assert_eq!(rig.classes(), [ErrorClass::SecureConnectionFailed]);
        assert!((2_000..=10_000).contains(&rig.sleep()));
        let [request] = rig.posts().try_into().unwrap();
        assert!(request.body.contains(r#""device_id":"dev-1""#), "a repeat registration names its identity");
        rig.http_answers(200, answer_with(r#""certificate_pem":"NEW","private_key_pem":"K2""#));
        assert!(rig.writes().last().unwrap().set.contains(&(nvs::CERT_PEM, NvsValue::Text("NEW".into()))));
        rig.feed(Event::NvsStored);
        assert_eq!(rig.opens().len(), 1);
        rig.broker_accepts();
    }
}

#[test]
fn a_fresh_certificate_that_fails_too_is_not_followed_by_another_provisioning() {
    let mut rig = Rig::online_as(SessionInNvs::default(), compiled_in());
    rig.http_answers(200, ANSWER);
    rig.feed(Event::NvsStored);
    rig.feed(certificate(CertificateFault::Expired));
    rig.sleep();
    rig.http_answers(200, ANSWER);
    rig.feed(Event::NvsStored);
    rig.posts();
    for expected in [30_000, 60_000, 120_000] {
        rig.feed(certificate(CertificateFault::Expired));
        assert_eq!(rig.sleep(), expected);
    }
    assert_eq!(rig.posts(), []);
}

#[test]
fn an_expired_certificate_without_a_code_is_said_and_tried_as_refused_credentials_are() {
    let mut rig = Rig::online(SessionInNvs { client_certificate: true, ..complete() });
    rig.log();
    rig.feed(certificate(CertificateFault::Expired));
    let line = "E iotmer_client: client certificate has expired: provision this unit with an auth code";
    assert_eq!(rig.log().last().unwrap(), line);
    assert_eq!(rig.sleep(), 30_000);
    assert_eq!(rig.opens().len(), 2);
    rig.broker_answers(ConnectCode::Accepted);
}

#[test]
fn unusable_credentials_are_erased_and_the_unit_provisions_where_it_has_a_code() {
    let mut rig = Rig::online_as(SessionInNvs::default(), compiled_in());
    rig.http_answers(200, ANSWER);
    rig.feed(Event::NvsStored);
    rig.writes();
    rig.posts();
    rig.feed(certificate(CertificateFault::Unusable));
    assert_eq!(rig.classes(), [ErrorClass::InvalidCredentials]);
    let [write] = rig.writes().try_into().unwrap();
    assert!(write.erase.contains(&nvs::KEY_PEM) && write.set.is_empty());
    rig.feed(Event::NvsStored);
    let [request] = rig.posts().try_into().unwrap();
    assert!(!request.body.contains("device_id"), "nothing of the old identity is left");
}

#[test]
fn an_incomplete_session_without_a_code_is_reported_as_invalid_credentials() {
    let mut rig = Rig::online(SessionInNvs { device_key: String::new(), ..complete() });
    assert_eq!(rig.log().last().unwrap(), "E iotmer_provision: provision auth empty and NVS session incomplete");
    assert_eq!(rig.classes(), [ErrorClass::InvalidCredentials]);
}

#[test]
fn the_alerts_that_speak_of_the_units_certificate_are_told_apart() {
    for (alert, fault) in [
        (45, Some(CertificateFault::Expired)),
        (42, Some(CertificateFault::Refused)),
        (44, Some(CertificateFault::Refused)),
        (46, Some(CertificateFault::Refused)),
        (48, Some(CertificateFault::Refused)),
        (40, None),
        (80, None),
    ] {
        assert_eq!(CertificateFault::of_alert(alert), fault, "{alert}");
    }
}
