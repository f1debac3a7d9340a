//! What is fixed when the image is built.

use esp_hal::efuse;
use firstpass_agent::{CompiledIn, Mac};
use firstpass_unit_driver::Firmware;

use crate::compiled_code;

/// Version in the application description, in telemetry, and on the line's record.
pub(crate) const VERSION: &str = match option_env!("FIRSTPASS_VERSION") {
    Some(version) => version,
    None => env!("CARGO_PKG_VERSION"),
};

/// Project name in the application description.
pub(crate) const PROJECT: &str = if cfg!(feature = "factory") { "firstpass-factory" } else { "firstpass-field" };

/// Who is asked for the time; empty: nobody but the provisioning service.
const TIME_SERVER: &str = match option_env!("FIRSTPASS_TIME_SERVER") {
    Some(server) => server,
    None => "pool.ntp.org",
};

/// When the image was built, in seconds since 1970.
const BUILT_AT_S: u64 = match option_env!("SOURCE_DATE_EPOCH") {
    Some(digits) => number(digits.as_bytes()),
    None => 0,
};

/// What is known of the running image, and of the chip that it runs on.
pub(crate) fn describe() -> Firmware {
    let mac = efuse::base_mac_address();
    Firmware {
        mac: Mac(mac.as_bytes().try_into().expect("a MAC has six bytes")),
        version: VERSION,
        running_at: running_at(),
        compiled_in: CompiledIn { auth_code: compiled_code::read(), ..CompiledIn::default() },
        provisions: cfg!(feature = "factory"),
        own_key: cfg!(feature = "own-key"),
        built_at_s: BUILT_AT_S,
        time_server: Some(TIME_SERVER).filter(|server| !server.is_empty()),
    }
}

/// Where the image that runs starts in the flash: the page that the boot loader mapped first (ESP-IDF's `mmu_hal.c`; the
/// ESP32-C3's table of pages of 64 kB stands at 0x600C5000).
fn running_at() -> u32 {
    const PAGES: *const u32 = 0x600c_5000 as *const u32;
    const PAGE: u32 = 0xff;
    #[expect(unsafe_code, reason = "the table of the flash cache has no driver")]
    // SAFETY: a register that is always there and that reading does not change.
    let page = unsafe { PAGES.read_volatile() };
    (page & PAGE) << 16
}

const fn number(digits: &[u8]) -> u64 {
    let (mut number, mut at) = (0, 0);
    while at < digits.len() {
        assert!(digits[at].is_ascii_digit(), "SOURCE_DATE_EPOCH is a number of seconds");
        number = number * 10 + (digits[at] - b'0') as u64;
        at += 1;
    }
    number
}
