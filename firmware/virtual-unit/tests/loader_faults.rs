//! Each fault of the loader, through the port, by the protocol of the ROM.

mod support;

use std::io::Read;

use serialport::SerialPort;
use support::Bench;
use support::loader::{ask, read, register, words, write};
use virtual_unit::{Fault, Mac, Straps};

const EFUSE: u32 = 0x6000_8800;
const GET_SECURITY_INFO: u8 = 0x14;
const READ_REG: u8 = 0x0a;
const CHANGE_BAUD: u8 = 0x0f;

/// A port on which the unit's banner has been read.
fn connected(bench: &Bench) -> serialport::TTYPort {
    let mut port = bench.open();
    bench.reset(Straps::Download);
    support::read_lines(&mut port, 4);
    port
}

#[test]
fn burned_security_is_told_and_shows_in_the_fuses() {
    let cases = [(Fault::SecureBoot, [1, 0, 9], 0x38, 1 << 20), (Fault::FlashEncryption, [0, 7, 4], 0x34, 7 << 18)];
    for (fault, [flags, count, purpose], word, bits) in cases {
        let bench = Bench::faulty(fault);
        let mut port = connected(&bench);
        let info = ask(&mut port, GET_SECURITY_INFO, &[]).unwrap();
        assert!(info.ok);
        assert_eq!([info.data[0], info.data[4], info.data[5]], [flags, count, purpose]);
        assert_eq!(register(&mut port, EFUSE + word) & bits, bits);
    }
}

#[test]
fn secure_download_mode_says_so_and_refuses_registers_and_reads() {
    let bench = Bench::faulty(Fault::SecureDownload);
    let mut port = connected(&bench);
    assert_eq!(ask(&mut port, GET_SECURITY_INFO, &[]).unwrap().data[0], 1 << 2);
    assert!(!ask(&mut port, READ_REG, &words(&[0x4000_1000])).unwrap().ok);
    assert!(!ask(&mut port, 0x05, &words(&[8192, 1, 8192, 0x4038_0000])).unwrap().ok, "no upload to RAM");
    assert!(write(&mut port, 0x1000, &[0x12; 16]).unwrap().ok, "but flash can be written");
}

#[test]
fn an_old_chip_has_an_old_revision() {
    let minor = |bench: &Bench| register(&mut connected(bench), EFUSE + 0x44 + 0x0c) >> 18 & 7;
    assert_eq!((minor(&Bench::new()), minor(&Bench::faulty(Fault::OldRevision))), (3, 1));
}

#[test]
fn a_silent_flash_has_the_id_ff_ff_ff_and_reads_as_erased() {
    let bench = Bench::new();
    bench.flash().write(0, &[0; 64]).unwrap();
    bench.unit.faults().set(Fault::FlashSilent);
    let mut port = connected(&bench);
    for (address, value) in [(0x6000_2028, 23), (0x6000_2020, 0x7000_009f), (0x6000_2000, 1 << 18)] {
        assert!(ask(&mut port, 0x09, &words(&[address, value, u32::MAX, 0])).unwrap().ok);
    }
    assert_eq!(register(&mut port, 0x6000_2058), 0xff_ffff);
    assert_eq!(read(&mut port, 0), [0xff; 64]);
    assert!(!write(&mut port, 0x1000, &[1, 0, 0, 0]).unwrap().ok);
}

#[test]
fn from_the_next_reset_on_another_unit_answers() {
    let bench = Bench::new();
    let mut port = connected(&bench);
    let other = Mac([2, 0, 0, 0, 0x0f, 0xfe]);
    bench.unit.faults().set(Fault::OtherMac { mac: other });
    assert_eq!(register(&mut port, EFUSE + 0x44), 0x0000_0001, "it is still the first one");
    drop(port);
    assert_eq!(register(&mut connected(&bench), EFUSE + 0x44), 0x0000_0ffe);
}

#[test]
fn above_its_rate_a_link_garbles_both_ways_until_the_next_reset() {
    for (limit, baud, answers) in [(460_800, 460_800, true), (460_800, 921_600, false)] {
        let bench = Bench::faulty(Fault::MaxBaud { baud: limit });
        let mut port = connected(&bench);
        assert!(ask(&mut port, CHANGE_BAUD, &words(&[baud, 0])).unwrap().ok);
        port.set_baud_rate(baud).unwrap();
        assert_eq!(ask(&mut port, READ_REG, &words(&[0x4000_1000])).is_some(), answers, "{baud}");
        drop(port);
        assert_eq!(register(&mut connected(&bench), 0x4000_1000), 0x1b31_506f);
    }
}

#[test]
fn a_mute_loader_prints_its_banner_and_answers_nothing() {
    let bench = Bench::faulty(Fault::LoaderMute);
    assert_eq!(ask(&mut connected(&bench), GET_SECURITY_INFO, &[]), None);
}

#[test]
fn a_renumbered_terminal_is_another_one_behind_the_same_link() {
    let bench = Bench::faulty(Fault::Renumber { bytes: 32 });
    let mut port = connected(&bench);
    let before = std::fs::read_link(bench.link()).unwrap();
    assert!(write(&mut port, 0x1000, &[0x12; 16]).unwrap().ok);
    assert_eq!(write(&mut port, 0x2000, &[0x12; 16]), None);
    assert!(port.read(&mut [0; 16]).is_err(), "the old terminal is gone");
    let after = std::fs::read_link(bench.link()).unwrap();
    assert_ne!(before, after);
    assert_eq!(bench.unit.status().port, Some(after));
    assert_eq!(read(&mut connected(&bench), 0x2000)[..16], [0x12; 16], "what was written stands");
}

#[test]
fn a_worn_byte_keeps_its_value_whatever_is_written() {
    let bench = Bench::faulty(Fault::WornFlash { offset: 0x1003 });
    let mut port = connected(&bench);
    for byte in [0x00, 0xff, 0x5a] {
        assert!(!write(&mut port, 0x1000, &[byte; 16]).unwrap().ok, "the ROM reads back what it wrote");
        let cells = read(&mut port, 0x1000);
        assert_eq!((cells[2], cells[4]), (byte, byte));
        assert_eq!(cells[3], 0xa5);
    }
}

#[test]
fn jitter_delays_answers_and_loses_none() {
    let bench = Bench::faulty(Fault::Jitter { ms: 30 });
    let mut port = connected(&bench);
    for sector in 1..12 {
        assert!(write(&mut port, sector * 0x1000, &[0x12; 16]).unwrap().ok, "{sector}");
    }
}

#[test]
fn every_kind_of_fault_can_be_on_at_once_and_the_unit_lives() {
    let bench = Bench::new();
    for form in Fault::FORMS {
        let text = form.field.iter().fold(form.dashed(), |text, (_, example)| format!("{text}={example}"));
        bench.unit.faults().set(text.parse().unwrap());
    }
    bench.reset(Straps::Run);
    bench.reset(Straps::Download);
    assert_eq!(bench.unit.status().faults.len(), Fault::FORMS.len());
    bench.unit.faults().clear();
    assert_eq!(register(&mut connected(&bench), 0x4000_1000), 0x1b31_506f);
}
