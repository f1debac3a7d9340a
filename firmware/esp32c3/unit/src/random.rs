//! Random numbers from the noise of the chip's ADC, mixed with what the radio receives.

use esp_hal::peripherals::{ADC1, RNG};
use esp_hal::rng::{Trng, TrngSource};
use static_cell::StaticCell;

static SOURCE: StaticCell<TrngSource<'static>> = StaticCell::new();
static FOR_TLS: StaticCell<Trng> = StaticCell::new();

/// Turns the noise on for good. Returns a generator for TLS and one for everything else.
pub(crate) fn start(rng: RNG<'static>, adc: ADC1<'static>) -> (&'static mut Trng, Trng) {
    SOURCE.init(TrngSource::new(rng, adc));
    let make = || Trng::try_new().expect("the source of noise is on");
    (FOR_TLS.init(make()), make())
}
