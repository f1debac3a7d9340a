//! The serial line of a unit: a pseudo-terminal at the pace of a UART, in both directions. Knows no protocol.
//!
//! A byte that the host writes reaches the unit when its last bit would have; a byte that the unit sends reaches the
//! host likewise. All instants are virtual: a piece that follows another starts when that one ended, however late the
//! thread woke up, and a piece after a pause starts when it was seen. So the line is never faster than a wire.

mod departing;
mod pace;
pub(crate) mod pty;

use std::io;
use std::os::fd::BorrowedFd;
use std::path::{Path, PathBuf};
use std::time::Instant;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use self::departing::Departing;
use self::pace::{Lane, Pace, garble, understands};
use self::pty::Pty;
use crate::faults::{Fault, Faults};

/// The baud rate after a reset.
pub(crate) const RESET_BAUD: u32 = 115_200;
/// The line.
#[derive(Debug)]
pub(crate) struct Wire {
    pty: Option<Pty>,
    link: Option<PathBuf>,
    paced: bool,
    faults: Faults,
    baud: u32,
    /// Takes effect when all that is queued has been sent.
    next_baud: Option<u32>,
    /// Is sent after that.
    first_words: Vec<u8>,
    arriving: Option<Arriving>,
    inward: Lane,
    departing: Departing,
}

/// Bytes on their way from the host.
#[derive(Debug)]
pub(crate) struct Arriving {
    /// The bytes.
    pub(crate) bytes: Vec<u8>,
    /// When the last of them has passed.
    pub(crate) at: Instant,
}

impl Wire {
    /// A line without a terminal; `plug` gives it one.
    pub(crate) fn new(link: Option<PathBuf>, paced: bool, faults: Faults) -> Self {
        let now = Instant::now();
        Self {
            pty: None,
            link,
            paced,
            faults,
            baud: RESET_BAUD,
            next_baud: None,
            first_words: Vec::new(),
            arriving: None,
            inward: Lane::new(now),
            departing: Departing::new(now),
        }
    }

    /// Opens the terminal, unless it is there.
    pub(crate) fn plug(&mut self) -> io::Result<()> {
        if self.pty.is_none() {
            self.pty = Some(Pty::open(self.link.as_deref())?);
        }
        Ok(())
    }

    /// Takes the terminal away; it is gone when what is returned is dropped.
    pub(crate) fn unplug(&mut self) -> Option<Pty> {
        self.pty.take()
    }

    /// Takes the terminal away and brings another one, as an adapter does that is enumerated anew; the old one is gone
    /// when what is returned is dropped.
    pub(crate) fn renumber(&mut self) -> io::Result<Option<Pty>> {
        let new = Pty::open(self.link.as_deref())?;
        Ok(self.pty.replace(new))
    }

    /// Where the terminal is.
    pub(crate) fn path(&self) -> Option<&Path> {
        self.pty.as_ref().map(Pty::path)
    }

    /// The unit's baud rate.
    pub(crate) fn baud(&self) -> u32 {
        self.baud
    }

    /// Forgets what is under way and goes back to the baud rate of a reset.
    pub(crate) fn reset(&mut self) -> io::Result<()> {
        self.departing = Departing::new(Instant::now());
        self.arriving = None;
        self.next_baud = None;
        self.first_words.clear();
        self.baud = RESET_BAUD;
        self.pty.as_ref().map_or(Ok(()), Pty::flush)
    }

    /// Queues bytes that the unit begins to send at `at`, or when those before them are out.
    pub(crate) fn send(&mut self, bytes: &[u8], at: Instant) {
        self.departing.push(bytes, at);
    }

    /// Changes the baud rate when all that is queued has been sent.
    pub(crate) fn change_baud(&mut self, baud: u32) {
        self.next_baud = Some(baud);
    }

