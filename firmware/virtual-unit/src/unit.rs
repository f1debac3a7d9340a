//! One unit: its reset line, its power, and the thread that moves bytes between wire and chip. Knows neither the
//! control socket nor the command line.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Instant;

use rustix::event::{EventfdFlags, eventfd};
use serde::Serialize;

use crate::app_seam::AppMaker;
use crate::boot::{self, Boot};
use crate::chip::{Chip, Output, Stage};
use crate::console::Fifo;
use crate::faults::{Fault, Faults};
use crate::flash::{Flash, FlashError};
use crate::flash_size::FlashSize;
use crate::mac::Mac;
use crate::wire::Wire;

/// What a unit is made of.
#[derive(Clone)]
pub struct UnitOptions {
    /// The file that holds the flash.
    pub flash: PathBuf,
    /// The size of the flash.
    pub flash_size: FlashSize,
    /// The factory MAC.
    pub mac: Mac,
    /// Where to place a link to the terminal.
    pub link: Option<PathBuf>,
    /// Whether the line has the pace of a UART.
    pub paced: bool,
    /// What goes wrong.
    pub faults: Faults,
    /// Makes the app that runs when the unit has booted.
    pub app: AppMaker,
}

/// The level of the strapping pins when the reset line is released.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Straps {
    /// The ROM loader waits for a host.
    Download,
    /// The unit boots from its flash.
    Run,
}

/// What a unit is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// It has no power.
    Off,
    /// The reset line is held.
    Reset,
    /// The ROM loader answers.
    Rom,
    /// The flasher stub answers.
    Stub,
    /// The loader has been left without a reset; nothing answers.
    Left,
    /// It boots or runs its app.
    Run,
}

/// What can be seen of a unit from outside.
#[derive(Clone, Debug, Serialize)]
pub struct Status {
    /// What it is doing.
    pub mode: Mode,
    /// The baud rate of its UART.
    pub baud: u32,
    /// How often it has started to boot from flash.
    pub boots: u32,
    /// Its MAC.
    pub mac: String,
    /// Its terminal; none when it has vanished.
    pub port: Option<PathBuf>,
    /// What goes wrong.
    pub faults: Vec<Fault>,
}

