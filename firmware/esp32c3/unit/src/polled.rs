//! Time without interrupts, for the emulator: whoever waits is woken at once and looks at the clock again.

use core::task::Waker;

use embassy_time_driver::Driver;
use esp_hal::peripherals::TIMG1;
use esp_hal::time::{Duration, Instant};
use esp_hal::timer::timg::{MwdtStage, Wdt};

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

/// Gives the watchdog its clock. The emulator computes the clock's rate only when the divider changes, and divides by that
/// rate as soon as the watchdog runs; a time this long needs another divider than the one after a reset.
pub(crate) fn wake_watchdog(watchdog: &mut Wdt<TIMG1<'static>>) {
    const NEEDS_A_DIVIDER: Duration = Duration::from_secs(600);
    watchdog.set_timeout(MwdtStage::Stage0, NEEDS_A_DIVIDER);
}
