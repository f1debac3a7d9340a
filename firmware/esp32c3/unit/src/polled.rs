//! Time without interrupts, for the emulator: whoever waits is woken at once and looks at the clock again.

use core::task::Waker;

use embassy_time_driver::Driver;
use esp_hal::time::Instant;

struct Polled;

embassy_time_driver::time_driver_impl!(static DRIVER: Polled = Polled);

impl Driver for Polled {
    fn now(&self) -> u64 {
        Instant::now().duration_since_epoch().as_micros()
    }

    fn schedule_wake(&self, _at: u64, waker: &Waker) {
        waker.wake_by_ref();
    }
}

/// Lets the clock run. After a reset the emulator's stands still until it is told to count.
pub(crate) fn start_clock() {
    const SYSTIMER_CONF: *mut u32 = 0x6002_3000 as *mut u32;
    /// Clock of the registers, and counting of unit 0 (ESP32-C3 technical reference, "System Timer").
    const RUN: u32 = 1 << 31 | 1 << 30;
    #[expect(unsafe_code, reason = "esp-hal trusts the value after a reset, which the emulator does not have")]
    // SAFETY: the register is always there; its other bits stay as they are.
    unsafe {
        SYSTIMER_CONF.write_volatile(SYSTIMER_CONF.read_volatile() | RUN);
    }
}
