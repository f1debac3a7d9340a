//! Carries bytes between the pseudo-terminal and the emulator's UART, and the fixture's orders to the emulator. One
//! thread does both, so that nothing from before a reset comes after it.

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::sync::mpsc::{Receiver, Sender};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::gate::Gate;
use super::machine::Machine;
use super::monitor::Monitor;
use crate::mac::Mac;
use crate::unit::order::Waker;
use crate::unit::{Mode, Status, Straps};
use crate::wire::RESET_BAUD;
use crate::wire::pty::Pty;

/// Bytes that wait in one direction before no more are taken; a UART's FIFO would be smaller.
const WAITING_MAX: usize = 16 * 1024;
/// Bytes that are read at once.
const READ_BYTES: usize = 4096;
/// A host that has taken nothing for so long is not listening; a UART does not wait for it.
const LISTENER_PATIENCE: Duration = Duration::from_secs(1);
/// How soon a host or a unit that is slow is asked again.
const RETRY: Duration = Duration::from_micros(300);

/// What the bridge is told.
pub(super) enum Order {
    Reset { straps: Straps, done: Sender<io::Result<()>> },
    PowerOn { done: Sender<io::Result<()>> },
    PowerOff { done: Sender<io::Result<()>> },
    Release,
    Quit,
}

/// Whether the thread goes on.
#[derive(PartialEq, Eq)]
enum Next {
    GoOn,
    End,
}

/// Terminal and emulator.
pub(super) struct Bridge {
    machine: Machine,
    pty: Pty,
    status: Arc<Mutex<Status>>,
    orders: Receiver<Order>,
    waker: Waker,
    /// The straps of a reset that is not released yet.
    held: Option<Straps>,
    has_power: bool,
    /// The straps of the last release.
    straps: Straps,
    uart: Option<UnixStream>,
    monitor: Option<Monitor>,
    /// A piece is under way that the unit may not have taken yet.
    under_way: Option<Gate>,
    to_host: VecDeque<u8>,
    to_unit: VecDeque<u8>,
    /// Since when the host has taken nothing.
    blocked_since: Option<Instant>,
}

impl Bridge {
    pub(super) fn new(
        machine: Machine,
        pty: Pty,
        mac: Mac,
        straps: Straps,
        orders: Receiver<Order>,
        waker: Waker,
    ) -> Self {
        let port = Some(pty.path().to_owned());
        let faults = Vec::new();
        let status = Status { mode: Mode::Reset, baud: RESET_BAUD, boots: 0, mac: mac.to_string(), port, faults };
        Self {
            machine,
            pty,
            status: Arc::new(Mutex::new(status)),
            orders,
            waker,
            held: Some(straps),
            has_power: true,
            straps,
            uart: None,
            monitor: None,
            under_way: None,
            to_host: VecDeque::new(),
            to_unit: VecDeque::new(),
            blocked_since: None,
        }
    }

    /// What can be seen of the unit, from any thread.
    pub(super) fn status(&self) -> Arc<Mutex<Status>> {
        self.status.clone()
    }

    /// Runs until it is told to quit, or the terminal fails.
    pub(super) fn run(mut self) {
        loop {
            match self.turn() {
                Ok(Next::GoOn) => {}
                Ok(Next::End) => return,
                Err(error) => {
                    tracing::error!(%error, "the terminal of the emulated unit failed");
                    return;
                }
            }
        }
    }

    fn turn(&mut self) -> io::Result<Next> {
        self.wait()?;
        self.waker.settle();
        while let Ok(order) = self.orders.try_recv() {
            if self.obey(order) == Next::End {
                return Ok(Next::End);
            }
        }
        self.carry_inward()?;
        self.carry_outward()?;
        Ok(Next::GoOn)
    }

