//! The chip against packets that no tool would send, and its faults acknowledgement by acknowledgement.

use proptest::collection::vec;
use proptest::prelude::*;

use super::{Chip, Output, Stage, slip};
use crate::{Fault, Faults, Flash, FlashSize, Mac};

fn chip(dir: &tempfile::TempDir, faults: Faults) -> Chip {
    let flash = Flash::open(&dir.path().join("flash.bin"), FlashSize::Mb2).expect("a flash file");
    Chip::new(Mac([2, 0, 0, 0, 0, 1]), flash, faults)
}

fn request(opcode: u8, data: &[u8]) -> Vec<u8> {
    let sum = data.get(16..).unwrap_or_default().iter().fold(0xef, |sum, byte| sum ^ byte);
    let mut packet = vec![0, opcode];
    packet.extend(u16::try_from(data.len()).expect("short data").to_le_bytes());
    packet.extend([sum, 0, 0, 0]);
    packet.extend(data);
    slip::encode(&packet)
}

fn words(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

/// A block of 16 bytes, after the begin of an upload.
fn block(chip: &mut Chip, sequence: u32) -> Vec<Output> {
    let data = [words(&[16, sequence, 0, 0]), vec![0x5a; 16]].concat();
    chip.receive(&request(0x03, &data))
}

/// One block is acknowledged as ever, the second suffers, the third is acknowledged again.
fn second_of_three(fault: Fault) -> [Vec<Output>; 3] {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let mut chip = chip(&dir, Faults::new([fault]));
    assert_eq!(chip.receive(&request(0x02, &words(&[48, 3, 16, 0, 0]))).len(), 1);
    [0, 1, 2].map(|sequence| block(&mut chip, sequence))
}

fn acknowledgement() -> Vec<Output> {
    vec![Output::Bytes(slip::encode(&[1, 3, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0]))]
}

#[test]
fn a_dropped_acknowledgement_is_dropped_once() {
    let heard = second_of_three(Fault::DropAck { nth: 2 });
    assert_eq!(heard, [acknowledgement(), Vec::new(), acknowledgement()]);
}

#[test]
fn a_corrupted_acknowledgement_is_corrupted_once() {
    let [first, second, third] = second_of_three(Fault::CorruptAck { nth: 2 });
    assert_eq!([&first, &third], [&acknowledgement(), &acknowledgement()]);
    assert!(second.len() == 1 && second != acknowledgement());
}

#[test]
fn a_vanishing_unit_does_not_acknowledge_its_last_block() {
    let heard = second_of_three(Fault::Vanish { bytes: 32 });
    assert_eq!(heard[..2], [acknowledgement(), vec![Output::Vanish]]);
}

#[test]
fn user_code_that_is_no_stub_leaves_the_loader_for_good() {
    let dir = tempfile::tempdir().unwrap();
    let mut chip = chip(&dir, Faults::default());
    let outputs = chip.receive(&request(0x06, &words(&[0, 0x4038_0000])));
    assert!(
        outputs.iter().any(|output| matches!(output, Output::Bytes(bytes) if bytes.starts_with(b"user code done")))
    );
    assert_eq!(chip.stage(), Stage::Left);
    assert_eq!(chip.receive(&request(0x08, &[0x55; 36])), []);
}

fn arbitrary_request() -> impl Strategy<Value = Vec<u8>> {
    let opcode = prop_oneof![2..=0x14_u8, 0xd0..=0xd3_u8, any::<u8>()];
    let word = prop_oneof![0..64_u32, (0..0x200_u32).prop_map(|sector| sector << 12), any::<u32>()];
    let data = prop_oneof![vec(word, 0..8).prop_map(|numbers| words(&numbers)), vec(any::<u8>(), 0..64)];
    (opcode, data).prop_map(|(opcode, data)| request(opcode, &data))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_chip_survives_any_request_in_rom_and_stub(requests in vec(arbitrary_request(), 1..40), stub in any::<bool>()) {
        let dir = tempfile::tempdir().unwrap();
        let mut chip = chip(&dir, Faults::default());
        if stub {
            chip.stage = Stage::Stub;
        }
        for request in requests {
            chip.receive(&request);
            let blocks = std::iter::from_fn(|| chip.next_block()).take(8).count();
            prop_assert!(blocks <= 8);
        }
    }
}
