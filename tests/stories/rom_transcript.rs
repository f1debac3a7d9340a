//! The virtual unit's loader against the ROM of a real ESP32-C3, answer by answer: one and the same session of packets,
//! sound and broken, is played to both.
//!
//! What the ROM answers is on record in `rom_transcript/esp32c3.txt`, so that the virtual unit is held to it on every
//! machine. Where Espressif's emulator is on the PATH, which runs the real ROM, the record itself is held to that; with
//! `FIRSTPASS_WRITE_TRANSCRIPT=1` the record is written anew there.

mod bench;
mod dialogue;
mod record;
mod session;

use std::{collections::BTreeSet, fs, path::PathBuf};

use tests::repository;

use self::{
    bench::{Emulator, UnitBench},
    dialogue::play,
    record::{Record, first_difference},
    session::sessions,
};

const WRITE: &str = "FIRSTPASS_WRITE_TRANSCRIPT";

/// Steps in which the ROM goes by memory or registers that nobody has set, so that silicon may do otherwise. The virtual
/// unit does what the emulator showed.
const UNSET: [(&str, &str); 9] = [
    ("too short for a header", "reads RAM, which the emulator clears at power-on and a chip does not"),
    ("header without data", "reads such RAM"),
    ("a deflated block", "the account of deflated uploads lies in such RAM"),
    ("the end of a deflated upload, stay", "the same account"),
    ("a block of 16 bytes", "the account of other uploads lies on the stack, on what the ROM's start leaves there"),
    ("a block of 8 bytes", "the same account"),
    ("mem_end at nothing", "after user code the ROM returns to where a register points since the reset"),
    ("flash_end, stay", "the same"),
    ("flash_end, incomplete, reboot", "the same"),
];

fn golden() -> PathBuf {
    repository().join("tests/stories/rom_transcript/esp32c3.txt")
}

#[test]
fn the_virtual_unit_answers_as_the_real_rom_did() {
    let golden = Record::parse(&fs::read_to_string(golden()).unwrap());
    for session in sessions() {
        let expected = golden.session(session.name).unwrap_or_else(|| panic!("{} is not on record", session.name));
        let heard = play(&session, &mut UnitBench::start(&session), Some(expected));
        assert_eq!(first_difference(expected, &heard), None, "session: {}", session.name);
    }
}

#[test]
fn the_record_is_what_the_rom_in_the_emulator_answers() {
    if let Err(reason) = Emulator::is_here() {
        eprintln!("skipped: {reason}; docs/emulator.md says where to get it");
        return;
    }
    let expected = Record::parse(&fs::read_to_string(golden()).unwrap_or_default());
    let writing = std::env::var_os(WRITE).is_some();
    let mut record = Record::default();
    for session in sessions() {
        let expected = expected.session(session.name).filter(|_| !writing);
        let heard = play(&session, &mut Emulator::start(&session), expected);
        if !writing {
            let expected = expected.unwrap_or_else(|| panic!("{} is not on record: run with {WRITE}=1", session.name));
            assert_eq!(first_difference(expected, &heard), None, "session: {}", session.name);
        }
        record.add(session.name, heard);
    }
    if writing {
        fs::write(golden(), record.to_string()).unwrap();
    }
}

#[test]
fn the_record_has_each_session_and_nothing_else() {
    let record = Record::parse(&fs::read_to_string(golden()).unwrap());
    let wanted: BTreeSet<&str> = sessions().iter().map(|session| session.name).collect();
    assert_eq!(record.names().collect::<BTreeSet<_>>(), wanted);
    let steps: BTreeSet<&str> = sessions().iter().flat_map(|session| session.names()).collect();
    for (step, why) in UNSET {
        assert!(steps.contains(step) && !why.is_empty(), "no session has the step: {step}");
    }
}
