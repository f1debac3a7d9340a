//! Booting from flash: the ROM, the second stage, the app, and again after each restart. Knows no terminal.

mod app_start;
mod client_error;
mod noise;
mod rom;
mod second_stage;

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use self::second_stage::{Found, SecondStage};
use crate::app_seam::{AppContext, AppExit, AppMaker, BootClock};
use crate::chip::efuse::Fuses;
use crate::console::{Console, Fifo};
use crate::faults::{Fault, Faults};
use crate::flash::{Flash, FlashError};
use crate::mac::Mac;
use crate::partition::Partition;
use crate::stop::StopToken;
use crate::surroundings::Surroundings;
use crate::unit::UnitOptions;

pub(crate) use self::rom::{Cause, download_banner};

/// How long the chip takes from one attempt to the next.
const REBOOT_PAUSE: Duration = Duration::from_millis(50);

/// A boot in progress, on a thread of its own.
pub(crate) struct Boot {
    /// Ends it.
    pub(crate) stop: StopToken,
    /// What it prints.
    pub(crate) fifo: Arc<Fifo>,
}

/// Starts to boot the unit with `mac`; each attempt is counted in `boots`.
pub(crate) fn start(
    options: &UnitOptions,
    mac: Mac,
    flash: &Flash,
    fifo: Arc<Fifo>,
    boots: Arc<AtomicU32>,
) -> io::Result<Boot> {
    let stop = StopToken::new();
    let processor = Processor {
        mac,
        app: options.app.clone(),
        faults: options.faults.clone(),
        surroundings: options.surroundings.clone(),
        flash: flash.clone(),
        fifo: fifo.clone(),
        stop: stop.clone(),
        boots,
    };
    let run = move || {
        if let Err(error) = processor.run() {
            tracing::debug!(%error, "the boot has ended");
        }
    };
    std::thread::Builder::new().name("processor".into()).spawn(run)?;
    Ok(Boot { stop, fifo })
}

/// What executes: the ROM, then the second stage, then the app.
struct Processor {
    mac: Mac,
    app: AppMaker,
    faults: Faults,
    surroundings: Surroundings,
    flash: Flash,
    fifo: Arc<Fifo>,
    stop: StopToken,
    boots: Arc<AtomicU32>,
}

impl Processor {
    /// Boots again and again until the unit is stopped.
    fn run(&self) -> Result<(), FlashError> {
        let mut clock = BootClock::start();
        let mut cause = Cause::PowerOn;
        while !self.stop.is_stopped() {
            self.boots.fetch_add(1, Ordering::Relaxed);
            let Some(next) = self.boot(clock, cause)? else { return Ok(()) };
            // A restart of the app starts its clock anew; the second stage's own resets do not, as the logs show.
            if matches!(next, Cause::Software | Cause::BrownOut) {
                clock = BootClock::start();
            }
            cause = next;
        }
        Ok(())
    }

    /// One boot; returns the cause of the next one, or `None` when the unit is silent until it is reset.
    fn boot(&self, clock: BootClock, cause: Cause) -> Result<Option<Cause>, FlashError> {
        let console = Console::new(self.fifo.clone(), clock, self.stop.clone());
        let flash = self.flash.until(self.stop.clone());
        rom::banner(&console, cause);
        let Some(header) = rom::load(&console, &flash, &self.faults, &self.stop)? else {
            return Ok(self.again(&console, Cause::Watchdog));
        };
        let revision = Fuses::under(&self.faults).revision;
        let second_stage = SecondStage { console: &console, flash: &flash, faults: &self.faults, revision };
        match second_stage.find_app(header)? {
            None => Ok(self.again(&console, Cause::System)),
            Some(found) => Ok(self.app(&console, clock, found, revision)),
        }
    }

    fn app(&self, console: &Console, clock: BootClock, found: Found, revision: (u32, u32)) -> Option<Cause> {
        if self.faults.is_on(&Fault::SilentAfterBoot) {
            return None;
        }
        let flood = |fault: &Fault| if let Fault::Flood { baud } = fault { Some(*baud) } else { None };
        if let Some(baud) = self.faults.find(flood) {
            noise::flood(console, baud, &self.stop);
            return None;
        }
        if let Some(description) = &found.description {
            app_start::introduce(console, description, revision);
        }
        if self.faults.is_on(&Fault::BootLoop) {
            app_start::panic(console, found.description.as_ref());
            return self.again(console, Cause::Software);
        }
        if self.faults.is_on(&Fault::BrownOut) {
            return self.brown_out(console);
        }
        if let Some(exit) = self.say(console) {
            return exit;
        }
        // A token of its own, so that nothing of this app outlives its restart.
        let stop = StopToken::new();
        let inner = stop.clone();
        self.stop.on_stop(move || inner.stop());
        let exit = (self.app)().run(self.context(console, clock, found, &stop));
        stop.stop();
        match exit {
            AppExit::Stopped => None,
            AppExit::Restart => self.again(console, Cause::Software),
        }
    }

    /// When the supply sinks slowly, the app has time for its last words, and resets the chip itself; when it breaks down,
    /// the detector resets the chip.
    fn brown_out(&self, console: &Console) -> Option<Cause> {
        if self.boots.load(Ordering::Relaxed).is_multiple_of(2) {
            return self.again(console, Cause::BrownOut);
        }
        app_start::brown_out(console);
        self.again(console, Cause::System)
    }

    /// Says what the unit is told to say; returns how this boot ends, if that is its end.
    fn say(&self, console: &Console) -> Option<Option<Cause>> {
        let line = |fault: &Fault| if let Fault::LogLine { text } = fault { Some(text.clone()) } else { None };
        if let Some(line) = self.faults.find(line) {
            console.print(line);
        }
        let class = |fault: &Fault| if let Fault::ClientError { class } = fault { Some(class.clone()) } else { None };
        let class = self.faults.find(class)?;
        client_error::report(console, &class);
        Some(None)
    }

    fn context(&self, console: &Console, clock: BootClock, found: Found, stop: &StopToken) -> AppContext {
        let nvs = found.table.find(Partition::DATA, Partition::NVS).map(|partition| partition.region);
        AppContext {
            mac: self.mac,
            flash: self.flash.until(stop.clone()),
            nvs,
            partitions: found.table,
            image: found.image,
            console: console.until(stop.clone()),
            clock,
            stop: stop.clone(),
            faults: self.faults.clone(),
            surroundings: self.surroundings.clone(),
        }
    }

    fn again(&self, console: &Console, cause: Cause) -> Option<Cause> {
        console.drain();
        (!self.stop.wait(REBOOT_PAUSE)).then_some(cause)
    }
}
