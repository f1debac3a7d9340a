//! Partition tables, CSV and binary: what is accepted fits its flash, and its binary form reads as the same table.
#![no_main]

use firstpass_device::FlashLayout;
use firstpass_domain::FlashSize;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let size: FlashSize = "4MB".parse().expect("a size");
    let Ok(layout) = FlashLayout::parse(bytes, size) else { return };
    let end = |info: &firstpass_device::partition::PartitionInfo| u64::from(info.offset) + u64::from(info.len);
    assert!(layout.partitions().all(|info| end(&info) <= u64::from(size.bytes())));
    let again = FlashLayout::parse(&layout.to_binary(), size).expect("a table that was made here is read");
    assert!(again.partitions().eq(layout.partitions()));
    let _ = (layout.nvs(), layout.app(), layout.ota_data());
});
