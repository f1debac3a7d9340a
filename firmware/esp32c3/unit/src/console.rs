//! Log lines on UART0, as ESP-IDF prints them.

use core::fmt;

use embassy_time::Instant;
use firstpass_contract::logline::Level;

/// Prints `I (1234) tag: text`.
pub(crate) fn log(level: Level, tag: &str, text: fmt::Arguments<'_>) {
    esp_println::print!("{} ({}) {tag}: {text}\r\n", level.letter(), now_ms());
}

/// Milliseconds since the start.
pub(crate) fn now_ms() -> u64 {
    Instant::now().as_millis()
}
