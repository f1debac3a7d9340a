//! Units and ports that misbehave: each ends in the fault that stands on record.

use std::thread;

use firstpass_device::{Fixture, Leases, Link, LinkError, PortName};
use firstpass_domain::Chip;
use firstpass_domain::evidence::LinkFault;
use virtual_unit::faults::ForeignChip;
use virtual_unit::{Fault, Mode};

use crate::slot::{BAUD, DeafFixture, Slot, content, quiet, region};

/// The fault that a write on a unit with `fault` ends in, and the error in words.
fn write_with(fault: Fault) -> (Option<LinkFault>, String) {
    let slot = Slot::new([fault]);
    let err = slot.connect().unwrap().write(&[region("app", 0x1_0000, &content(200_000))], &mut quiet).unwrap_err();
    (err.fault(), err.detail())
}

#[test]
fn another_chip_is_identified_as_what_it_is() {
    for (foreign, chip) in [
        (ForeignChip::Esp32s3, Chip::Esp32s3),
        (ForeignChip::Esp32c6, Chip::Esp32c6),
        (ForeignChip::Esp32h2, Chip::Esp32h2),
    ] {
        let slot = Slot::new([Fault::WrongChip { chip: foreign }]);
        assert_eq!(slot.connect().unwrap().identify().unwrap().chip, Some(chip));
    }
}

#[test]
fn another_flash_size_is_identified() {
    let slot = Slot::new([Fault::WrongFlashSize { size: virtual_unit::FlashSize::Mb2 }]);
    let identity = slot.connect().unwrap().identify().unwrap();
    assert_eq!(identity.flash_size.unwrap().to_string(), "2MB");
}

#[test]
fn one_lost_or_damaged_acknowledgement_is_got_over() {
    for fault in [Fault::DropAck { nth: 2 }, Fault::CorruptAck { nth: 2 }] {
        let slot = Slot::new([fault]);
        let digests = slot.connect().unwrap().write(&[region("app", 0x1_0000, &content(90_000))], &mut quiet).unwrap();
        assert!(digests[0].md5_matches);
    }
}

#[test]
fn a_port_that_goes_away_in_the_middle_of_a_write_is_gone() {
    let (fault, detail) = write_with(Fault::Vanish { bytes: 50_000 });
    assert_eq!(fault, Some(LinkFault::PortGone), "{detail}");
}

#[test]
fn a_port_that_has_gone_cannot_be_connected_to() {
    let slot = Slot::new([]);
    slot.unit.end();
    assert_eq!(slot.connect().unwrap_err().fault(), Some(LinkFault::PortGone));
}

#[test]
fn a_path_that_is_no_serial_port_is_unusable() {
    let slot = Slot::new([]);
    let lease = Leases::new().try_acquire(&PortName::new("/dev/null")).unwrap();
    let connected = Link::connect(lease, slot.fixture(), &[BAUD], &slot.token);
    assert_eq!(connected.unwrap_err().fault(), Some(LinkFault::PortUnusable));
}

#[test]
fn a_port_without_reset_lines_cannot_reset_its_unit() {
    let slot = Slot::new([]);
    let connected = Link::connect(slot.lease(), Fixture::DtrRts, &[BAUD], &slot.token);
    let err = connected.unwrap_err();
    assert_eq!(err.fault(), Some(LinkFault::FixtureFailed), "{}", err.detail());
}

#[test]
fn a_flash_that_hashes_differently_fails_the_region_and_ends_the_write() {
    let slot = Slot::new([Fault::BadMd5]);
    let regions = [region("app", 0x1_0000, &content(20_000)), region("nvs", 0x9000, &[0xff; 0x6000])];
    let digests = slot.connect().unwrap().write(&regions, &mut quiet).unwrap();
    assert_eq!(digests.len(), 1);
    assert!(!digests[0].md5_matches);
}

#[test]
fn a_port_that_another_program_holds_is_busy() {
    let slot = Slot::new([]);
    let _other = serialport::new(slot.port().path().to_string_lossy(), 115_200).open_native().unwrap();
    let err = slot.connect().unwrap_err();
    assert_eq!(err.fault(), Some(LinkFault::PortBusy), "{}", err.detail());
}

#[test]
fn a_unit_without_power_gives_no_answer() {
    let slot = Slot::new([]);
    let fixture = DeafFixture::listen(slot.folder());
    slot.unit.power_off().unwrap();
    assert_eq!(slot.unit.status().mode, Mode::Off);
    let connected = Link::connect(slot.lease(), fixture.fixture(), &[BAUD], &slot.token);
    let err = connected.unwrap_err();
    assert_eq!(err.fault(), Some(LinkFault::NoAnswer), "{}", err.detail());
}

#[test]
fn a_fixture_that_is_not_there_has_failed() {
    let slot = Slot::new([]);
    let fixture = Fixture::Socket("/no/such/fixture".into());
    let connected = Link::connect(slot.lease(), fixture, &[BAUD], &slot.token);
    assert_eq!(connected.unwrap_err().fault(), Some(LinkFault::FixtureFailed));
}

#[test]
fn a_cancelled_write_stops_at_once() {
    let slot = Slot::paced();
    let mut link = slot.connect().unwrap();
    let token = slot.token.clone();
    let mut cancel_early = move |_: &str, written: u32, _: u32| {
        if written > 0 {
            token.cancel();
        }
    };
    let regions = [region("app", 0x1_0000, &content(900_000))];
    let written = thread::scope(|scope| scope.spawn(|| link.write(&regions, &mut cancel_early)).join().unwrap());
    assert!(matches!(written, Err(LinkError::Cancelled { .. })));
}

#[test]
fn a_cancelled_connect_gives_up_a_silent_unit() {
    let slot = Slot::new([]);
    let fixture = DeafFixture::listen(slot.folder());
    slot.unit.power_off().unwrap();
    slot.token.cancel();
    let connected = Link::connect(slot.lease(), fixture.fixture(), &[BAUD], &slot.token);
    assert!(matches!(connected, Err(LinkError::Cancelled { .. })), "{connected:?}");
    assert!(slot.connect().is_err(), "the port has been passed on");
}
