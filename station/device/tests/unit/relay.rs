//! A bad cable between the line and a unit: a terminal of its own that passes on what it hears, and spoils some of it.

use std::io::{self, Read, Write};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use firstpass_device::PortName;
use serialport::{SerialPort, TTYPort};

const TICK: Duration = Duration::from_millis(1);

/// What the cable does to a piece that the line sends at a baud rate, after so many bytes at that rate.
pub(crate) type Spoil = fn(baud: u32, passed: usize, piece: &mut Vec<u8>);

/// The cable; dropping it takes it away.
pub(crate) struct Relay {
    link: PathBuf,
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Relay {
    /// Puts a cable between the unit at `unit` and a new port in `folder`.
    pub(crate) fn start(unit: &PortName, folder: &Path, spoil: Spoil) -> Self {
        let (mut outer, port) = TTYPort::pair().unwrap();
        let link = folder.join("cable");
        symlink(port.name().unwrap(), &link).unwrap();
        let mut inner = serialport::new(unit.path().to_string_lossy(), 115_200).timeout(TICK).open_native().unwrap();
        outer.set_timeout(TICK).unwrap();
        let over = Arc::new(AtomicBool::new(false));
        let seen = over.clone();
        let thread = thread::spawn(move || {
            // Held open, so that the line does not drop while nobody has the port open.
            let _holder = port;
            let (mut baud, mut passed) = (115_200, 0);
            while !seen.load(Ordering::Relaxed) {
                let mut piece = heard(&mut outer);
                let now = outer.baud_rate().unwrap();
                if now != baud {
                    inner.set_baud_rate(now).unwrap();
                    (baud, passed) = (now, 0);
                }
                passed += piece.len();
                spoil(baud, passed, &mut piece);
                say(&mut inner, &piece, &seen);
                let answer = heard(&mut inner);
                say(&mut outer, &answer, &seen);
            }
        });
        Self { link, over, thread: Some(thread) }
    }

    /// The port at the line's end.
    pub(crate) fn port(&self) -> PortName {
        PortName::new(&self.link)
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        self.thread.take().unwrap().join().unwrap();
    }
}

fn heard(port: &mut TTYPort) -> Vec<u8> {
    let mut bytes = [0; 1024];
    let count = port.read(&mut bytes).unwrap_or(0);
    bytes[..count].to_vec()
}

fn say(port: &mut TTYPort, bytes: &[u8], over: &AtomicBool) {
    let mut rest = bytes;
    while !rest.is_empty() && !over.load(Ordering::Relaxed) {
        match port.write(rest) {
            Ok(count) => rest = &rest[count..],
            Err(err) if matches!(err.kind(), io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock) => {}
            // The unit has gone: what is said reaches nobody.
            Err(_) => return,
        }
    }
}
