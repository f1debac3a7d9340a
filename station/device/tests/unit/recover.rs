//! Links that do not hold: lower baud rates, and ports that vanish and come back.

use std::thread;

use firstpass_device::{Leases, Link, LinkError};
use firstpass_domain::evidence::LinkFault;
use virtual_unit::{Fault, Straps, Unit};

use crate::relay::{Relay, Spoil};
use crate::slot::{DeafFixture, Slot, content, quiet, region};

const BAUDS: [u32; 3] = [921_600, 460_800, 115_200];

fn connect_by(relay: &Relay, slot: &Slot) -> Result<Link, LinkError> {
    let lease = Leases::new().try_acquire(&relay.port()).unwrap();
    Link::connect(lease, slot.fixture(), &BAUDS, &slot.token)
}

#[test]
fn a_cable_that_garbles_above_a_rate_is_used_at_that_rate_from_the_beginning() {
    let slot = Slot::new([]);
    let spoil: Spoil = |baud, _, piece| {
        if baud > 460_800 {
            piece.iter_mut().for_each(|byte| *byte ^= 0x55);
        }
    };
    let relay = Relay::start(&slot.port(), slot.folder(), spoil);
    let mut link = connect_by(&relay, &slot).unwrap();
    assert_eq!((link.baud(), link.reduced()), (460_800, Some((921_600, 460_800))));
    assert_eq!(link.read_mac().unwrap().to_string(), "02:00:00:00:00:2a");
}

#[test]
fn a_unit_that_bears_no_more_than_a_rate_is_identified_and_written_at_it() {
    let slot = Slot::new([Fault::MaxBaud { baud: 115_200 }]);
    let mut link = Link::connect(slot.lease(), slot.fixture(), &BAUDS, &slot.token).unwrap();
    assert_eq!(link.reduced(), Some((921_600, 115_200)));
    assert_eq!(link.identify().unwrap().flash_id, Some([0xc8, 0x40, 0x16]));
    assert!(link.write(&[region("app", 0x1_0000, &content(20_000))], &mut quiet).unwrap()[0].md5_matches);
}

#[test]
fn a_cable_that_holds_keeps_the_first_rate() {
    let slot = Slot::new([]);
    let relay = Relay::start(&slot.port(), slot.folder(), |_, _, _| {});
    let mut link = connect_by(&relay, &slot).unwrap();
    let regions = [region("app", 0x1_0000, &content(60_000))];
    assert!(link.write(&regions, &mut quiet).unwrap()[0].md5_matches);
    assert_eq!((link.baud(), link.reduced(), link.moved()), (921_600, None, None));
}

#[test]
fn a_region_is_written_again_from_its_start_when_bytes_are_damaged_or_lost_on_the_way() {
    let slot = Slot::new([]);
    let spoil: Spoil = |baud, passed, piece| match baud {
        921_600 if passed > 50_000 => piece.iter_mut().step_by(100).for_each(|byte| *byte ^= 0x10),
        460_800 if passed > 50_000 => drop(piece.pop()),
        _ => {}
    };
    let relay = Relay::start(&slot.port(), slot.folder(), spoil);
    let mut link = connect_by(&relay, &slot).unwrap();
    let mut restarts = 0;
    let mut progress = |name: &str, written: u32, _: u32| restarts += u32::from(name == "app" && written == 0);
    let regions = [region("bootloader", 0, &content(20_000)), region("app", 0x1_0000, &content(120_000))];
    let digests = link.write(&regions, &mut progress).unwrap();
    assert!(digests.len() == 2 && digests.iter().all(|digest| digest.md5_matches));
    assert_eq!(link.reduced(), Some((921_600, 115_200)));
    // Once more at each of the two rates that fail.
    assert_eq!(restarts, 5);
    assert_eq!(link.read(0x1_0000, 120_000).unwrap(), content(120_000));
}