    /// Goes back to the baud rate of a reset when all that is queued has been sent, and sends `first_words` then.
    pub(crate) fn restart(&mut self, first_words: Vec<u8>) {
        (self.next_baud, self.first_words) = (Some(RESET_BAUD), first_words);
    }

    /// How many more bytes should be queued now to keep the line busy.
    pub(crate) fn room(&self) -> usize {
        (2 * self.pace().quantum()).saturating_sub(self.departing.len())
    }

    /// Delivers what has passed by `now`: outward to the host, inward to the caller.
    pub(crate) fn advance(&mut self, now: Instant) -> io::Result<Option<Arriving>> {
        self.deliver_outward(now)?;
        match &self.arriving {
            Some(piece) if piece.at > now => Ok(None),
            Some(_) => {
                let piece = self.arriving.take();
                // Looked for before the piece is acted upon: what is there now was written during the piece.
                self.fetch(self.inward.free_at())?;
                Ok(piece)
            }
            None => {
                self.fetch(now)?;
                Ok(self.arriving.take_if(|piece| piece.at <= now))
            }
        }
    }

    /// Sleeps until there is something to do, or `wake` is readable.
    pub(crate) fn wait(&self, wake: BorrowedFd<'_>) -> io::Result<()> {
        let mut polled = vec![PollFd::from_borrowed_fd(wake, PollFlags::IN)];
        if let Some(pty) = &self.pty {
            let mut wanted = PollFlags::empty();
            wanted.set(PollFlags::IN, self.arriving.is_none());
            polled.push(PollFd::from_borrowed_fd(pty.fd(), wanted));
        }
        let left = self.deadline().map(|at| at.saturating_duration_since(Instant::now()));
        let left = left.map(|left| Timespec::try_from(left).expect("a wait is short"));
        match poll(&mut polled, left.as_ref()) {
            Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    fn pace(&self) -> Pace {
        Pace(self.paced.then_some(self.baud))
    }

    /// Whether bytes arrive as they were sent, given the host's baud rate.
    fn carries(&self, host_baud: u32) -> bool {
        let limit = |fault: &Fault| if let Fault::MaxBaud { baud } = fault { Some(*baud) } else { None };
        let within_limit = self.faults.find(limit).is_none_or(|limit| self.baud.max(host_baud) <= limit);
        within_limit && understands(self.baud, host_baud)
    }

    fn deadline(&self) -> Option<Instant> {
        let inward = self.arriving.as_ref().map(|piece| piece.at);
        inward.into_iter().chain(self.departing.deadline(self.pace())).min()
    }

    /// Reads what the host has written; its first bit is on the wire at `start`.
    fn fetch(&mut self, start: Instant) -> io::Result<()> {
        let Some(pty) = &self.pty else { return Ok(()) };
        let mut bytes = vec![0; self.pace().quantum()];
        let count = pty.read(&mut bytes)?;
        if count == 0 {
            return Ok(());
        }
        bytes.truncate(count);
        if !self.carries(pty.host_baud()?) {
            garble(&mut bytes);
        }
        let pace = self.pace();
        self.inward.idle_until(start);
        self.arriving = Some(Arriving { at: self.inward.occupy(count, pace), bytes });
        Ok(())
    }

    fn deliver_outward(&mut self, now: Instant) -> io::Result<()> {
        let pace = self.pace();
        while let Some(mut piece) = self.departing.due(now, pace) {
            let taken = match &self.pty {
                None => piece.len(),
                Some(pty) => {
                    if !self.carries(pty.host_baud()?) {
                        garble(&mut piece);
                    }
                    pty.write(&piece)?
                }
            };
            self.departing.offered(piece.len(), taken, now, pace);
            if taken < piece.len() {
                break;
            }
        }
        if self.departing.len() == 0 {
            self.baud = self.next_baud.take().unwrap_or(self.baud);
            if !self.first_words.is_empty() {
                self.departing.push(&std::mem::take(&mut self.first_words), now);
            }
        }
        Ok(())
    }
}
