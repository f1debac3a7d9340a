//! What the unit says when it panics, in a form that the line recognises; then it restarts.

use core::panic::PanicInfo;

use esp_backtrace::Backtrace;
use esp_hal::delay::Delay;

/// How long the UART may take to say it, in milliseconds: more than its FIFO holds at 115 200 baud.
const LAST_WORDS_MS: u32 = 50;

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    esp_println::print!("\r\n====================== PANIC ======================\r\n{info}\r\nBacktrace:");
    for frame in Backtrace::capture().frames() {
        esp_println::print!(" 0x{:08x}", frame.program_counter());
    }
    esp_println::print!("\r\n");
    Delay::new().delay_millis(LAST_WORDS_MS);
    esp_hal::system::software_reset()
}
