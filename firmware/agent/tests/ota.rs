//! The OTA decision and what follows from it.

mod support;

use firstpass_agent::{
    Action, EspError, Event, FirmwareOffer, NvsValue, OtaDownload, Report, SessionInNvs, Setup, TRIAL_MS, UpdateResult,
};
use firstpass_contract::{mqtt::ConnectCode, nvs};
use support::{ANSWER, RESET, Rig, answer_with, complete, factory};

const URL: &str = "https://line.test/fw.bin";

fn sha() -> String {
    "5a".repeat(32)
}

fn offered(ota_sha: &str) -> SessionInNvs {
    let firmware = Some(FirmwareOffer { url: URL.into(), sha256: sha(), size: Some(4096) });
    SessionInNvs { firmware, ota_sha: ota_sha.into(), ..complete() }
}

fn on_trial() -> Setup {
    Setup { on_trial: true, ..Setup::default() }
}

fn downloads(rig: &mut Rig) -> Vec<OtaDownload> {
    let download = |action| if let Action::DownloadOta(download) = action { Some(download) } else { None };
    rig.actions().into_iter().filter_map(download).collect()
}

#[test]
fn a_new_image_is_downloaded_recorded_and_started() {
    let mut rig = Rig::online(offered(""));
    assert_eq!(rig.log().last().unwrap(), &format!("I iotmer_ota: Starting HTTPS OTA (expected sha256={})", sha()));
    assert_eq!(
        downloads(&mut rig),
        [OtaDownload { url: URL.into(), sha256: sha(), size: Some(4096), timeout_ms: 600_000 }]
    );
    rig.feed(Event::OtaStored);
    assert_eq!(rig.writes()[0].set, [(nvs::OTA_SHA, NvsValue::Text(sha()))]);
    rig.feed(Event::NvsStored);
    assert_eq!(rig.log(), ["I iotmer_ota: OTA finished, rebooting into new firmware"]);
    assert_eq!(rig.actions(), [Action::Restart]);
}

#[test]
fn the_image_applied_last_is_skipped() {
    let mut rig = Rig::online(offered(&sha().to_uppercase()));
    assert!(rig.log().contains(&"I iotmer_ota: OTA skipped (same SHA256 as last applied build)".to_string()));
    assert_eq!(rig.opens().len(), 1);
}