#[test]
fn a_cable_that_garbles_at_every_rate_ends_in_an_error() {
    let slot = Slot::new([]);
    let spoil: Spoil = |_, passed, piece| {
        if passed > 30_000 {
            piece.iter_mut().step_by(50).for_each(|byte| *byte ^= 0x10);
        }
    };
    let relay = Relay::start(&slot.port(), slot.folder(), spoil);
    let mut link = connect_by(&relay, &slot).unwrap();
    let err = link.write(&[region("app", 0x1_0000, &content(120_000))], &mut quiet).unwrap_err();
    assert!(err.fault().is_some(), "{}", err.detail());
    assert_eq!(link.reduced(), Some((921_600, 115_200)));
}

#[test]
fn a_cable_that_swallows_everything_from_some_byte_on_is_no_answer() {
    let slot = Slot::new([]);
    let spoil: Spoil = |_, passed, piece| {
        if passed > 30_000 {
            piece.clear();
        }
    };
    let relay = Relay::start(&slot.port(), slot.folder(), spoil);
    let mut link = connect_by(&relay, &slot).unwrap();
    let err = link.write(&[region("app", 0x1_0000, &content(120_000))], &mut quiet).unwrap_err();
    assert_eq!(err.fault(), Some(LinkFault::NoAnswer), "{}", err.detail());
}

#[test]
fn one_lost_acknowledgement_costs_neither_the_rate_nor_the_unit() {
    let slot = Slot::new([Fault::DropAck { nth: 2 }]);
    let mut link = Link::connect(slot.lease(), slot.fixture(), &BAUDS, &slot.token).unwrap();
    assert!(link.write(&[region("app", 0x1_0000, &content(90_000))], &mut quiet).unwrap()[0].md5_matches);
    assert_eq!(link.reduced(), None);
}

/// Waits until the unit's terminal has vanished.
fn wait_for_loss(unit: &Unit) {
    while unit.status().port.is_some() {
        thread::yield_now();
    }
}

#[test]
fn a_port_that_comes_back_where_its_link_leads_is_followed_and_the_write_goes_on() {
    let slot = Slot::new([Fault::Vanish { bytes: 50_000 }]);
    let mut link = Link::connect(slot.lease(), slot.fixture(), &BAUDS, &slot.token).unwrap();
    let before = slot.port().canonical();
    let regions = [region("app", 0x1_0000, &content(120_000))];
    let digests = thread::scope(|scope| {
        scope.spawn(|| {
            wait_for_loss(&slot.unit);
            slot.unit.power_on().unwrap();
        });
        link.write(&regions, &mut quiet).unwrap()
    });
    assert!(digests[0].md5_matches);
    let after = slot.port().canonical();
    let moved = (before != after).then(|| (before.display().to_string(), after.display().to_string()));
    assert_eq!((link.moved(), link.reduced()), (moved, None));
}

#[test]
fn another_unit_behind_the_port_that_came_back_is_not_written_to() {
    let slot = Slot::new([Fault::Vanish { bytes: 50_000 }]);
    let fixture = DeafFixture::listen(slot.folder());
    let mut link = Link::connect(slot.lease(), fixture.fixture(), &BAUDS, &slot.token).unwrap();
    let other = slot.folder().join("other.bin");
    let err = thread::scope(|scope| {
        let replaced = scope.spawn(|| {
            wait_for_loss(&slot.unit);
            let mut options = slot.options();
            (options.flash, options.mac) = (other.clone(), "02:00:00:00:00:2b".parse().unwrap());
            let unit = Unit::start(options, Straps::Download).unwrap();
            unit.release().unwrap();
            unit
        });
        let err = link.write(&[region("app", 0x1_0000, &content(120_000))], &mut quiet).unwrap_err();
        replaced.join().unwrap().end();
        err
    });
    assert_eq!(err.fault(), Some(LinkFault::OtherUnit), "{}", err.detail());
    assert!(std::fs::read(other).unwrap().iter().all(|byte| *byte == 0xff));
}
