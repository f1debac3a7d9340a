//! The brown-out detector: on from the start, it resets the chip; the next boot says so.

use esp_hal::peripherals::LPWR;
use esp_hal::rtc_cntl::SocResetReason;
use esp_hal::system::reset_reason;
use firstpass_contract::logline::Level;

use crate::console;

/// Cycles of the slow clock that the voltage must be low before the reset, as ESP-IDF has it.
const WAIT_CYCLES: u16 = 0x3ff;

/// Tells of a brown-out that ended the last boot, and watches the voltage from now on.
pub(crate) fn watch() {
    if reset_reason() == Some(SocResetReason::SysBrownOut) {
        console::log(Level::Error, "BOD", format_args!("Brownout detector was triggered"));
    }
    LPWR::regs().brown_out().modify(|_, register| {
        #[expect(unsafe_code, reason = "the register's description does not know its field's range")]
        // SAFETY: the field has ten bits, and the number fits.
        unsafe {
            register.brown_out_rst_wait().bits(WAIT_CYCLES);
        }
        register.brown_out_close_flash_ena().set_bit().brown_out_pd_rf_ena().set_bit();
        register.brown_out_rst_sel().set_bit().brown_out_rst_ena().set_bit().brown_out_ena().set_bit()
    });
}
