//! The log of a unit: any bytes are cut into lines and recognised, and what is remarked stays bounded.
#![no_main]

use firstpass_device::uart;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    for line in text.lines() {
        let _ = firstpass_contract::LogLine::parse(line);
    }
    let remarks = uart::read_log(bytes).expect("memory can be read");
    assert!(remarks.len() <= uart::REMARKS_MAX);
});
