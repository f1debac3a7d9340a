use super::tests::{SPACE, app, seal};
use super::*;

const PLACEHOLDER: &[u8] = b"@@FIRSTPASS-AUTH-CODE-PLACEHOLDER-FOR-ONE-UNIT@@";
const CODE: &[u8] = b"k7Zq-one-time-code_0123456789abcdef";
/// First byte of the segment's data.
const DATA: usize = HEADER_LEN + 8;

/// An image with `text` at `offsets` of its only segment.
fn with(text: &[u8], offsets: &[usize]) -> Vec<u8> {
    let mut image = app(5);
    for at in offsets {
        image[DATA + at..DATA + at + text.len()].copy_from_slice(text);
    }
    image.truncate(DATA + 512);
    seal(image)
}

fn error(image: &[u8], placeholder: &[u8], value: &[u8]) -> PatchError {
    let error = patch(image, placeholder, value).unwrap_err();
    if !matches!(error, PatchError::NoValue | PatchError::ValueTooLong { .. } | PatchError::ValueWithNul { .. }) {
        assert_eq!(Placeholder::prepare(image, placeholder).unwrap_err(), error);
    }
    error
}

#[test]
fn a_code_takes_the_place_of_the_placeholder_and_the_image_is_sound_again() {
    let image = with(PLACEHOLDER, &[300]);
    let patched = patch(&image, PLACEHOLDER, CODE).unwrap();
    assert_eq!(patched.len(), image.len());
    let hole = &patched[DATA + 300..DATA + 300 + PLACEHOLDER.len()];
    assert_eq!(hole, [CODE, &[0; 13]].concat());
    assert!(inspect(&patched).unwrap().is_sound());
    assert!(check_app(&patched, Chip::Esp32c3, SPACE).is_ok());
}

#[test]
fn a_code_as_long_as_the_placeholder_fills_it() {
    let value = [b'x'; PLACEHOLDER.len()];
    let patched = patch(&with(PLACEHOLDER, &[300]), PLACEHOLDER, &value).unwrap();
    assert!(patched.windows(value.len()).any(|text| text == value));
}

#[test]
fn a_placeholder_that_is_missing_or_stands_there_twice_is_refused() {
    assert_eq!(error(&app(5), PLACEHOLDER, CODE), PatchError::NotFound);
    let twice = error(&with(PLACEHOLDER, &[300, 400]), PLACEHOLDER, CODE);
    assert_eq!(twice, PatchError::Ambiguous { first: 332, second: 432 });
    // Overlapping places are two places.
    assert!(matches!(error(&with(b"ababa", &[300]), b"aba", b"x"), PatchError::Ambiguous { .. }));
}

#[test]
fn a_placeholder_behind_the_segments_is_none() {
    let mut image = app(5);
    image.extend(PLACEHOLDER);
    assert_eq!(error(&image, PLACEHOLDER, CODE), PatchError::NotFound);
}

#[test]
fn a_value_that_does_not_fit_is_refused() {
    let image = with(PLACEHOLDER, &[300]);
    assert_eq!(error(&image, b"", CODE), PatchError::NoPlaceholder);
    assert_eq!(error(&image, &[7; 4097], CODE), PatchError::PlaceholderTooLong { len: 4097, max: 4096 });
    assert_eq!(error(&image, PLACEHOLDER, b""), PatchError::NoValue);
    assert_eq!(error(&image, PLACEHOLDER, &[b'x'; 49]), PatchError::ValueTooLong { len: 49, max: 48 });
    assert_eq!(error(&image, PLACEHOLDER, b"a\0b"), PatchError::ValueWithNul { at: 1 });
}

#[test]
fn a_part_of_a_text_is_told_from_the_whole() {
    let image = with(&[b"\0", PLACEHOLDER, b"\0"].concat(), &[299]);
    assert_eq!(check_whole_text(&image, PLACEHOLDER), Ok(()));
    let part = |begins_earlier, at| Err(PatchError::PartOfText { at, begins_earlier });
    let len = PLACEHOLDER.len();
    assert_eq!(check_whole_text(&image, &PLACEHOLDER[..len - 1]), part(false, 332));
    assert_eq!(check_whole_text(&image, &PLACEHOLDER[2..]), part(true, 334));
}

#[test]
fn a_damaged_image_is_not_made_sound_by_a_patch() {
    let mut image = with(PLACEHOLDER, &[300]);
    image[DATA + 200] ^= 1;
    assert!(matches!(error(&image, PLACEHOLDER, CODE), PatchError::Image(ImageError::Checksum { .. })));
    let mut image = with(PLACEHOLDER, &[300]);
    *image.last_mut().unwrap() ^= 1;
    assert!(matches!(error(&image, PLACEHOLDER, CODE), PatchError::Image(ImageError::Hash { .. })));
}

