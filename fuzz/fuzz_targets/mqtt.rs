//! MQTT packets: any bytes are framed and decoded; what is decoded is written and decoded to the same.
#![no_main]

use firstpass_contract::mqtt::{self, TopicFilter};

const FRAME_MAX: usize = 64 * 1024;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Ok(text) = std::str::from_utf8(bytes) {
        if let Ok(filter) = TopicFilter::new(text) {
            let _ = filter.matches(text);
            assert!(filter.covers(&filter), "a filter covers itself");
        }
    }
    let Ok(Some(len)) = mqtt::frame_length(bytes, FRAME_MAX) else { return };
    assert!(len <= FRAME_MAX + 5);
    let Some(frame) = bytes.get(..len) else { return };
    let Ok(packet) = mqtt::decode(frame) else { return };
    assert_eq!(mqtt::decode(&packet.to_bytes()).expect("what was written can be read"), packet);
});
