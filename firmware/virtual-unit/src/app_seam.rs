//! Where the unit ends and its app begins: what the boot loader hands over, and how the app gives control back.
//!
//! The app is the firmware that the unit's flash holds. It is not run from the image's machine code; the image says
//! *which* app it is (version, SHA-256), and an [`App`] behaves as it. Knows no network and no protocol.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::console::Console;
use crate::faults::Faults;
use crate::flash::Flash;
use crate::image::CompiledCode;
use crate::mac::Mac;
use crate::partition::{Partition, PartitionTable, Region};
use crate::stop::StopToken;
use crate::surroundings::Surroundings;

/// The firmware of a unit. A new one is made for each boot, because a reset loses the RAM.
pub trait App: Send {
    /// Runs on a thread of its own until the unit is stopped (`context.stop`) or the app restarts the chip.
    fn run(&mut self, context: AppContext) -> AppExit;
}

/// Makes the app of one boot.
pub type AppMaker = Arc<dyn Fn() -> Box<dyn App> + Send + Sync>;

/// Why an app has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AppExit {
    /// It saw the stop token, or it idles for ever: the unit stays silent until it is reset.
    Stopped,
    /// `esp_restart()`: the chip prints `rst:0xc (RTC_SW_CPU_RST)` and boots again from flash.
    Restart,
}

/// All that an app can touch.
#[derive(Clone, Debug)]
pub struct AppContext {
    /// The factory MAC from the eFuses.
    pub mac: Mac,
    /// The whole flash by absolute offset; its operations fail with `FlashError::Stopped` after a reset.
    pub flash: Flash,
    /// The `nvs` partition (type data, subtype nvs), if the table has one.
    pub nvs: Option<Region>,
    /// The partition table the unit booted with, for OTA among others.
    pub partitions: PartitionTable,
    /// The app that was booted.
    pub image: RunningImage,
    /// UART0: lines are paced at the unit's baud rate, and a write waits while the FIFO is full.
    pub console: Console,
    /// Time since this boot began.
    pub clock: BootClock,
    /// Set when the unit is reset or powered off.
    pub stop: StopToken,
    /// What the unit has been told to do wrong.
    pub faults: Faults,
    /// What lies around the unit.
    pub surroundings: Surroundings,
}

/// The app image that the boot loader has verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunningImage {
    /// The partition it was loaded from.
    pub partition: Partition,
    /// The SHA-256 appended to the image, which the boot loader has verified, as `esp_ota` and `station` report it.
    pub sha256: [u8; 32],
    /// `esp_app_desc_t.version`.
    pub version: String,
    /// `esp_app_desc_t.project_name`.
    pub project: String,
    /// The auth code that is compiled into it; none in firmware that reads its code from NVS.
    pub compiled_code: Option<CompiledCode>,
}

/// Milliseconds since the boot began, as in the log lines of ESP-IDF.
#[derive(Clone, Copy, Debug)]
pub struct BootClock(Instant);

impl BootClock {
    /// A clock that shows zero now.
    #[must_use]
    pub fn start() -> Self {
        Self(Instant::now())
    }

    /// Time since the boot.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }

    /// Milliseconds since the boot.
    #[must_use]
    pub fn millis(&self) -> u64 {
        u64::try_from(self.elapsed().as_millis()).expect("a unit does not run for ages")
    }
}

/// An app that starts and then does nothing, for tests of all that happens before it.
#[derive(Clone, Copy, Debug, Default)]
pub struct IdleApp;

impl App for IdleApp {
    fn run(&mut self, context: AppContext) -> AppExit {
        const LOOK_AGAIN: Duration = Duration::from_secs(3600);
        while !context.stop.wait(LOOK_AGAIN) {}
        AppExit::Stopped
    }
}
