//! NVS pages as they are read from a unit: the input is laid over pages that are valid, or is the pages itself.
#![no_main]

use firstpass_device::nvs::{self, CodeSearch, ExpectedSession, NvsEntry, NvsValue};
use firstpass_domain::{CodeHash, PasswordVerifier};

const PAGE_LEN: usize = nvs::PAGE_LEN as usize;
const PAGES_MAX: usize = 4;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Some((how, bytes)) = bytes.split_first() else { return };
    let mut raw = if how & 1 == 0 { valid() } else { vec![0xff; 3 * PAGE_LEN] };
    if how & 2 == 0 {
        // Changes: offset (u16), byte.
        for change in bytes.chunks_exact(3) {
            let at = usize::from(u16::from_le_bytes([change[0], change[1]])) % raw.len();
            raw[at] = change[2];
        }
    } else {
        raw = bytes[..bytes.len().min(PAGES_MAX * PAGE_LEN)].to_vec();
        raw.resize(raw.len().next_multiple_of(PAGE_LEN), 0xff);
    }
    let Ok(entries) = nvs::read(&raw) else { return };
    assert!(entries.len() <= raw.len() / 32);
    let verifier = PasswordVerifier::make("hush", [7; 16]);
    let expected = ExpectedSession {
        namespace: "iotmer_creds",
        device_id: "dev-1",
        device_key: "key",
        workspace_slug: "shop",
        mqtt_host: "broker.local",
        mqtt_port: 8883,
        mqtt_username: "user",
        password: &verifier,
        token: None,
        device_made_key: true,
    };
    let search = CodeSearch { hash: CodeHash::of("k7Zq"), len: 4 };
    let _ = nvs::read_back(&raw, &expected, Some(&search));
});

fn valid() -> Vec<u8> {
    let text = |key: &str, value: &str| NvsEntry::text("iotmer_creds", key, value);
    let entries = [
        text("device_id", "dev-1"),
        text("mqtt_password", "hush"),
        text("dht", &"x".repeat(300)),
        NvsEntry::new("iotmer_creds", "mqtt_port", NvsValue::I32(8883)),
        NvsEntry::new("other", "blob", NvsValue::Blob(vec![1; 5000])),
    ];
    nvs::build(&entries, 3 * nvs::PAGE_LEN).expect("small entries fit")
}
