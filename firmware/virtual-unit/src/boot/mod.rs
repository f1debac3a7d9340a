//! Booting from flash: the ROM, the second stage, the app, and again after each restart. Knows no terminal.

mod rom;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::app_seam::BootClock;
use crate::console::{Console, Fifo};
use crate::flash::Flash;
use crate::stop::StopToken;
use crate::unit::UnitOptions;

pub(crate) use self::rom::DOWNLOAD_BANNER;

/// A boot in progress, on a thread of its own.
pub(crate) struct Boot {
    /// Ends it.
    pub(crate) stop: StopToken,
    /// What it prints.
    pub(crate) fifo: Arc<Fifo>,
}

/// Starts to boot.
pub(crate) fn start(_options: &UnitOptions, _flash: &Flash, fifo: Arc<Fifo>, boots: Arc<AtomicU32>) -> Boot {
    let stop = StopToken::new();
    boots.fetch_add(1, Ordering::Relaxed);
    let _console = Console::new(fifo.clone(), BootClock::start(), stop.clone());
    Boot { stop, fifo }
}
