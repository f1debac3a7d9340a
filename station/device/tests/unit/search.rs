//! A code is found wherever it stands in the flash, and what is known or erased is not read.

use firstpass_device::nvs::CodeSearch;
use firstpass_device::{FlashSearch, Region};
use firstpass_domain::CodeHash;

use crate::slot::{Slot, content, quiet, region};

const CODE: &str = "k7Zq-one-time-code_0123456789abcdef";
const FLASH_LEN: u64 = 4 * 1024 * 1024;

fn needle() -> CodeSearch {
    CodeSearch { hash: CodeHash::of(CODE), len: CODE.len() }
}

/// What a search comes to on a unit that holds `regions`, of which the first `known` are known.
fn searched(regions: &[Region], known: usize) -> FlashSearch {
    let slot = Slot::new([]);
    let mut link = slot.connect().unwrap();
    assert!(link.write(regions, &mut quiet).unwrap().iter().all(|digest| digest.md5_matches));
    let search = link.search(&needle(), &regions[..known]).unwrap();
    assert_eq!(search.known + search.searched, FLASH_LEN);
    search
}

/// Content with the code at `at`.
fn with_code(len: usize, at: usize) -> Vec<u8> {
    let mut bytes = content(len);
    bytes[at..at + CODE.len()].copy_from_slice(CODE.as_bytes());
    bytes
}

#[test]
fn known_content_and_erased_flash_are_not_read() {
    let known = [region("bootloader", 0, &content(20_001)), region("app", 0x1_0000, &content(300_000))];
    assert_eq!(searched(&known, 2), FlashSearch { known: FLASH_LEN, searched: 0, found_at: None });
}

#[test]
fn what_is_not_known_is_read_by_sectors() {
    let regions = [region("app", 0x1_0000, &content(70_000)), region("other", 0x20_0000, &content(5000))];
    let search = searched(&regions, 1);
    assert_eq!((search.searched, search.found_at), (0x2000, None));
}

#[test]
fn a_code_is_found_in_what_is_not_known() {
    let regions = [region("app", 0x1_0000, &content(70_000)), region("other", 0x20_0000, &with_code(9000, 4321))];
    assert_eq!(searched(&regions, 1).found_at, Some(0x20_0000 + 4321));
}

#[test]
fn a_code_is_found_across_the_borders_of_what_is_read_at_once() {
    // Pieces of 64 KiB from the beginning of the unknown range, and its last bytes.
    for at in [0, 0x1_0000 - 1, 0x1_0000 - 20, 0x2_0000 - 34, 150_000 - CODE.len()] {
        let regions = [region("other", 0x20_0000, &with_code(150_000, at))];
        assert_eq!(searched(&regions, 0).found_at, Some(0x20_0000 + u32::try_from(at).unwrap()), "at {at}");
    }
}

#[test]
fn a_code_that_begins_in_known_content_and_ends_behind_it_is_found() {
    let (begin, end) = CODE.split_at(20);
    let mut app = content(70_000);
    app.splice(69_980.., begin.bytes());
    let mut rest = vec![0xff; 300];
    rest.splice(..end.len(), end.bytes());
    // The known region ends within a word; the rest stands in the same word, so both are written as one.
    let both = [app.as_slice(), &rest].concat();
    let slot = Slot::new([]);
    let mut link = slot.connect().unwrap();
    link.write(&[region("both", 0x1_0000, &both)], &mut quiet).unwrap();
    let search = link.search(&needle(), &[region("app", 0x1_0000, &app)]).unwrap();
    assert_eq!(search.found_at, Some(0x1_0000 + 69_980));
    assert_eq!(search.known + search.searched, FLASH_LEN);
}

#[test]
fn a_region_that_changed_is_no_longer_known() {
    let slot = Slot::new([]);
    let mut link = slot.connect().unwrap();
    link.write(&[region("app", 0x1_0000, &with_code(70_000, 30_000))], &mut quiet).unwrap();
    let search = link.search(&needle(), &[region("app", 0x1_0000, &content(70_000))]).unwrap();
    assert_eq!(search.found_at, Some(0x1_0000 + 30_000));
}

#[test]
fn what_was_made_for_the_unit_is_searched_even_if_it_is_called_known() {
    let image = std::sync::Arc::new(firstpass_device::PreparedImage::personal(&with_code(9000, 100)));
    let own = [Region { name: "app".into(), offset: 0x1_0000, image }];
    assert_eq!(searched(&own, 1).found_at, Some(0x1_0000 + 100));
}
