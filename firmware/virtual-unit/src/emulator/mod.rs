//! A unit that is Espressif's emulator: real ROM code, and the firmware that the line flashes. It has the face of a
//! virtual unit: a pseudo-terminal that stays, and a fixture's hand on reset line, straps and power.
//!
//! The emulator is a program of its own, found on the PATH. A reset ends it and starts it again with other straps; flash
//! and eFuses are files. Its network is QEMU's user network, where 10.0.2.2 is this machine's loopback.

mod bridge;
mod efuse;
mod gate;
mod machine;
mod monitor;

use std::io;
use std::path::PathBuf;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use self::bridge::{Bridge, Order};
use self::machine::Machine;
use crate::control::{self, Held};
use crate::flash::{Flash, FlashError};
use crate::flash_size::FlashSize;
use crate::mac::Mac;
use crate::unit::order::Waker;
use crate::unit::{Status, Straps};
use crate::wire::pty::Pty;

/// The emulator, unless the user names another program.
pub const PROGRAM: &str = "qemu-system-riscv32";
/// Where this machine's loopback is for an emulated unit.
pub const HOST: &str = "10.0.2.2";

/// What an emulated unit is made of.
#[derive(Clone, Debug)]
pub struct EmulatorOptions {
    /// The emulator.
    pub program: PathBuf,
    /// The file that holds the flash; the eFuses stand beside it, and what the emulator says.
    pub flash: PathBuf,
    /// The size of the flash.
    pub flash_size: FlashSize,
    /// The factory MAC.
    pub mac: Mac,
    /// Where to place a link to the terminal.
    pub link: Option<PathBuf>,
}

/// An emulated unit that could not be started.
#[derive(Debug, thiserror::Error)]
pub enum EmulatorError {
    /// There is no such program, or it cannot be run.
    #[error("could not run the emulator {program}")]
    Program {
        /// The program.
        program: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// It is some QEMU, but not Espressif's.
    #[error("{program} has no machine esp32c3: it is not Espressif's emulator")]
    Machine {
        /// The program.
        program: PathBuf,
    },
    /// The flash file is unusable.
    #[error(transparent)]
    Flash(#[from] FlashError),
    /// The eFuse file could not be written.
    #[error("could not write the eFuses")]
    Efuse(#[source] io::Error),
    /// The terminal or its link could not be made.
    #[error("could not use the pseudo-terminal")]
    Terminal(#[source] io::Error),
}

/// Whether `program` can be run and is Espressif's emulator.
pub fn check(program: &std::path::Path) -> Result<(), EmulatorError> {
    let failed = |source| EmulatorError::Program { program: program.to_owned(), source };
    let output = std::process::Command::new(program).args(["-machine", "help"]).output().map_err(failed)?;
    let names = String::from_utf8_lossy(&output.stdout);
    let known = names.lines().any(|line| line.split_whitespace().next() == Some("esp32c3"));
    if known { Ok(()) } else { Err(EmulatorError::Machine { program: program.to_owned() }) }
}

/// A running unit. Dropping it ends it.
pub struct Emulated {
    orders: Sender<Order>,
    waker: Waker,
    status: Arc<Mutex<Status>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Emulated {
    /// Makes a unit; its reset line is held until [`Held::release`].
    pub fn start(options: EmulatorOptions, straps: Straps) -> Result<Self, EmulatorError> {
        check(&options.program)?;
        drop(Flash::open(&options.flash, options.flash_size)?);
        let efuse = options.flash.with_extension("efuse");
        std::fs::write(&efuse, efuse::file(options.mac)).map_err(EmulatorError::Efuse)?;
        let pty = Pty::open(options.link.as_deref()).map_err(EmulatorError::Terminal)?;
        let waker = Waker::new().map_err(EmulatorError::Terminal)?;
        let machine = Machine::new(&options, efuse);
        let (orders, incoming) = channel();
        let bridge = Bridge::new(machine, pty, options.mac, straps, incoming, waker.clone());
        let status = bridge.status();
        let thread = std::thread::Builder::new().name("emulator".into()).spawn(move || bridge.run());
        let thread = Mutex::new(Some(thread.map_err(EmulatorError::Terminal)?));
        Ok(Self { orders, waker, status, thread })
    }

    /// Ends the unit: its terminal closes and its link is removed. Orders fail from then on.
    pub fn end(&self) {
        let thread = self.thread.lock().expect("no holder of this lock panics").take();
        let Some(thread) = thread else { return };
        // It may have ended by itself, when its terminal failed.
        let _ended = self.order(Order::Quit);
        if thread.join().is_err() {
            tracing::error!("the thread of the emulated unit has panicked");
        }
    }

    fn order(&self, order: Order) -> io::Result<()> {
        self.orders.send(order).map_err(|_| io::Error::other("the unit has ended"))?;
        self.waker.wake();
        Ok(())
    }

    /// Gives an order and waits until it is carried out.
    fn done(&self, order: impl FnOnce(Sender<io::Result<()>>) -> Order) -> Result<(), String> {
        let (done, result) = channel();
        let carried_out = self.order(order(done)).and_then(|()| result.recv().map_err(io::Error::other)?);
        carried_out.map_err(|error| error.to_string())
    }
}

impl Held for Emulated {
    fn obey(&self, order: &control::Order) -> Result<(), String> {
        let reset = |straps| self.done(|done| Order::Reset { straps, done });
        match order {
            control::Order::Download => reset(Straps::Download),
            control::Order::Run => reset(Straps::Run),
            control::Order::Power { on: true } => self.done(|done| Order::PowerOn { done }),
            control::Order::Power { on: false } => self.done(|done| Order::PowerOff { done }),
            control::Order::Fault { clear: true, set: None } => Ok(()),
            control::Order::Fault { .. } | control::Order::Route { .. } => {
                Err("an emulated unit has no faults and no routes".to_owned())
            }
            control::Order::Status | control::Order::Quit => Ok(()),
        }
    }

    fn release(&self) -> io::Result<()> {
        self.order(Order::Release)
    }

    fn status(&self) -> Status {
        self.status.lock().expect("no holder of this lock panics").clone()
    }
}

impl Drop for Emulated {
    fn drop(&mut self) {
        self.end();
    }
}
