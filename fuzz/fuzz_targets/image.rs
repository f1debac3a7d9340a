//! App images: any file is inspected, checked and patched; one that is made sound first gets past the checksums, and what
//! is patched or prepared from it is sound and the same.
#![no_main]

use firstpass_device::image::{self, Placeholder};
use firstpass_domain::{Chip, Sha256Digest};

const PLACEHOLDER: &[u8] = b"@@CODE@@";
const CODE: &[u8] = b"k7Zq";
const SPACE: u32 = 1024 * 1024;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let mut file = bytes.to_vec();
    take(&file);
    make_sound(&mut file);
    take(&file);
});

fn take(file: &[u8]) {
    let _ = image::inspect(file);
    let _ = image::check_app(file, Chip::Esp32c3, SPACE);
    let _ = image::check_bootloader(file, Chip::Esp32, SPACE);
    let patched = image::patch(file, PLACEHOLDER, CODE);
    let prepared = Placeholder::prepare(file, PLACEHOLDER).and_then(|placeholder| placeholder.patch(CODE));
    match (patched, prepared) {
        (Ok(patched), Ok(own)) => {
            assert!(image::inspect(&patched).is_ok_and(|report| report.is_sound()));
            assert_eq!(own.image.sha256(), Sha256Digest::of(&patched));
        }
        (Err(first), Err(second)) => assert_eq!(first, second),
        (first, second) => panic!("{first:?} and {second:?}"),
    }
}

fn make_sound(file: &mut [u8]) {
    let Ok(report) = image::inspect(file) else { return };
    file[report.checksum.offset as usize] = report.checksum.computed;
    let Some(hash) = image::inspect(file).ok().and_then(|report| report.sha256) else { return };
    let at = hash.offset as usize;
    file[at..at + 32].copy_from_slice(hash.computed.bytes());
}