/// A unit that could not be started, or whose thread has ended.
#[derive(Debug, thiserror::Error)]
pub enum UnitError {
    /// The flash file is unusable.
    #[error(transparent)]
    Flash(#[from] FlashError),
    /// The terminal or its link could not be made, or failed.
    #[error("could not use the pseudo-terminal")]
    Terminal(#[source] io::Error),
    /// The unit has been ended.
    #[error("the unit has ended")]
    Ended,
}

/// A running unit. Dropping it ends it.
pub struct Unit {
    orders: Sender<Order>,
    waker: Waker,
    status: Arc<Mutex<Status>>,
    faults: Faults,
    thread: Mutex<Option<JoinHandle<()>>>,
}

enum Order {
    Reset { straps: Straps, done: Sender<Result<(), io::Error>> },
    Release,
    PowerOff { done: Sender<Result<(), io::Error>> },
    Quit,
}

#[derive(Clone, Debug)]
struct Waker(Arc<OwnedFd>);

impl Waker {
    fn wake(&self) {
        // The only failure is a counter that is full, and then the thread is awake already.
        let _full = rustix::io::write(&*self.0, &1_u64.to_ne_bytes());
    }

    fn settle(&self) {
        let _empty = rustix::io::read(&*self.0, &mut [0; 8]);
    }
}

impl Unit {
    /// Starts a unit; its reset line is held until [`Unit::release`].
    pub fn start(options: UnitOptions, straps: Straps) -> Result<Self, UnitError> {
        let flash = Flash::open(&options.flash, options.flash_size)?;
        let mut wire = Wire::new(options.link.clone(), options.paced);
        wire.plug().map_err(UnitError::Terminal)?;
        let event = eventfd(0, EventfdFlags::NONBLOCK | EventfdFlags::CLOEXEC);
        let waker = Waker(Arc::new(event.map_err(|error| UnitError::Terminal(error.into()))?));
        let (orders, incoming) = channel();
        let body = Body::new(options, flash, wire, straps, incoming, waker.clone());
        let (status, faults) = (body.status.clone(), body.options.faults.clone());
        let thread = std::thread::Builder::new().name("unit".into()).spawn(move || body.run());
        let thread = Mutex::new(Some(thread.map_err(UnitError::Terminal)?));
        Ok(Self { orders, waker, status, faults, thread })
    }

    /// Pulls the reset line, with `straps` for its release, and powers the unit if it had no power. When this
    /// returns, nothing that the unit sent before can reach the host any more.
    pub fn reset(&self, straps: Straps) -> Result<(), UnitError> {
        let (done, result) = channel();
        self.order(Order::Reset { straps, done })?;
        result.recv().map_err(|_| UnitError::Ended)?.map_err(UnitError::Terminal)
    }

    /// Releases the reset line.
    pub fn release(&self) -> Result<(), UnitError> {
        self.order(Order::Release)
    }

    /// Cuts the power. The terminal stays: it belongs to the fixture's adapter.
    pub fn power_off(&self) -> Result<(), UnitError> {
        let (done, result) = channel();
        self.order(Order::PowerOff { done })?;
        result.recv().map_err(|_| UnitError::Ended)?.map_err(UnitError::Terminal)
    }

    /// What the unit is doing.
    #[must_use]
    pub fn status(&self) -> Status {
        let mut status = self.status.lock().expect("no holder of this lock panics").clone();
        status.faults = self.faults.list();
        status
    }

    /// What goes wrong with the unit.
    #[must_use]
    pub fn faults(&self) -> &Faults {
        &self.faults
    }

    /// Ends the unit: its terminal closes and its link is removed. Orders fail from then on.
    pub fn end(&self) {
        let thread = self.thread.lock().expect("no holder of this lock panics").take();
        let Some(thread) = thread else { return };
        // It may have ended by itself, when its terminal failed.
        let _ended = self.order(Order::Quit);
        if thread.join().is_err() {
            tracing::error!("the thread of the unit has panicked");
        }
    }

    fn order(&self, order: Order) -> Result<(), UnitError> {
        self.orders.send(order).map_err(|_| UnitError::Ended)?;
        self.waker.wake();
        Ok(())
    }
}

impl Drop for Unit {
    fn drop(&mut self) {
        self.end();
    }
}

/// What the chip does.
enum Life {
    Off,
    Held(Straps),
    Download(Box<Chip>),
    Running(Boot),
}

struct Body {
    options: UnitOptions,
    flash: Flash,
    wire: Wire,
    life: Life,
    orders: Receiver<Order>,
    waker: Waker,
    boots: Arc<AtomicU32>,
    status: Arc<Mutex<Status>>,
}

impl Body {
    fn new(
        options: UnitOptions,
        flash: Flash,
        wire: Wire,
        straps: Straps,
        orders: Receiver<Order>,
        waker: Waker,
    ) -> Self {
        let status = Status {
            mode: Mode::Reset,
            baud: wire.baud(),
            boots: 0,
            mac: options.mac.to_string(),
            port: wire.path().map(Into::into),
            faults: Vec::new(),
        };
        let (life, boots) = (Life::Held(straps), Arc::default());
        Self { options, flash, wire, life, orders, waker, boots, status: Arc::new(Mutex::new(status)) }
    }

    fn run(mut self) {
        if let Err(error) = self.live() {
            tracing::error!(unit = %self.options.mac, %error, "the terminal has failed");
        }
        self.halt();
    }

    fn live(&mut self) -> io::Result<()> {
        loop {
            while let Ok(order) = self.orders.try_recv() {
                if !self.obey(order) {
                    return Ok(());
                }
            }
            self.move_bytes()?;
            self.publish();
            self.wire.wait(self.waker.0.as_fd())?;
            self.waker.settle();
        }
    }

    /// Carries out an order; returns whether the unit lives on. Whoever waits for it may have gone, which is no harm.
    fn obey(&mut self, order: Order) -> bool {
        match order {
            Order::Reset { straps, done } => {
                self.halt();
                self.life = Life::Held(straps);
                let result = self.wire.plug().and_then(|()| self.wire.reset());
                self.publish();
                let _gone = done.send(result);
            }
            Order::Release => {
                if let Err(error) = self.release() {
                    tracing::error!(unit = %self.options.mac, %error, "the unit cannot boot");
                }
            }
            Order::PowerOff { done } => {
                self.halt();
                let result = self.wire.reset();
                self.publish();
                let _gone = done.send(result);
            }
            Order::Quit => return false,
        }
        true
    }

    /// Stops whatever runs, and waits until it can no longer change the flash.
    fn halt(&mut self) {
        if let Life::Running(boot) = &self.life {
            boot.stop.stop();
            self.flash.settle();
        }
        self.life = Life::Off;
    }

    fn release(&mut self) -> io::Result<()> {
        let Life::Held(straps) = self.life else { return Ok(()) };
        self.life = match straps {
            Straps::Download => {
                self.wire.send(boot::DOWNLOAD_BANNER.as_bytes(), Instant::now());
                let options = &self.options;
                Life::Download(Box::new(Chip::new(options.mac, self.flash.clone(), options.faults.clone())))
            }
            Straps::Run => {
                let waker = self.waker.clone();
                let fifo = Fifo::new(move || waker.wake());
                Life::Running(boot::start(&self.options, &self.flash, fifo, self.boots.clone())?)
            }
        };
        Ok(())
    }

    fn move_bytes(&mut self) -> io::Result<()> {
        let now = Instant::now();
        let arrived = self.wire.advance(now)?;
        match &mut self.life {
            Life::Off | Life::Held(_) => {}
            Life::Running(boot) => {
                let bytes = boot.fifo.take(self.wire.room());
                self.wire.send(&bytes, now);
            }
            Life::Download(chip) => {
                if let Some(piece) = arrived {
                    let outputs = chip.receive(&piece.bytes);
                    outputs.into_iter().for_each(|output| apply(&mut self.wire, output, piece.at));
                }
                while self.wire.room() > 0
                    && let Some(block) = chip.next_block()
                {
                    self.wire.send(&block, now);
                }
            }
        }
        Ok(())
    }

    fn publish(&self) {
        let mut status = self.status.lock().expect("no holder of this lock panics");
        status.mode = self.mode();
        status.baud = self.wire.baud();
        status.boots = self.boots.load(Ordering::Relaxed);
        if status.port.as_deref() != self.wire.path() {
            status.port = self.wire.path().map(Into::into);
        }
    }

    fn mode(&self) -> Mode {
        match &self.life {
            Life::Off => Mode::Off,
            Life::Held(_) => Mode::Reset,
            Life::Running(_) => Mode::Run,
            Life::Download(chip) => match chip.stage() {
                Stage::Rom => Mode::Rom,
                Stage::Stub => Mode::Stub,
                Stage::Left => Mode::Left,
            },
        }
    }
}

fn apply(wire: &mut Wire, output: Output, at: Instant) {
    match output {
        Output::Bytes(bytes) => wire.send(&bytes, at),
        Output::Baud(baud) => wire.change_baud(baud),
        Output::Vanish => wire.unplug(),
    }
}
