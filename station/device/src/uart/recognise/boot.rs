//! Lines from before the app, and its last words. Source: ESP32-C3 ROM (api1-20210207), the boot loader of ESP-IDF 6.1
//! and ESP-IDF's panic handler, as they print them.

use firstpass_contract::logline::{is_error, split_idf_line};
use firstpass_domain::evidence::UartFact;

use super::cut;

/// `0xc (RTC_SW_CPU_RST)` out of the ROM's `rst:0xc (RTC_SW_CPU_RST),boot:0x8 (SPI_FAST_FLASH_BOOT)`. A reset may leave
/// noise before the banner.
pub(super) fn reset_reason(line: &str) -> Option<String> {
    let (_, banner) = line.split_once("rst:0x")?;
    let (reason, _) = banner.split_once(",boot:0x")?;
    Some(cut(&format!("0x{reason}")))
}

/// Whether `line` is printed only after the ROM's banner: by the ROM about what it loads, or by anything that it loaded.
pub(super) fn is_after_banner(line: &str) -> bool {
    const BY_THE_ROM: [&str; 4] = ["load:0x", "entry 0x", "invalid header: ", "csum err:"];
    BY_THE_ROM.iter().any(|text| line.starts_with(text)) || split_idf_line(line).is_some() || is_panic(line)
}

/// How far the start has come.
pub(super) fn progress(line: &str) -> Option<UartFact> {
    if line.contains("waiting for download") || line.starts_with("wait uart") {
        return Some(UartFact::DownloadMode);
    }
    let (tag, text) = split_idf_line(line)?;
    let partition = text.strip_prefix("Loaded app from partition").filter(|_| tag == "boot")?;
    Some(UartFact::AppLoaded { offset: offset(partition) })
}

/// `0x10000` out of ` at offset 0x10000`; `None` when the number arrived damaged.
fn offset(partition: &str) -> Option<u32> {
    let digits = partition.strip_prefix(" at offset 0x")?;
    u32::from_str_radix(digits, 16).ok()
}

/// Errors of the ROM, or of the second stage under its tags.
pub(super) fn is_failure(line: &str) -> bool {
    if line.starts_with("invalid header: ") || line.starts_with("flash read err") {
        return true;
    }
    let error = split_idf_line(line).filter(|_| is_error(line));
    error.is_some_and(|(tag, _)| matches!(tag, "boot" | "esp_image" | "flash_parts") || tag.starts_with("boot."))
}

/// Last words of ESP-IDF's panic handler, of `abort`, of a failed assertion, and of esp-backtrace in Rust firmware.
pub(super) fn is_panic(line: &str) -> bool {
    const BEGINNINGS: [&str; 4] = ["Guru Meditation Error", "abort() was called", "assert failed:", "***ERROR***"];
    BEGINNINGS.iter().any(|text| line.starts_with(text)) || line.contains("= PANIC =")
}

/// Where a panic came from: the Xtensa back trace, or the RISC-V program counter and stack.
pub(super) fn is_backtrace(line: &str) -> bool {
    const BEGINNINGS: [&str; 3] = ["Backtrace:", "MEPC ", "Stack memory:"];
    BEGINNINGS.iter().any(|text| line.starts_with(text))
}

/// The line of ESP-IDF's brown-out detector; newer versions print a level and a tag before it.
pub(super) fn is_brown_out(line: &str) -> bool {
    line.contains("Brownout detector was triggered")
}