    fn wait(&self) -> io::Result<()> {
        let wanted = |is_wanted, flag| if is_wanted { flag } else { PollFlags::empty() };
        let mut polled = vec![PollFd::from_borrowed_fd(self.waker.fd(), PollFlags::IN)];
        let inward = wanted(self.to_unit.is_empty(), PollFlags::IN);
        polled.push(PollFd::from_borrowed_fd(self.pty.fd(), inward));
        if let Some(uart) = &self.uart {
            let outward = wanted(self.to_host.len() < WAITING_MAX, PollFlags::IN);
            let flags = outward | wanted(!self.to_unit.is_empty() && self.under_way.is_none(), PollFlags::OUT);
            polled.push(PollFd::from_borrowed_fd(uart.as_fd(), flags));
        }
        let retry = Timespec::try_from(RETRY).expect("a wait is short");
        let waits = !self.to_host.is_empty() || (!self.to_unit.is_empty() && self.under_way.is_some());
        let retry = waits.then_some(&retry);
        match poll(&mut polled, retry) {
            Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    fn obey(&mut self, order: Order) -> Next {
        match order {
            Order::Reset { straps, done } => {
                let result = if self.has_power { self.hold(Mode::Reset, Some(straps)) } else { Ok(()) };
                // Whoever asked may have gone.
                let _ = done.send(result);
            }
            Order::PowerOn { done } => {
                self.has_power = true;
                let _ = done.send(self.hold(Mode::Reset, Some(Straps::Run)));
            }
            Order::PowerOff { done } => {
                self.has_power = false;
                let _ = done.send(self.hold(Mode::Off, None));
            }
            Order::Release => self.release(),
            Order::Quit => return Next::End,
        }
        Next::GoOn
    }

    /// Ends the emulator and forgets what was under way.
    fn hold(&mut self, mode: Mode, straps: Option<Straps>) -> io::Result<()> {
        self.machine.stop()?;
        (self.uart, self.monitor, self.under_way) = (None, None, None);
        self.to_host.clear();
        self.to_unit.clear();
        self.held = straps;
        self.show(mode);
        self.pty.flush()
    }

    fn release(&mut self) {
        let Some(straps) = self.held.take() else { return };
        self.straps = straps;
        match self.machine.start(straps) {
            Ok((uart, monitor)) => {
                self.uart = Some(uart);
                // An app need not read its UART at all.
                self.monitor = (straps == Straps::Download).then_some(monitor);
                self.show(match straps {
                    Straps::Download => Mode::Rom,
                    Straps::Run => Mode::Run,
                });
            }
            Err(error) => {
                tracing::error!(%error, "the emulator could not be started");
                self.show(Mode::Off);
            }
        }
    }

    fn show(&self, mode: Mode) {
        let mut status = self.status.lock().expect("no holder of this lock panics");
        status.mode = mode;
        status.boots += u32::from(mode == Mode::Run);
    }

    /// From the host to the unit. What is written to a unit in reset is lost.
    fn carry_inward(&mut self) -> io::Result<()> {
        if self.to_unit.is_empty() {
            let mut bytes = [0; READ_BYTES];
            let count = self.pty.read(&mut bytes)?;
            self.to_unit.extend(&bytes[..count]);
        }
        let room = if self.to_unit.is_empty() { 0 } else { self.room() };
        let Some(uart) = &mut self.uart else {
            self.to_unit.clear();
            return Ok(());
        };
        let piece = self.to_unit.make_contiguous();
        let piece = &piece[..piece.len().min(room)];
        if piece.is_empty() {
            return Ok(());
        }
        // An end that is gone is noticed when it is read.
        let taken = now_or_never(uart.write(piece)).unwrap_or(piece.len());
        self.to_unit.drain(..taken);
        self.under_way = self.monitor.is_some().then(|| Gate::close(Instant::now()));
        Ok(())
    }

    /// How many bytes the unit may be sent now.
    fn room(&mut self) -> usize {
        let (Some(gate), Some(monitor)) = (self.under_way, &mut self.monitor) else { return Gate::open() };
        if !gate.pause(Instant::now()).is_zero() {
            return 0;
        }
        match monitor.look() {
            Ok(seen) => gate.room(seen, Instant::now()),
            Err(error) => {
                tracing::warn!(%error, "the emulator does not say whether its unit listens");
                (self.monitor, self.under_way) = (None, None);
                Gate::open()
            }
        }
    }

    /// From the unit to the host.
    fn carry_outward(&mut self) -> io::Result<()> {
        let mut bytes = [0; READ_BYTES];
        while let Some(uart) = &mut self.uart
            && self.to_host.len() < WAITING_MAX
        {
            match uart.read(&mut bytes) {
                Ok(count) if count > 0 => self.to_host.extend(&bytes[..count]),
                Err(error) if is_later(&error) => break,
                Ok(_) | Err(_) => self.ended(),
            }
        }
        self.offer(Instant::now())
    }

    /// Offers the host what waits for it; what it does not take in time is lost, as on a UART.
    fn offer(&mut self, now: Instant) -> io::Result<()> {
        while !self.to_host.is_empty() {
            let taken = self.pty.write(self.to_host.make_contiguous())?;
            self.to_host.drain(..taken);
            if taken > 0 {
                self.blocked_since = None;
            } else {
                let since = *self.blocked_since.get_or_insert(now);
                if now.duration_since(since) >= LISTENER_PATIENCE {
                    self.to_host.clear();
                }
                return Ok(());
            }
        }
        Ok(())
    }

    /// The emulator has ended: its unit has reset itself, and starts again; or the emulator has failed.
    fn ended(&mut self) {
        (self.uart, self.monitor, self.under_way) = (None, None, None);
        if self.machine.was_reset() {
            self.held = Some(self.straps);
            self.release();
        } else {
            tracing::error!("the emulator has ended by itself; what it said stands beside the flash file");
            self.show(Mode::Off);
        }
    }
}

fn is_later(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted)
}

fn now_or_never(result: io::Result<usize>) -> io::Result<usize> {
    match result {
        Err(error) if is_later(&error) => Ok(0),
        other => other,
    }
}
