//! The OTA decision and what follows from it.

mod support;

use firstpass_agent::{Action, EspError, Event, FirmwareOffer, NvsValue, OtaDownload, SessionInNvs};
use firstpass_contract::nvs;
use support::{ANSWER, Rig, answer_with, complete, factory};

const URL: &str = "https://line.test/fw.bin";

fn sha() -> String {
    "5a".repeat(32)
}

fn offered(ota_sha: &str) -> SessionInNvs {
    let firmware = Some(FirmwareOffer { url: URL.into(), sha256: sha(), size: Some(4096) });
    SessionInNvs { firmware, ota_sha: ota_sha.into(), ..complete() }
}

fn downloads(rig: &mut Rig) -> Vec<OtaDownload> {
    let download = |action| if let Action::DownloadOta(download) = action { Some(download) } else { None };
    rig.actions().into_iter().filter_map(download).collect()
}

#[test]
fn a_new_image_is_downloaded_recorded_and_started() {
    let mut rig = Rig::online(offered(""));
    assert_eq!(rig.log().last().unwrap(), &format!("I iotmer_ota: Starting HTTPS OTA (expected sha256={})", sha()));
    assert_eq!(downloads(&mut rig), [OtaDownload { url: URL.into(), sha256: sha(), size: Some(4096) }]);
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
