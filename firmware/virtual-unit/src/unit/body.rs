//! The thread of a unit: it moves bytes between wire and chip, and carries out orders. Knows no socket.

use std::io;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::Receiver;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use super::description::{Mode, Status, Straps, UnitOptions};
use super::order::{Order, Waker};
use crate::boot::{self, Boot, Cause};
use crate::chip::{Chip, Output, Stage};
use crate::console::Fifo;
use crate::faults::Fault;
use crate::flash::Flash;
use crate::jitter::Jitter;
use crate::mac::Mac;
use crate::wire::Wire;

/// What the chip does.
enum Life {
    Off,
    Held(Straps),
    Download(Box<Chip>),
    Running(Boot),
}

/// All that the unit's thread owns.
pub(super) struct Body {
    options: UnitOptions,
    flash: Flash,
    wire: Wire,
    life: Life,
    orders: Receiver<Order>,
    waker: Waker,
    jitter: Jitter,
    boots: Arc<AtomicU32>,
    pub(super) status: Arc<Mutex<Status>>,
}

impl Body {
    pub(super) fn new(
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
        let jitter = Jitter::new(options.faults.clone(), options.mac);
        Self { options, flash, wire, life, orders, waker, jitter, boots, status: Arc::new(Mutex::new(status)) }
    }

    /// Lives until it is told to quit.
    pub(super) fn run(mut self) {
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
            self.wire.wait(self.waker.fd())?;
            self.waker.settle();
        }
    }

    /// Carries out an order; returns whether the unit lives on. Whoever waits for it may have gone, which is no harm.
    fn obey(&mut self, order: Order) -> bool {
        match order {
            Order::Reset { straps, done } => {
                // The straps and the reset line of a unit without power do nothing.
                let result = if matches!(self.life, Life::Off) { Ok(()) } else { self.hold(straps) };
                let _gone = done.send(result);
            }
            Order::PowerOn { done } => {
                let result = self.hold(Straps::Run);
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

    /// Holds the chip in reset.
    fn hold(&mut self, straps: Straps) -> io::Result<()> {
        self.halt();
        self.life = Life::Held(straps);
        let result = self.wire.plug().and_then(|()| self.wire.reset());
        self.publish();
        result
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
        let mac = self.answering();
        let stuck = self.options.faults.is_on(&Fault::StuckInDownload);
        self.life = match straps {
            Straps::Run if !stuck => {
                let waker = self.waker.clone();
                let fifo = Fifo::new(move || waker.wake());
                Life::Running(boot::start(&self.options, mac, &self.flash, fifo, self.boots.clone())?)
            }
            Straps::Run | Straps::Download => {
                let banner = boot::download_banner(Cause::PowerOn, &self.options.faults);
                self.wire.send(banner.as_bytes(), Instant::now());
                self.loader(mac)
            }
        };
        Ok(())
    }

    fn loader(&self, mac: Mac) -> Life {
        Life::Download(Box::new(Chip::new(mac, self.flash.clone(), self.options.faults.clone())))
    }

    /// Whose chip starts: this unit's, or another one's that was put into its place.
    fn answering(&self) -> Mac {
        let other = |fault: &Fault| if let Fault::OtherMac { mac } = fault { Some(*mac) } else { None };
        self.options.faults.find(other).unwrap_or(self.options.mac)
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
                    for output in outputs {
                        self.apply(output, piece.at)?;
                    }
                }
                self.read_out(now);
            }
        }
        Ok(())
    }

    /// Keeps the line busy with a read-out of the flash, if one is under way.
    fn read_out(&mut self, now: Instant) {
        let Life::Download(chip) = &mut self.life else { return };
        while self.wire.room() > 0
            && let Some(block) = chip.next_block()
        {
            self.wire.send(&block, now);
        }
    }

    fn apply(&mut self, output: Output, at: Instant) -> io::Result<()> {
        match output {
            Output::Bytes(bytes) => self.wire.send(&bytes, at + self.jitter.next()),
            Output::Baud(baud) => self.wire.change_baud(baud),
            Output::Restart => {
                let banner = boot::download_banner(Cause::System, &self.options.faults);
                self.wire.restart(banner.into_bytes());
                self.life = self.loader(self.answering());
            }
            Output::Vanish => {
                let terminal = self.wire.unplug();
                // Said before the host can notice.
                self.publish();
                drop(terminal);
            }
            Output::Renumber => {
                let old = self.wire.renumber()?;
                self.publish();
                drop(old);
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
