use sha2::{Digest, Sha256};

use super::*;

pub(super) const SPACE: u32 = 0x10_0000;

/// An image of one segment that begins with a description, checksum and hash in place.
pub(super) fn app(chip_id: u16) -> Vec<u8> {
    let mut data = vec![0x11; 512];
    data[..4].copy_from_slice(&0xabcd_5432_u32.to_le_bytes());
    data[16..22].copy_from_slice(b"1.2.3\0");
    data[48..53].copy_from_slice(b"lamp\0");
    let mut image = vec![0; HEADER_LEN];
    image[0] = MAGIC;
    image[AT_SEGMENT_COUNT] = 1;
    image[AT_CHIP_ID..AT_CHIP_ID + 2].copy_from_slice(&chip_id.to_le_bytes());
    image[AT_MIN_REVISION] = 3;
    image[AT_HASH_APPENDED] = 1;
    image.extend(0x3c00_0020_u32.to_le_bytes());
    image.extend(512_u32.to_le_bytes());
    image.extend(&data);
    seal(image)
}

/// Appends checksum and hash to header and segment.
pub(super) fn seal(mut image: Vec<u8>) -> Vec<u8> {
    let sum = image[HEADER_LEN + 8..].iter().fold(0xef, |sum, byte| sum ^ byte);
    image.resize((image.len() + 1).next_multiple_of(16), 0);
    *image.last_mut().unwrap() = sum;
    let digest = Sha256::digest(&image);
    image.extend(digest);
    image
}

#[test]
fn a_good_app_says_what_it_is() {
    let image = app(5);
    let info = check_app(&image, Chip::Esp32c3, SPACE).unwrap();
    assert_eq!((info.version.as_str(), info.project.as_str()), ("1.2.3", "lamp"));
    assert_eq!(info.min_revision.to_string(), "v0.3");
    assert_eq!(info.sha256.bytes()[..], image[image.len() - 32..]);
    assert_eq!(info.len as usize, image.len());
}

#[test]
fn an_app_for_another_chip_is_refused_by_name() {
    let err = check_app(&app(9), Chip::Esp32c3, SPACE).unwrap_err();
    assert_eq!(err.to_string(), "the image is for esp32s3, not for esp32c3 (chip id at offset 0xc)");
}

#[test]
fn an_app_cut_short_anywhere_is_refused() {
    let image = app(5);
    for len in 1..image.len() {
        let err = check_app(&image[..len], Chip::Esp32c3, SPACE).unwrap_err();
        assert!(matches!(err, ImageError::CutShort { .. }), "{len}: {err}");
    }
    assert!(matches!(check_app(&[], Chip::Esp32c3, SPACE), Err(ImageError::NoImage { first: None })));
}

#[test]
fn a_flipped_byte_anywhere_is_refused() {
    let image = app(5);
    for at in 0..image.len() {
        let mut damaged = image.clone();
        damaged[at] ^= 0x40;
        assert!(check_app(&damaged, Chip::Esp32c3, SPACE).is_err(), "byte {at}");
    }
}

#[test]
fn an_app_larger_than_its_partition_is_refused() {
    let err = check_app(&app(5), Chip::Esp32c3, 0x200).unwrap_err();
    assert!(matches!(err, ImageError::TooLarge { space: 0x200, .. }), "{err}");
    assert!(err.remedy().starts_with("Make the partition larger"));
}

#[test]
fn a_boot_loader_needs_no_description() {
    let mut image = app(5);
    image[32] ^= 0xff;
    image.truncate(HEADER_LEN + 8 + 512);
    let image = seal(image);
    assert_eq!(check_bootloader(&image, Chip::Esp32c3, 0x8000), Ok(()));
    assert_eq!(check_app(&image, Chip::Esp32c3, SPACE), Err(ImageError::NoDescription));
}

#[test]
fn a_report_says_what_stands_in_the_image_and_whether_it_is_true() {
    let mut image = app(9);
    image[36..40].copy_from_slice(&7_u32.to_le_bytes());
    image[32 + 80..32 + 88].copy_from_slice(b"12:00:00");
    image[32 + 88] = 0;
    image[32 + 96..32 + 108].copy_from_slice(b"Jan  1 2026\0");
    image[32 + 112..32 + 117].copy_from_slice(b"v6.1\0");
    let report = inspect(&image).unwrap();
    assert_eq!((report.chip, report.chip_id), (Some(Chip::Esp32s3), 9));
    assert_eq!(report.segments, [Segment { offset: 32, address: 0x3c00_0020, len: 512 }]);
    let description = report.app.clone().unwrap();
    assert_eq!((description.idf.as_str(), description.secure_version), ("v6.1", 7));
    assert_eq!(description.built, "Jan  1 2026 12:00:00");
    assert_ne!(report.checksum.stored, report.checksum.computed);
    assert!(!report.is_sound());
    image.truncate(HEADER_LEN + 8 + 512);
    assert!(inspect(&seal(image)).unwrap().is_sound());
}

proptest::proptest! {
    #[test]
    fn any_bytes_are_checked_without_panic(mut bytes in proptest::collection::vec(0_u8.., 0..400)) {
        let _ = check_app(&bytes, Chip::Esp32, SPACE);
        bytes.splice(..0, [MAGIC, 1]);
        let _ = check_app(&bytes, Chip::Esp32, SPACE);
        let _ = inspect(&bytes);
        let _ = patch(&bytes, &[0], &[1]);
    }
}
