//! Downloads into an OTA slot.

mod app_support;

use app_support::peer::{Broker, Https};
use app_support::pki::Authority;
use app_support::unit::{OTADATA, SLOTS, Unit, Value};
use app_support::{answer, factory, session};
use sha2::{Digest, Sha256};
use virtual_unit::AppExit;

/// More than a TLS record, and no multiple of a sector.
fn image() -> Vec<u8> {
    (0..100_001u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 13) as u8).collect()
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A unit in the field that was offered `served` under the hash of [`image`].
fn offered(authority: &Authority, broker: &Broker, https: &Https) -> Unit {
    let mut values = session(broker.port);
    values.extend([
        ("ca_pem", Value::Text(authority.pem())),
        ("fw_url", Value::Text(format!("https://localhost:{}/fw.bin", https.port))),
        ("fw_sha256", Value::Text(sha256(&image()))),
        ("fw_size", Value::U32(image().len() as u32)),
    ]);
    Unit::new(&values)
}

#[test]
fn a_provisioned_unit_downloads_the_offer_restarts_and_skips_it_from_then_on() {
    let authority = Authority::new("Test CA");
    let broker = Broker::serve(authority.right_server(), vec![]);
    let (sha, port) = (sha256(&image()), broker.port);
    let https = Https::serve(authority.right_server(), move |own, line| {
        let offer = format!(
            r#","data":{{"firmware_url":"https://localhost:{own}/fw.bin","firmware_checksum_sha256":"{sha}"}}"#
        );
        if line.starts_with("GET /fw.bin ") { (200, image()) } else { (200, answer(port, &offer).into()) }
    });
    let unit = Unit::new(&factory(https.port, &authority.pem())).with_ota_slots();
    let running = unit.run();
    running.says("iotmer_ota: Starting HTTPS OTA (expected sha256=");
    running.says("iotmer_ota: OTA finished, rebooting into new firmware");
    let (exit, unit) = running.ended();
    assert_eq!(exit, AppExit::Restart);
    assert_eq!(unit.flash.read_vec(SLOTS[0].offset, image().len() as u32).unwrap(), image());
    assert_eq!(unit.flash.read_vec(OTADATA.offset, 4).unwrap(), [1, 0, 0, 0]);
    assert_eq!(unit.nvs_text("ota_sha"), Some(sha256(&image())));

    let running = unit.run();
    running.says("iotmer_ota: OTA skipped (same SHA256 as last applied build)");
    running.says("iotmer_client: MQTT connected");
}

#[test]
fn a_table_without_slots_refuses_the_offer_and_the_unit_connects() {
    let authority = Authority::new("Test CA");
    let broker = Broker::serve(authority.right_server(), vec![]);
    let https = Https::serve(authority.right_server(), |_, _| (200, image()));
    let unit = offered(&authority, &broker, &https).run();
    unit.says("iotmer_ota: OTA failed: ESP_ERR_NOT_FOUND");
    unit.says("iotmer_client: MQTT connected");
}

/// Makes what is served instead of [`image`].
type Serve = fn() -> Vec<u8>;

#[test]
fn a_download_that_goes_wrong_leaves_the_choice_of_slot_alone() {
    let cases: [(u16, Serve, &str); 4] = [
        (404, Vec::new, "ESP_FAIL"),
        (200, || [image(), vec![0]].concat(), "ESP_ERR_OTA_VALIDATE_FAILED"),
        (200, || image().iter().map(|byte| byte ^ 1).collect(), "ESP_ERR_OTA_VALIDATE_FAILED"),
        (200, || vec![0; SLOTS[0].size as usize + 1], "ESP_ERR_INVALID_SIZE"),
    ];
    for (status, served, error) in cases {
        let authority = Authority::new("Test CA");
        let broker = Broker::serve(authority.right_server(), vec![]);
        let https = Https::serve(authority.right_server(), move |_, _| (status, served()));
        let unit = offered(&authority, &broker, &https).with_ota_slots().run();
        unit.says(&format!("iotmer_ota: OTA failed: {error}"));
        unit.says("iotmer_client: MQTT connected");
        assert_eq!(unit.reset().flash.read_vec(OTADATA.offset, 4).unwrap(), [0xff; 4]);
    }
}

/// What a server that knows ranges answers to a request for `whole`.
fn ranged(head: &str, whole: &[u8]) -> (u16, String, Vec<u8>) {
    let range = head.lines().find_map(|line| line.strip_prefix("range: bytes=")).expect("a range");
    let (first, last) = range.split_once('-').expect("two ends");
    let first: usize = first.parse().expect("a number");
    let last = last.parse::<usize>().expect("a number").min(whole.len() - 1);
    (206, format!("content-range: bytes {first}-{last}/{}\r\n", whole.len()), whole[first..=last].to_vec())
}

#[test]
fn a_long_image_comes_in_ranges_and_a_hash_that_does_not_fit_selects_nothing() {
    let long: Vec<u8> = image().into_iter().cycle().take(460_000).collect();
    for (offered, selected) in [(sha256(&long), true), (sha256(&image()), false)] {
        let authority = Authority::new("Test CA");
        let broker = Broker::serve(authority.right_server(), vec![]);
        let served = long.clone();
        let https = Https::serve_with(authority.right_server(), move |_, head| ranged(head, &served));
        let mut values = session(broker.port);
        values.extend([
            ("ca_pem", Value::Text(authority.pem())),
            ("fw_url", Value::Text(format!("https://localhost:{}/fw.bin", https.port))),
            ("fw_sha256", Value::Text(offered)),
        ]);
        let running = Unit::new(&values).with_ota_slots().run();
        running.says(if selected { "OTA finished, rebooting" } else { "OTA failed: ESP_ERR_OTA_VALIDATE_FAILED" });
        let heads: Vec<_> = https.requests.try_iter().map(|request| request.head).collect();
        assert_eq!(heads.len(), 2, "{heads:?}");
        assert!(heads[1].contains("range: bytes=262144-524287"), "{}", heads[1]);
        let unit = if selected { running.ended().1 } else { running.reset() };
        assert_eq!(unit.flash.read_vec(OTADATA.offset, 4).unwrap() == [1, 0, 0, 0], selected);
        assert_eq!(unit.flash.read_vec(SLOTS[0].offset, long.len() as u32).unwrap(), long);
    }
}

#[test]
fn the_release_that_a_unit_runs_is_downloaded_again_on_the_boot_that_provisions_and_skipped_on_the_next() {
    let authority = Authority::new("Test CA");
    let broker = Broker::serve(authority.right_server(), vec![]);
    let (sha, port) = (sha256(&image()), broker.port);
    let https = Https::serve_with(authority.right_server(), move |own, head| {
        let offer = format!(r#","firmware_url":"https://localhost:{own}/fw.bin","firmware_checksum_sha256":"{sha}""#);
        match head.starts_with("GET ") {
            true => ranged(head, &image()),
            false => (200, String::new(), answer(port, &offer).into()),
        }
    });
    let mut values = factory(https.port, &authority.pem());
    values.push(("ota_sha", Value::Text(sha256(&image()))));
    let running = Unit::new(&values).with_ota_slots().run();
    running.says("iotmer_ota: OTA finished, rebooting into new firmware");
    let running = running.ended().1.run();
    running.says("iotmer_ota: OTA skipped (same SHA256 as last applied build)");
    running.says("iotmer_client: MQTT connected");
}