#[test]
fn an_image_without_hash_is_refused() {
    let mut image = with(PLACEHOLDER, &[300]);
    image[AT_HASH_APPENDED] = 0;
    assert_eq!(error(&image, PLACEHOLDER, CODE), PatchError::Image(ImageError::NoHash));
}

#[test]
fn a_signed_image_is_refused_with_its_scheme() {
    let image = with(PLACEHOLDER, &[300]);
    let v1 = [image.as_slice(), &[0; 4], &[0xa7; 64]].concat();
    let at = u32::try_from(image.len()).unwrap();
    assert_eq!(error(&v1, PLACEHOLDER, CODE), PatchError::Signed { signature: Signature::V1 { offset: at } });
    for (version, signature) in
        [(2, Signature::V2Rsa { offset: 4096, blocks: 2 }), (3, Signature::V2Ecdsa { offset: 4096, blocks: 2 })]
    {
        let mut v2 = image.clone();
        v2.resize(8192, 0xff);
        v2[4096..4098].copy_from_slice(&[0xe7, version]);
        v2[4096 + 1216..4098 + 1216].copy_from_slice(&[0xe7, version]);
        assert_eq!(error(&v2, PLACEHOLDER, CODE), PatchError::Signed { signature });
    }
}

#[test]
fn padding_behind_an_image_is_no_signature() {
    for padding in [vec![0; 68], vec![0xff; 8192], vec![0xe7; 10]] {
        let image = [with(PLACEHOLDER, &[300]), padding.clone()].concat();
        assert_eq!(inspect(&image).unwrap().signature, None);
        let patched = patch(&image, PLACEHOLDER, CODE).unwrap();
        assert!(patched.ends_with(&padding));
    }
}

#[test]
fn an_encrypted_image_is_told_from_a_file_that_is_none() {
    let noise: Vec<u8> = (0..128_u32).flat_map(|n| Sha256Digest::of(&n.to_le_bytes()).bytes().to_vec()).collect();
    assert_eq!(noise.len(), 4096);
    assert_eq!(error(&noise, PLACEHOLDER, CODE), PatchError::Encrypted);
    let text = b"CONFIG_IOTMER_PROVISION_AUTH_CODE=\n".repeat(200);
    assert!(matches!(error(&text, PLACEHOLDER, CODE), PatchError::Image(ImageError::NoImage { .. })));
}

#[test]
fn a_prepared_image_is_written_as_the_patched_one() {
    for (text, at, code) in
        [(PLACEHOLDER, 300, CODE), (PLACEHOLDER, 0, b"z"), (PLACEHOLDER, 464, CODE), (b"#", 511, b"q")]
    {
        let mut image = app(5);
        image[DATA + at..DATA + at + text.len()].copy_from_slice(text);
        image.truncate(DATA + 512);
        let mut image = seal(image);
        for padding in [0, 1, 70_001] {
            image.extend(vec![0xa5; padding]);
            let patched = patch(&image, text, code).unwrap();
            let own = Placeholder::prepare(&image, text).unwrap().patch(code).unwrap();
            assert_eq!(own.image.sha256(), Sha256Digest::of(&patched));
            assert_eq!(own.image.content(), patched, "at {at}, {padding} behind");
            assert_eq!(own.image.md5(), crate::PreparedImage::new(&patched).md5());
            let hash = inspect(&patched).unwrap().sha256.unwrap();
            assert_eq!(own.app_sha256, hash.stored);
        }
    }
}

proptest::proptest! {
    #![proptest_config(proptest::test_runner::Config { cases: 24, max_shrink_iters: 200, ..Default::default() })]

    #[test]
    fn any_image_is_prepared_as_it_is_patched(
        mut data in proptest::collection::vec(0_u8..4, 64..40_000),
        at in 0_usize..40_000,
        code in proptest::collection::vec(1_u8.., 1..48),
    ) {
        let at = at % (data.len() - PLACEHOLDER.len());
        data[at..at + PLACEHOLDER.len()].copy_from_slice(PLACEHOLDER);
        let mut image = app(5)[..HEADER_LEN].to_vec();
        image.extend([0; 4]);
        image.extend(u32::try_from(data.len()).unwrap().to_le_bytes());
        image.extend(data);
        let image = seal(image);
        let patched = patch(&image, PLACEHOLDER, &code).unwrap();
        let own = Placeholder::prepare(&image, PLACEHOLDER).unwrap().patch(&code).unwrap();
        proptest::prop_assert_eq!(own.image.content(), patched);
    }
}
