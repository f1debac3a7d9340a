//! Units over several boots, on a chip with a store and two app slots, in virtual time.

mod chip;
mod support;

use chip::{Chip, End, World};
use firstpass_agent::{EspError, TRIAL_MS};
use firstpass_contract::nvs;

const RELEASE: &str = "5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a";
const CORRUPT: EspError = EspError("ESP_ERR_NVS_NO_FREE_PAGES");

fn offering() -> World {
    World { offers: Some(RELEASE), ..World::default() }
}

#[test]
fn a_factory_unit_provisions_erases_its_code_and_skips_https_ever_after() {
    let mut chip = Chip::factory();
    assert_eq!(chip.run(&World::default()), End::Connected);
    assert_eq!(chip.posts, 1);
    assert_eq!(chip.stored(nvs::AUTH_CODE), None);
    for _ in 0..3 {
        chip.reset();
        assert_eq!(chip.run(&World::default()), End::Connected);
    }
    assert_eq!(chip.posts, 1);
}

#[test]
fn an_offer_of_the_release_that_runs_is_downloaded_once_more_then_the_other_slot_runs_and_stays() {
    let mut chip = Chip::factory();
    chip.write_text(nvs::OTA_SHA, RELEASE);
    assert_eq!(chip.run(&offering()), End::Restarted, "the forced second download");
    assert_eq!((chip.downloads, chip.running, chip.on_trial), (1, 1, true));
    assert_eq!(chip.run(&offering()), End::Connected);
    assert!(!chip.on_trial, "confirmed");
    chip.reset();
    assert_eq!(chip.run(&offering()), End::Connected);
    assert_eq!((chip.downloads, chip.posts, chip.running), (1, 1, 1));
    assert_eq!(chip.stored(nvs::OTA_SHA).as_deref(), Some(RELEASE));
}

#[test]
fn a_release_that_cannot_connect_is_rolled_back_once_and_not_fetched_again() {
    let mut chip = Chip::factory();
    let world = World { slots_that_connect: [true, false], ..offering() };
    assert_eq!(chip.run(&world), End::Restarted);
    let began_ms = chip.now_ms;
    assert_eq!(chip.run(&world), End::RolledBack);
    assert_eq!(chip.now_ms - began_ms, TRIAL_MS);
    assert_eq!(chip.running, 0);
    assert_eq!(chip.run(&world), End::Connected);
    assert_eq!(chip.downloads, 1);
}

#[test]
fn a_download_that_fails_leaves_the_unit_in_service_and_is_tried_again_on_the_next_boot() {
    let mut chip = Chip::factory();
    let world = World { download_fails: true, ..offering() };
    assert_eq!(chip.run(&world), End::Connected);
    assert_eq!((chip.downloads, chip.running), (1, 0));
    chip.reset();
    assert_eq!(chip.run(&offering()), End::Restarted);
    assert_eq!(chip.run(&offering()), End::Connected);
    assert_eq!((chip.downloads, chip.posts, chip.running), (2, 1, 1));
}

#[test]
fn over_quota_a_unit_gets_in_with_the_first_attempt_after_there_is_room() {
    for room_at_ms in [5_000, 60_000, 3_600_000] {
        let mut chip = Chip::factory();
        let world = World { room_at_ms, ..World::default() };
        assert_eq!(chip.run(&world), End::Connected);
        assert!(chip.now_ms < 3 * room_at_ms + 10_000, "{} for {room_at_ms}", chip.now_ms);
    }
}

#[test]
fn a_corrupt_store_stops_a_unit_without_a_code_until_a_factory_reset_and_a_new_code() {
    let mut chip = Chip::factory();
    chip.broken = Some(CORRUPT);
    assert_eq!(chip.run(&World::default()), End::Stuck);
    assert_eq!(chip.posts, 0);
    assert_eq!(chip.factory_reset(&World::default()), End::Restarted);
    assert_eq!(chip.run(&World::default()), End::Stuck, "it has neither code nor session");
    chip.inject_code();
    assert_eq!(chip.run(&World::default()), End::Connected);
}

#[test]
fn a_corrupt_store_is_formatted_by_a_unit_whose_image_holds_its_code() {
    let mut chip = Chip::with_code_in_image();
    assert_eq!(chip.run(&World::default()), End::Connected);
    chip.reset();
    chip.broken = Some(CORRUPT);
    assert_eq!(chip.run(&World::default()), End::Connected);
    assert_eq!((chip.posts, chip.broken), (2, None));
}

#[test]
fn a_store_that_takes_nothing_is_recovered_by_a_factory_reset() {
    let mut chip = Chip::with_code_in_image();
    chip.takes_nothing = true;
    let world = World { gives_up_at_ms: 3_600_000, ..World::default() };
    assert_eq!(chip.run(&world), End::Stuck);
    assert_eq!(chip.stored(nvs::DEVICE_ID), None);
    assert_eq!(chip.factory_reset(&world), End::Restarted);
    assert_eq!(chip.run(&World::default()), End::Connected);
}

#[test]
fn an_expired_certificate_is_renewed_by_a_unit_with_a_code_and_the_unit_is_back() {
    let mut chip = Chip::with_code_in_image();
    assert_eq!(chip.run(&World::default()), End::Connected);
    chip.certificate_expired = true;
    assert_eq!(chip.reconnect(&World::default()), End::Connected);
    assert_eq!((chip.posts, chip.certificate_expired), (2, false));
}