#[test]
fn a_provisioning_on_the_same_boot_forces_the_download_of_the_same_image() {
    let mut rig = Rig::online(SessionInNvs { ota_sha: sha(), ..factory() });
    let data = format!(r#""data":{{"firmware_url":"{URL}","firmware_checksum_sha256":"{}"}}"#, sha());
    rig.http_answers(200, answer_with(&data));
    let [write] = rig.writes().try_into().unwrap();
    assert!(write.set.contains(&(nvs::FW_SHA256, NvsValue::Text(sha()))));
    assert_eq!(write.erase, [nvs::FW_SIZE, nvs::AUTH_CODE]);
    rig.feed(Event::NvsStored);
    assert_eq!(downloads(&mut rig).len(), 1);
}

#[test]
fn half_an_offer_is_none() {
    let mut rig = Rig::online(factory());
    rig.http_answers(200, answer_with(&format!(r#""firmware_url":"{URL}""#)));
    rig.feed(Event::NvsStored);
    assert_eq!(rig.opens().len(), 1);
    assert_eq!(downloads(&mut rig), []);
}

#[test]
fn a_provisioning_without_an_offer_forgets_an_earlier_one() {
    let mut rig = Rig::online(SessionInNvs { firmware: offered("").firmware, ..factory() });
    rig.http_answers(200, ANSWER);
    rig.feed(Event::NvsStored);
    assert_eq!(downloads(&mut rig), []);
}

#[test]
fn a_failed_download_is_said_and_the_unit_connects_all_the_same() {
    let mut rig = Rig::online(offered(""));
    rig.log();
    rig.feed(Event::OtaFailed(EspError("ESP_ERR_NOT_FOUND")));
    assert_eq!(rig.log()[0], "E iotmer_ota: OTA failed: ESP_ERR_NOT_FOUND");
    assert_eq!(rig.opens().len(), 1);
}

#[test]
fn a_hash_that_cannot_be_recorded_is_said_and_the_new_image_starts() {
    let mut rig = Rig::online(offered(""));
    rig.actions();
    rig.feed(Event::OtaStored);
    rig.feed(Event::NvsFailed(EspError("ESP_ERR_NVS_NOT_ENOUGH_SPACE")));
    assert_eq!(rig.log()[0], "E iotmer_nvs: ota_sha cannot be written: ESP_ERR_NVS_NOT_ENOUGH_SPACE");
    assert_eq!(rig.actions().last(), Some(&Action::Restart));
}

#[test]
fn a_skipped_and_a_failed_update_are_reported() {
    let mut rig = Rig::online(offered(&sha()));
    assert_eq!(rig.reports(), [Report::Update(UpdateResult::Skipped)]);
    let mut rig = Rig::online(offered(""));
    rig.feed(Event::OtaFailed(EspError("ESP_ERR_OTA_VALIDATE_FAILED")));
    assert_eq!(rig.reports(), [Report::Update(UpdateResult::Failed)]);
}

#[test]
fn the_forced_download_ends_in_a_boot_that_skips_it_and_connects() {
    let mut rig = Rig::online(SessionInNvs { ota_sha: sha(), ..factory() });
    let offer = format!(r#""firmware_url":"{URL}","firmware_checksum_sha256":"{}""#, sha());
    rig.http_answers(200, answer_with(&offer));
    rig.feed(Event::NvsStored);
    rig.feed(Event::OtaStored);
    rig.feed(Event::NvsStored);
    assert_eq!(rig.actions().last(), Some(&Action::Restart));

    let mut rig = Rig::online_as(offered(&sha()), on_trial());
    assert!(rig.log().contains(&"I iotmer_ota: OTA skipped (same SHA256 as last applied build)".to_string()));
    rig.broker_accepts();
    assert!(rig.actions().contains(&Action::ConfirmApp));
}

#[test]
fn a_new_image_that_connects_is_confirmed_once_and_stays() {
    let mut rig = Rig::connected_as(offered(&sha()), on_trial());
    let log = rig.log();
    assert_eq!(log.last().unwrap(), "I iotmer_ota: new firmware has connected and stays");
    assert!(rig.actions().contains(&Action::ConfirmApp));
    assert!(rig.reports().contains(&Report::Update(UpdateResult::Succeeded)));
    rig.feed(Event::BrokerClosed(RESET));
    rig.now_ms += 2 * TRIAL_MS;
    rig.sleep_late();
    rig.broker_accepts();
    let actions = rig.actions();
    assert!(!actions.contains(&Action::ConfirmApp) && !actions.contains(&Action::RollBack));
}

#[test]
fn a_new_image_that_cannot_connect_in_three_minutes_gives_way_to_the_one_before_it() {
    let fail: [fn(&mut Rig); 3] = [
        |_| {},
        |rig| {
            rig.network_up();
            rig.feed(Event::BrokerFailed(RESET));
        },
        |rig| {
            rig.network_up();
            rig.broker_answers(ConnectCode::BadLogin);
        },
    ];
    for fail in fail {
        let mut rig = Rig::boot_as(Ok(offered(&sha())), on_trial());
        let booted_ms = rig.now_ms;
        fail(&mut rig);
        while !rig.take_roll_back() {
            assert!(rig.now_ms <= booted_ms + TRIAL_MS);
            rig.sleep();
            if !rig.opens().is_empty() {
                rig.feed(Event::BrokerFailed(RESET));
            }
        }
        assert_eq!(rig.now_ms, booted_ms + TRIAL_MS);
        let line = "E iotmer_ota: new firmware did not connect within 180 s: rolling back";
        assert_eq!(rig.log().last().unwrap(), line);
        assert!(rig.reports().contains(&Report::Update(UpdateResult::RolledBack)));
        rig.network_up();
        assert_eq!(rig.opens(), [], "nothing more happens on this boot");
    }
}

#[test]
fn after_a_roll_back_the_image_is_not_fetched_again() {
    let mut rig = Rig::online(offered(&sha()));
    assert_eq!(downloads(&mut rig), []);
}

#[test]
fn an_image_on_trial_begins_no_update_and_one_that_is_confirmed_does() {
    let mut rig = Rig::online_as(offered(""), on_trial());
    assert_eq!(rig.log()[2], "W iotmer_ota: update put off: the running firmware is on trial");
    assert_eq!(downloads(&mut rig), []);
    let mut rig = Rig::online(offered(""));
    assert_eq!(downloads(&mut rig).len(), 1);
}
