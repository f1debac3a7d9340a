//! Whole sessions: write, run and listen, attest; and once more on the same port.

use firstpass_device::{FlashLayout, Region, UartEvent};
use firstpass_domain::evidence::UartFact;
use virtual_unit::image::{self, AppImage};

use crate::slot::{Slot, quiet, region};

const TABLE: &[u8] = b"nvs, data, nvs, 0x9000, 0x6000\nfactory, app, factory, 0x10000, 1M\n";

/// All that a unit boots from.
pub(crate) fn firmware(app_len: usize) -> Vec<Region> {
    let layout = FlashLayout::parse(TABLE, "4MB".parse().unwrap()).unwrap();
    let app = image::app(&AppImage { size: app_len, seed: 7, version: "1.2.3".into(), project: "lamp".into() });
    vec![
        region("bootloader", 0, &image::bootloader(7)),
        region("partition-table", 0x8000, &layout.to_binary()),
        region("app", 0x1_0000, &app),
    ]
}

/// Writes, runs until the app is loaded, attests.
fn session(slot: &Slot, firmware: &[Region]) {
    let mut link = slot.connect().unwrap();
    let mac = link.read_mac().unwrap();
    assert!(link.write(firmware, &mut quiet).unwrap().iter().all(|digest| digest.md5_matches));
    let (capture, mut events) = link.run(&slot.log()).unwrap();
    assert_eq!(events.blocking_recv(), Some(UartEvent::Fact(UartFact::FirstByte)));
    assert_eq!(events.blocking_recv(), Some(UartEvent::Fact(UartFact::AppLoaded)));
    let lease = capture.stop();
    let mut link = firstpass_device::Link::connect(lease, slot.fixture(), crate::slot::BAUD, &slot.token).unwrap();
    assert_eq!(link.read_mac().unwrap(), mac);
    assert!(link.digest(firmware).unwrap().iter().all(|digest| digest.md5_matches));
}

#[test]
fn two_sessions_in_a_row_write_run_and_attest() {
    let slot = Slot::new([]);
    session(&slot, &firmware(64 * 1024));
    session(&slot, &firmware(128 * 1024));
    let log = std::fs::read_to_string(slot.log()).unwrap();
    assert!(log.starts_with("ESP-ROM:esp32c3-api1-20210207\r\n"), "{log}");
    assert_eq!(log.matches("ESP-ROM:").count(), 2);
}

#[test]
fn a_blank_unit_fails_to_boot_and_says_how() {
    let slot = Slot::new([]);
    let (capture, mut events) = slot.connect().unwrap().run(&slot.log()).unwrap();
    assert_eq!(events.blocking_recv(), Some(UartEvent::Fact(UartFact::FirstByte)));
    let failed = UartFact::BootFailed { text: "invalid header: 0xffffffff".into() };
    assert_eq!(events.blocking_recv(), Some(UartEvent::Fact(failed)));
    drop(capture);
    assert_eq!(events.blocking_recv(), None);
}
