//! Whole sessions: write, run and listen, attest; and once more on the same port.

use std::sync::Arc;

use firstpass_device::uart::CaptureEnd;
use firstpass_device::{Clock, FlashLayout, Heard, Link, LinkError, Region, UartEvent};
use firstpass_domain::{
    Timestamp,
    evidence::{LinkFault, UartFact},
};
use tokio::sync::mpsc::Receiver;
use virtual_unit::Fault;
use virtual_unit::image::{self, AppImage};

use crate::slot::{BAUD, Slot, quiet, region};

const TABLE: &[u8] = b"nvs, data, nvs, 0x9000, 0x6000\nfactory, app, factory, 0x10000, 1M\n";

/// The app was loaded from where `firmware` has it.
const LOADED: UartFact = UartFact::AppLoaded { offset: Some(0x1_0000) };

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

fn clock() -> Clock {
    Arc::new(|| Timestamp::from_micros(1))
}

fn next(events: &mut Receiver<Heard>) -> Option<UartEvent> {
    events.blocking_recv().map(|heard| heard.event)
}

/// Writes, runs until the app is loaded, attests.
fn session(slot: &Slot, firmware: &[Region]) {
    let mut link = slot.connect().unwrap();
    let mac = link.read_mac().unwrap();
    assert!(link.write(firmware, &mut quiet).unwrap().iter().all(|digest| digest.md5_matches));
    let (capture, mut events) = link.run(&slot.log(), clock()).unwrap();
    assert_eq!(next(&mut events), Some(UartEvent::Fact(UartFact::FirstByte)));
    assert_eq!(next(&mut events), Some(UartEvent::Fact(LOADED)));
    let lease = capture.stop();
    let mut link = Link::connect(lease, slot.fixture(), &[BAUD], &slot.token).unwrap();
    assert_eq!(link.read_mac().unwrap(), mac);
    assert!(link.digest(firmware).unwrap().iter().all(|digest| digest.md5_matches));
}

#[test]
fn two_sessions_in_a_row_write_run_and_attest() {
    let slot = Slot::new([]);
    session(&slot, &firmware(64 * 1024));
    session(&slot, &firmware(128 * 1024));
    let log = std::fs::read_to_string(slot.log()).unwrap();
    // The reset line may leave a glitch on the wire before the ROM speaks.
    assert!(log.trim_start_matches(['\0', '\n']).starts_with("ESP-ROM:esp32c3-api1-20210207\r\n"), "{log}");
    assert_eq!(log.matches("ESP-ROM:").count(), 2);
}

#[test]
fn a_blank_unit_fails_to_boot_and_says_how() {
    let slot = Slot::new([]);
    let (capture, mut events) = slot.connect().unwrap().run(&slot.log(), clock()).unwrap();
    assert_eq!(next(&mut events), Some(UartEvent::Fact(UartFact::FirstByte)));
    let failed = UartFact::BootFailed { text: "invalid header: 0xffffffff".into() };
    assert_eq!(next(&mut events), Some(UartEvent::Fact(failed)));
    drop(capture);
    assert_eq!(next(&mut events), None);
}

#[test]
fn a_unit_that_panics_again_and_again_tells_so() {
    let slot = Slot::new([Fault::BootLoop]);
    let mut link = slot.connect().unwrap();
    link.write(&firmware(64 * 1024), &mut quiet).unwrap();
    let (_capture, mut events) = link.run(&slot.log(), clock()).unwrap();
    let mut next_fact = || loop {
        match next(&mut events) {
            Some(UartEvent::Fact(UartFact::Backtrace { .. })) => {}
            Some(UartEvent::Fact(fact)) => return fact,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!([next_fact(), next_fact()], [UartFact::FirstByte, LOADED]);
    assert!(matches!(next_fact(), UartFact::Panicked { .. }));
    assert!(matches!(next_fact(), UartFact::Restarted { .. }));
    assert_eq!(next_fact(), LOADED);
}

#[test]
fn a_port_that_goes_away_ends_the_capture() {
    let slot = Slot::new([]);
    let (capture, mut events) = slot.connect().unwrap().run(&slot.log(), clock()).unwrap();
    assert_eq!(next(&mut events), Some(UartEvent::Fact(UartFact::FirstByte)));
    slot.unit.end();
    let last = std::iter::from_fn(|| next(&mut events)).last();
    assert!(matches!(last, Some(UartEvent::Ended(CaptureEnd::Link { fault: LinkFault::PortGone, .. }))), "{last:?}");
    drop(capture.stop());
}

#[test]
fn a_log_that_cannot_be_made_is_the_stations_fault_and_leaves_the_unit_alone() {
    let slot = Slot::new([]);
    let link = slot.connect().unwrap();
    let err = link.run(&slot.folder().join("no/such/folder.log"), clock()).unwrap_err();
    assert!(matches!(err, LinkError::Log(_)) && err.fault().is_none(), "{}", err.detail());
    assert_eq!(slot.unit.status().boots, 0);
}
