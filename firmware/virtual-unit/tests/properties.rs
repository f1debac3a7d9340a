//! What must hold for any input: NOR flash only loses bits until it is erased, and SLIP brings back what it was given.

use proptest::collection::vec;
use proptest::prelude::*;
use virtual_unit::slip::{Decoder, encode};
use virtual_unit::{Flash, FlashSize, flash::SECTOR};

#[derive(Clone, Debug)]
enum Operation {
    Write(u32, Vec<u8>),
    Erase(u32, u32),
}

const SECTORS: u32 = 4;

fn operation() -> impl Strategy<Value = Operation> {
    let write =
        (0..(SECTORS - 1) * SECTOR, vec(any::<u8>(), 1..600)).prop_map(|(at, bytes)| Operation::Write(at, bytes));
    let erase = (0..SECTORS, 1..=2_u32).prop_map(|(at, count)| Operation::Erase(at, count.min(SECTORS - at)));
    prop_oneof![3 => write, 1 => erase]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_write_clears_bits_and_an_erase_sets_them(operations in vec(operation(), 1..24)) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("flash.bin");
        let flash = Flash::open(&path, FlashSize::Mb2).unwrap();
        let mut model = vec![0xff; (SECTORS * SECTOR) as usize];
        for operation in operations {
            match operation {
                Operation::Write(at, bytes) => {
                    flash.write(at, &bytes).unwrap();
                    model[at as usize..].iter_mut().zip(&bytes).for_each(|(cell, byte)| *cell &= byte);
                }
                Operation::Erase(at, count) => {
                    flash.erase(at * SECTOR, count * SECTOR).unwrap();
                    model[(at * SECTOR) as usize..((at + count) * SECTOR) as usize].fill(0xff);
                }
            }
        }
        prop_assert!(flash.read_vec(0, SECTORS * SECTOR).unwrap() == model);
        drop(flash);
        let reopened = Flash::open(&path, FlashSize::Mb2).unwrap();
        prop_assert!(reopened.read_vec(0, SECTORS * SECTOR).unwrap() == model);
    }

    #[test]
    fn an_unaligned_erase_and_a_range_beyond_the_end_are_refused(at in any::<u32>(), length in any::<u32>()) {
        let dir = tempfile::tempdir().unwrap();
        let flash = Flash::open(&dir.path().join("flash.bin"), FlashSize::Mb2).unwrap();
        let inside = u64::from(at) + u64::from(length) <= u64::from(FlashSize::Mb2.bytes());
        let aligned = at % SECTOR == 0 && length % SECTOR == 0;
        prop_assert_eq!(flash.erase(at, length).is_ok(), inside && aligned);
        prop_assert_eq!(flash.read_vec(at, length).is_ok(), inside);
    }

    #[test]
    fn slip_brings_back_every_packet_through_any_noise_between_frames(
        packets in vec(vec(prop_oneof![any::<u8>(), Just(0xc0), Just(0xdb)], 1..300), 1..6),
        noise in vec(any::<u8>().prop_filter("an END is no noise", |byte| *byte != 0xc0), 0..20),
    ) {
        let mut decoder = Decoder::default();
        let mut wire = Vec::new();
        for packet in &packets {
            wire.extend(&noise);
            wire.extend(encode(packet));
        }
        let heard: Vec<_> = wire.into_iter().filter_map(|byte| decoder.push(byte)).collect();
        prop_assert_eq!(heard, packets);
    }

    #[test]
    fn slip_survives_anything(bytes in vec(prop_oneof![any::<u8>(), Just(0xc0), Just(0xdb)], 0..2000)) {
        let mut decoder = Decoder::default();
        let longest = bytes.into_iter().filter_map(|byte| decoder.push(byte)).map(|packet| packet.len()).max();
        prop_assert!(longest.unwrap_or(0) <= virtual_unit::slip::FRAME_MAX);
    }
}
