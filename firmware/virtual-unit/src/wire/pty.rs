//! The pseudo-terminal that stands for the unit's serial port. Knows no pace and no protocol.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{OptionalActions, QueueSelector, tcflush, tcgetattr, tcsetattr};

use super::RESET_BAUD;

/// Bytes that a host may leave unread before it is sent more; the terminal itself holds 4095.
const UNREAD_MAX: u64 = 2048;
/// Bytes that are written at once.
const WRITE_MAX: usize = 1024;

/// A pseudo-terminal in raw mode, and the link that leads to it.
#[derive(Debug)]
pub(crate) struct Pty {
    master: OwnedFd,
    /// The other end, held open so that the line does not drop when a host closes it.
    holder: OwnedFd,
    path: PathBuf,
    link: Option<PathBuf>,
}

impl Pty {
    /// Opens a new pseudo-terminal and makes `link` point to it.
    pub(crate) fn open(link: Option<&Path>) -> io::Result<Self> {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?;
        grantpt(&master)?;
        unlockpt(&master)?;
        let name = ptsname(&master, Vec::new())?.into_string().map_err(io::Error::other)?;
        let path = PathBuf::from(name);
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC | OFlags::NONBLOCK;
        let holder = rustix::fs::open(&path, flags, Mode::empty())?;
        make_raw(holder.as_fd())?;
        rustix::fs::fcntl_setfl(&master, OFlags::RDWR | OFlags::NONBLOCK)?;
        let mut pty = Self { master, holder, path, link: None };
        if let Some(link) = link {
            place_link(&pty.path, link)?;
            pty.link = Some(link.to_owned());
        }
        Ok(pty)
    }

    /// The path under which a host opens the port.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// What a poll waits for.
    pub(crate) fn fd(&self) -> BorrowedFd<'_> {
        self.master.as_fd()
    }

    /// Reads what the host has sent, at most `into.len()` bytes; 0 when there is nothing.
    pub(crate) fn read(&self, into: &mut [u8]) -> io::Result<usize> {
        now_or_never(rustix::io::read(&self.master, into))
    }

    /// Sends to the host; returns how many bytes it had room for. What a host leaves unread is kept short, so that a
    /// reset can take all of it back: bytes that wait in the kernel before the terminal are out of reach of a flush.
    pub(crate) fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        if rustix::io::ioctl_fionread(&self.holder)? > UNREAD_MAX {
            return Ok(0);
        }
        now_or_never(rustix::io::write(&self.master, &bytes[..bytes.len().min(WRITE_MAX)]))
    }

    /// The baud rate that the host has set; both ends share the settings.
    pub(crate) fn host_baud(&self) -> io::Result<u32> {
        Ok(tcgetattr(&self.master)?.output_speed())
    }

    /// Drops what is under way in both directions, and the exclusive use that a host which died may have left.
    pub(crate) fn flush(&self) -> io::Result<()> {
        rustix::termios::ioctl_tiocnxcl(&self.holder)?;
        // Bytes on their way to the terminal go first, with the kernel's worker that moves them; then those that arrived.
        tcflush(&self.master, QueueSelector::OFlush)?;
        tcflush(&self.holder, QueueSelector::IOFlush)?;
        let mut dropped = [0; 4096];
        while self.read(&mut dropped)? > 0 {}
        Ok(())
    }
}

impl Drop for Pty {
    fn drop(&mut self) {
        let Some(link) = &self.link else { return };
        let ours = std::fs::read_link(link).is_ok_and(|target| target == self.path);
        if ours && let Err(error) = std::fs::remove_file(link) {
            tracing::warn!(link = %link.display(), %error, "could not remove the link");
        }
    }
}

fn now_or_never(result: rustix::io::Result<usize>) -> io::Result<usize> {
    match result {
        Err(Errno::AGAIN | Errno::INTR) => Ok(0),
        other => Ok(other?),
    }
}

fn make_raw(end: BorrowedFd<'_>) -> io::Result<()> {
    let mut settings = tcgetattr(end)?;
    settings.make_raw();
    settings.set_speed(RESET_BAUD)?;
    Ok(tcsetattr(end, OptionalActions::Now, &settings)?)
}

/// A link that a killed unit has left is replaced; anything else in that place is an error.
fn place_link(target: &Path, link: &Path) -> io::Result<()> {
    if link.symlink_metadata().is_ok_and(|found| found.is_symlink()) {
        std::fs::remove_file(link)?;
    }
    std::os::unix::fs::symlink(target, link)
}
