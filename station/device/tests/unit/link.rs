//! A good unit: who it is, and what its flash holds after a write.

use firstpass_domain::{Chip, FlashSize};

use crate::slot::{Slot, content, region};

#[test]
fn a_unit_tells_who_it_is() {
    let slot = Slot::new([]);
    let mut link = slot.connect().unwrap();
    let identity = link.identify().unwrap();
    assert_eq!(identity.chip, Some(Chip::Esp32c3));
    assert_eq!(identity.revision.unwrap().to_string(), "v0.3");
    assert_eq!(identity.flash_size, Some("4MB".parse::<FlashSize>().unwrap()));
    assert_eq!(identity.mac.to_string(), "02:00:00:00:00:2a");
    assert_eq!(identity.security, Default::default());
    assert_eq!(link.read_mac().unwrap(), identity.mac);
}

#[test]
fn what_is_written_is_hashed_and_read_back_as_it_was_meant() {
    let slot = Slot::new([]);
    let mut link = slot.connect().unwrap();
    let regions = [region("app", 0x1_0000, &content(70_001)), region("nvs", 0x9000, &[0xff; 0x6000])];
    let mut heard = Vec::new();
    let mut progress = |name: &str, written: u32, total: u32| heard.push((name.to_owned(), written, total));
    let digests = link.write(&regions, &mut progress).unwrap();
    assert!(digests.iter().all(|digest| digest.md5_matches));
    assert_eq!(heard.first(), Some(&("app".to_owned(), 0, 70_001)));
    assert_eq!(heard.last(), Some(&("nvs".to_owned(), 0x6000, 0x6000)));
    assert_eq!(link.digest(&regions).unwrap(), digests);
    assert_eq!(link.read(0x1_0000, 70_001).unwrap(), content(70_001));
    assert!(!link.digest(&[region("app", 0x1_0000, &content(70_000)[1..])]).unwrap()[0].md5_matches);
}
