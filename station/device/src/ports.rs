//! Serial ports by name: which there are, and opening one so that nobody else can. Knows no protocol.

mod place;
pub(crate) mod topology;

use std::fmt;
use std::fs::{Metadata, OpenOptions};
use std::io::{self, IsTerminal};
use std::os::fd::AsRawFd;
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::fcntl::OFlag;
use nix_of_serialport::{
    errno::Errno,
    fcntl::{FcntlArg, OFlag as Flags, fcntl},
};
use serialport::{ErrorKind, SerialPortType, TTYPort};
use thiserror::Error;

pub(crate) use self::place::Place;

/// Longest wait of one read or write, so that whoever loops sees its cancellation token often enough.
pub(crate) const IO_TICK: Duration = Duration::from_millis(100);

/// Where udev keeps names of ports by their places (systemd, `60-serial.rules`).
const BY_PLACE: &str = "/dev/serial/by-path";

/// Path of a serial port as the configuration or the system names it, such as `/dev/ttyUSB0` or a link to it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PortName(PathBuf);

impl PortName {
    /// Names the port at `path`; whether there is one shows when it is opened.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// The path as named.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The name of this port that stays with its place (`/dev/serial/by-path/…`), where the system keeps such: the kernel
    /// numbers ports anew with every plug.
    pub fn by_place(&self) -> Option<Self> {
        self.by_place_in(Path::new(BY_PLACE))
    }

    fn by_place_in(&self, folder: &Path) -> Option<Self> {
        let device = self.canonical();
        let names = std::fs::read_dir(folder).ok()?.filter_map(Result::ok).map(|entry| Self::new(entry.path()));
        // There may be one for each driver of the bus; the first is as good as any, and always the same.
        names.filter(|name| name.path().exists() && name.canonical() == device).min()
    }

    /// The device behind the name: links are followed, so that two names of one port are equal. A name that leads
    /// nowhere stands for itself.
    pub fn canonical(&self) -> PathBuf {
        self.0.canonicalize().unwrap_or_else(|_| self.0.clone())
    }
}

impl fmt::Display for PortName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0.display(), f)
    }
}

/// A port that is there, with what the system knows of its adapter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PortInfo {
    /// Its name.
    pub port: PortName,
    /// USB identity; `None` when the port is no USB adapter.
    pub usb: Option<UsbIdentity>,
    /// Place in the USB tree, such as `1-2.3`: stays the same when the unit or the adapter is changed.
    pub topology: Option<String>,
}

/// What a USB adapter says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsbIdentity {
    /// Vendor id.
    pub vid: u16,
    /// Product id.
    pub pid: u16,
    /// Serial number; many adapters have none.
    pub serial_number: Option<String>,
}

/// A port cannot be used.
#[derive(Debug, Error)]
pub enum PortError {
    /// Another program, or another part of this one, holds it.
    #[error("port {port} is in use by another program")]
    Busy {
        /// Which port.
        port: PortName,
    },
    /// There is no such device, or it went away.
    #[error("port {port} is not there")]
    Gone {
        /// Which port.
        port: PortName,
    },
    /// The path leads to something else than a serial port.
    #[error("{port} is no serial port")]
    NotSerial {
        /// Which path.
        port: PortName,
    },
    /// The user may not open it.
    #[error("this user may not open port {port}")]
    NoPermission {
        /// Which port.
        port: PortName,
    },
    /// The list of ports cannot be read.
    #[error("could not list the serial ports")]
    List(#[source] serialport::Error),
}

/// Lists the serial ports of this machine, and of `configured` those that exist and are not among them already.
pub fn list(configured: &[PortName]) -> Result<Vec<PortInfo>, PortError> {
    let found = serialport::available_ports().map_err(PortError::List)?;
    let mut ports: Vec<PortInfo> = found.into_iter().map(describe).collect();
    for port in configured {
        let known = ports.iter().any(|info| info.port.canonical() == port.canonical());
        if !known && port.path().exists() {
            ports.push(PortInfo { port: port.clone(), usb: None, topology: topology::of(port) });
        }
    }
    ports.sort_by(|a, b| a.port.cmp(&b.port));
    Ok(ports)
}

fn describe(found: serialport::SerialPortInfo) -> PortInfo {
    let port = PortName::new(&found.port_name);
    let usb = match found.port_type {
        SerialPortType::UsbPort(usb) => {
            Some(UsbIdentity { vid: usb.vid, pid: usb.pid, serial_number: usb.serial_number })
        }
        SerialPortType::PciPort | SerialPortType::BluetoothPort | SerialPortType::Unknown => None,
    };
    PortInfo { topology: topology::of(&port), port, usb }
}

/// Opens `port` for this process alone: `TIOCEXCL` keeps other programs out, and an advisory `flock` those that run as
/// root as well (both are set by `serialport`).
pub(crate) fn open(port: &PortName, baud: u32) -> Result<TTYPort, PortError> {
    let path = port.canonical();
    check_device(port, path.metadata())?;
    let builder = serialport::new(path.to_string_lossy(), baud).timeout(IO_TICK);
    let opened = TTYPort::open(&builder).map_err(|err| classify(port, &path, &err))?;
    never_block(&opened).map_err(|_| PortError::Gone { port: port.clone() })?;
    Ok(opened)
}

/// Bytes that were announced may be gone when they are read (a reset, another reader): then a blocking read would never
/// come back. Waiting is done by `serialport`, with its time-out.
fn never_block(port: &TTYPort) -> Result<(), Errno> {
    fcntl(port.as_raw_fd(), FcntlArg::F_SETFL(Flags::O_NONBLOCK)).map(drop)
}

fn check_device(port: &PortName, metadata: io::Result<Metadata>) -> Result<(), PortError> {
    match metadata {
        Ok(metadata) if metadata.file_type().is_char_device() => Ok(()),
        Ok(_) => Err(PortError::NotSerial { port: port.clone() }),
        Err(err) if err.kind() == io::ErrorKind::PermissionDenied => {
            Err(PortError::NoPermission { port: port.clone() })
        }
        Err(_) => Err(PortError::Gone { port: port.clone() }),
    }
}

/// What an error of `serialport` means. It reports a port that is locked as `NoDevice`.
fn classify(port: &PortName, path: &Path, err: &serialport::Error) -> PortError {
    let port = port.clone();
    match err.kind() {
        ErrorKind::NoDevice => PortError::Busy { port },
        ErrorKind::Io(io::ErrorKind::PermissionDenied) => PortError::NoPermission { port },
        ErrorKind::InvalidInput => PortError::NotSerial { port },
        ErrorKind::Unknown | ErrorKind::Io(_) if is_other_device(path) => PortError::NotSerial { port },
        ErrorKind::Unknown | ErrorKind::Io(_) => PortError::Gone { port },
    }
}

/// Whether the device can be opened and is no terminal. Opened so that it neither waits for a carrier nor becomes the
/// terminal of this process.
fn is_other_device(path: &Path) -> bool {
    let flags = (OFlag::O_NONBLOCK | OFlag::O_NOCTTY).bits();
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path);
    file.is_ok_and(|file| !file.is_terminal())
}

#[cfg(test)]
mod tests;
