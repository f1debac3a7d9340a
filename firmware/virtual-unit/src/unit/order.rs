//! How the unit's thread is told what to do. Knows no chip.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::sync::mpsc::Sender;

use rustix::event::{EventfdFlags, eventfd};

use super::description::Straps;

/// What the unit's thread is told.
pub(super) enum Order {
    Reset { straps: Straps, done: Sender<Result<(), io::Error>> },
    PowerOn { done: Sender<Result<(), io::Error>> },
    Release,
    PowerOff { done: Sender<Result<(), io::Error>> },
    Quit,
}

/// Wakes the unit's thread out of its poll.
#[derive(Clone, Debug)]
pub(crate) struct Waker(Arc<OwnedFd>);

impl Waker {
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self(Arc::new(eventfd(0, EventfdFlags::NONBLOCK | EventfdFlags::CLOEXEC)?)))
    }

    /// What a poll waits for.
    pub(crate) fn fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }

    pub(crate) fn wake(&self) {
        // The only failure is a counter that is full, and then the thread is awake already.
        let _full = rustix::io::write(&*self.0, &1_u64.to_ne_bytes());
    }

    /// Forgets that it was woken.
    pub(crate) fn settle(&self) {
        let _empty = rustix::io::read(&*self.0, &mut [0; 8]);
    }
}
