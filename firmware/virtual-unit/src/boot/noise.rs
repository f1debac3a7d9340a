//! Noise on the transmitter, as a short circuit or a floating pin makes it. Knows no app.

use std::time::Duration;

use crate::console::Console;
use crate::random::Random;
use crate::stop::StopToken;

/// How often noise is made.
const TICK: Duration = Duration::from_millis(5);
/// Ticks in a second, and bits of a byte on the wire.
const TICKS_PER_S: u32 = 200;
const BITS_PER_BYTE: u32 = 10;

/// Sends noise at the pace of `baud` until the unit is stopped.
pub(super) fn flood(console: &Console, baud: u32, stop: &StopToken) {
    let mut random = Random::new(baud.into());
    let count = (baud / BITS_PER_BYTE / TICKS_PER_S).max(1);
    while !stop.wait(TICK) {
        let noise: Vec<u8> = (0..count).map(|_| random.bits().to_le_bytes()[7]).collect();
        console.noise(&noise);
    }
}
