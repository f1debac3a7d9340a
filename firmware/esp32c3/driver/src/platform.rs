//! What the driver needs of the machine that it runs on.

use core::cell::RefCell;
use core::fmt;
use core::future::Future;

use embedded_io_async::{Read, Write};
use embedded_storage::nor_flash::NorFlash;
use firstpass_agent::{CompiledIn, Event, Mac};
use firstpass_contract::logline::Level;

use crate::LinkFailure;

/// A machine with a network, a flash, a console and a clock. Everything may be called while something else waits.
pub trait Platform {
    /// A TCP connection; dropping it closes it.
    type Stream: Read + Write;
    /// The whole flash, from its first byte.
    type Flash: NorFlash;

    /// The next thing that happens outside the driver: to the network (`NetworkUp`, `NetworkRetry`, `NetworkFailed`), or
    /// what the application wants (`Telemetry`, `FactoryReset`, `Close`). May be dropped and called again.
    fn next_event(&self) -> impl Future<Output = Event>;

    /// Opens a TCP connection to a host name or address.
    fn connect(&self, host: &str, port: u16) -> impl Future<Output = Result<Self::Stream, LinkFailure>>;

    /// Sends one datagram and waits for one answer; returns its length. The caller limits the time.
    fn exchange(
        &self,
        host: &str,
        port: u16,
        question: &[u8],
        answer: &mut [u8],
    ) -> impl Future<Output = Result<usize, LinkFailure>>;

    /// The flash.
    fn flash(&self) -> &RefCell<Self::Flash>;

    /// Prints `I (ms) tag: text` on the console.
    fn log(&self, level: Level, tag: &str, text: fmt::Arguments<'_>);

    /// Milliseconds since the start; never goes back.
    fn now_ms(&self) -> u64;

    /// A random number.
    fn random(&self) -> u64;

    /// Called in every turn of the driver's loop: feeds the watchdog.
    fn alive(&self);
}

/// What is fixed when the firmware is built, or read from the chip once.
#[derive(Debug, Clone)]
pub struct Firmware {
    /// Factory MAC from eFuse.
    pub mac: Mac,
    /// Version, as the application description has it.
    pub version: &'static str,
    /// Where the running image starts in the flash.
    pub running_at: u32,
    /// Parameters that stand in the image.
    pub compiled_in: CompiledIn,
    /// Whether the firmware may provision. A field image does not: it has no use for a code and erases none.
    pub provisions: bool,
    /// Whether the unit makes its own key.
    pub own_key: bool,
    /// When the image was built, in seconds since 1970: no true clock shows less.
    pub built_at_s: u64,
    /// The time server, if the firmware has one.
    pub time_server: Option<&'static str>,
}
