//! The made-up images: valid for our verifier and for esptool, reproducible, and as compressible as real code.

use std::io::Write;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use virtual_unit::image::{self, AppImage, ImageError, SegmentUse};

const MIB: usize = 1 << 20;

fn app(size: usize) -> Vec<u8> {
    image::app(&AppImage { size, seed: 7, version: "1.2.3".into(), project: "meter".into() })
}

fn deflated(bytes: &[u8]) -> usize {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).expect("a working bench");
    encoder.finish().expect("a working bench").len()
}

#[test]
fn an_app_image_has_the_size_asked_for_and_verifies() {
    for size in [0x2000, 0x1_0000, 3 * 0x1_0000, 0x8_1230, MIB, 3 * MIB] {
        let bytes = app(size);
        assert_eq!(bytes.len(), size);
        let found = image::inspect(&bytes);
        let verified = found.outcome.expect("a working bench");
        assert_eq!((verified.length, verified.hash_appended), (size, true));
        let description = verified.description.expect("a working bench");
        assert_eq!((description.version.as_str(), description.project.as_str()), ("1.2.3", "meter"));
        for segment in found.segments {
            let mapped = segment.usage() == SegmentUse::Map;
            assert!(!mapped || segment.offset % 0x1_0000 == segment.address as usize % 0x1_0000, "{segment:x?}");
        }
    }
}

#[test]
fn the_same_seed_makes_the_same_image() {
    assert_eq!(app(0x2_0000), app(0x2_0000));
    let other = AppImage { size: 0x2_0000, seed: 8, version: "1.2.3".into(), project: "meter".into() };
    assert_ne!(app(0x2_0000), image::app(&other));
}

#[test]
fn an_app_image_compresses_like_real_code() {
    let ratio = deflated(&app(MIB)) as f64 / MIB as f64;
    println!("1 MiB app image, zlib level 9: {ratio:.3} of its size");
    assert!((0.55..=0.65).contains(&ratio), "{ratio}");
}

#[test]
fn a_bootloader_image_is_small_and_verifies() {
    let bytes = image::bootloader(1);
    let ratio = deflated(&bytes) as f64 / bytes.len() as f64;
    println!("boot loader of {} bytes, zlib level 9: {ratio:.3} of its size", bytes.len());
    assert!((19_000..24_000).contains(&bytes.len()));
    assert_eq!(image::inspect(&bytes).outcome.expect("a working bench").entry, 0x403c_bf1a);
}

#[test]
fn a_damaged_image_is_refused_for_its_damage() {
    let good = app(0x1_0000);
    let damaged = |at: usize, with: u8| {
        let mut bytes = good.clone();
        bytes[at] ^= with;
        image::inspect(&bytes).outcome.unwrap_err()
    };
    assert_eq!(damaged(0, 0xff), ImageError::Magic(0x16));
    assert_eq!(damaged(12, 0x0c), ImageError::Chip(9));
    assert_eq!(damaged(1, 0x40), ImageError::SegmentCount(0x43));
    assert_eq!(damaged(28, 0x01), ImageError::SegmentLength(u32::from(good[28] ^ 1) | u32::from(good[29]) << 8));
    assert!(matches!(damaged(0x400, 0x20), ImageError::Checksum { .. }));
    assert_eq!(damaged(good.len() - 1, 1), ImageError::Hash);
    let cut = image::inspect(&good[..0x8000]).outcome;
    assert!(matches!(cut, Err(ImageError::Length { available: 0x8000, .. })));
}
