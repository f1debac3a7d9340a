//! The two loaders that a session is played to, each behind a line of bytes: a virtual unit, and Espressif's emulator with
//! the real ROM.

use std::{
    fs::{self, OpenOptions},
    io::{Read, Write},
    os::unix::net::UnixStream,
    path::Path,
    process::Command,
    sync::mpsc::{Receiver, channel},
    time::{Duration, Instant},
};

use tests::{LIMIT, Process, VirtualUnit};

use super::session::{Session, Straps};

const MAC: &str = "02:00:00:00:00:01";
const FLASH_LEN: usize = 0x40_0000;
/// Up to here the flash holds a pattern; behind it, it is erased.
const PATTERN_LEN: usize = 0x2_0000;
/// What the emulator keeps of the eFuses: from the first word of block 0 on, where 0x2c is subtracted from its address.
const FUSES_LEN: usize = 336;
const PROGRAM: &str = "qemu-system-riscv32";
const MACHINE: &str = "esp32c3";

/// A loader, waiting for its first packet.
pub(super) trait Bench {
    /// The line to it.
    fn line(&mut self) -> &mut Line;
}

/// Bytes to and from a loader.
pub(super) struct Line {
    writer: Box<dyn Write>,
    heard: Receiver<Vec<u8>>,
}

impl Line {
    fn over(mut reader: impl Read + Send + 'static, writer: impl Write + 'static) -> Self {
        let (sender, heard) = channel();
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            // It ends with the loader, or with the test.
            while let Ok(count @ 1..) = reader.read(&mut bytes) {
                if sender.send(bytes[..count].to_vec()).is_err() {
                    break;
                }
            }
        });
        Self { writer: Box::new(writer), heard }
    }

    pub(super) fn send(&mut self, bytes: &[u8]) {
        self.writer.write_all(bytes).unwrap();
    }

    /// What comes before `deadline`; `None` when nothing does.
    pub(super) fn receive(&self, deadline: Instant) -> Option<Vec<u8>> {
        self.heard.recv_timeout(deadline.saturating_duration_since(Instant::now())).ok()
    }
}

/// A virtual unit.
pub(super) struct UnitBench {
    line: Line,
    _unit: VirtualUnit,
    _folder: tempfile::TempDir,
}

impl UnitBench {
    pub(super) fn start(session: &Session) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(format!("{}.flash", MAC.replace(':', "-")));
        fs::write(path, flash(session)).unwrap();
        let secured: &[&str] = if session.secured { &["--fault", "secure-download"] } else { &[] };
        let unit = VirtualUnit::start(folder.path(), "A1", MAC, secured);
        let port = OpenOptions::new().read(true).write(true).open(unit.link()).unwrap();
        // The reset takes back what the port has not been read of.
        unit.order(match session.straps {
            Straps::Download => r#"{"op":"download"}"#,
            Straps::Run => r#"{"op":"run"}"#,
        });
        let line = Line::over(port.try_clone().unwrap(), port);
        Self { line, _unit: unit, _folder: folder }
    }
}

impl Bench for UnitBench {
    fn line(&mut self) -> &mut Line {
        &mut self.line
    }
}

/// The emulator.
pub(super) struct Emulator {
    line: Line,
    _process: Process,
    _folder: tempfile::TempDir,
}

impl Emulator {
    /// Whether it is on the PATH, or why it is of no use.
    pub(super) fn is_here() -> Result<(), String> {
        let machines = Command::new(PROGRAM).args(["-machine", "help"]).output();
        let machines = machines.map_err(|error| format!("{PROGRAM} cannot be run ({error})"))?;
        let has_ours = String::from_utf8_lossy(&machines.stdout).lines().any(|line| line.starts_with(MACHINE));
        if has_ours { Ok(()) } else { Err(format!("{PROGRAM} has no machine {MACHINE}")) }
    }

    /// Starts it; it waits for the line before its first instruction.
    pub(super) fn start(session: &Session) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str| folder.path().join(name);
        fs::write(file("flash.bin"), flash(session)).unwrap();
        fs::write(file("efuse.bin"), fuses(session)).unwrap();
        let strap = match session.straps {
            Straps::Download => 2,
            Straps::Run => 8,
        };
        let shown = |name: &str| file(name).display().to_string();
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL", "--", PROGRAM, "-nographic", "-machine", MACHINE]);
        command.args(["-drive", &format!("file={},if=mtd,format=raw", shown("flash.bin"))]);
        command.args(["-drive", &format!("file={},if=none,format=raw,id=efuse", shown("efuse.bin"))]);
        command.args(["-global", "driver=nvram.esp32c3.efuse,property=drive,value=efuse"]);
        command.args(["-global", &format!("driver=esp32c3.gpio,property=strap_mode,value={strap}")]);
        command.args(["-serial", &format!("unix:{},server", shown("uart"))]);
        command.args(["-monitor", "none", "-nic", "none"]);
        let process = Process::start(&mut command);
        let uart = connect(&file("uart"));
        Self { line: Line::over(uart.try_clone().unwrap(), uart), _process: process, _folder: folder }
    }
}

impl Bench for Emulator {
    fn line(&mut self) -> &mut Line {
        &mut self.line
    }
}

fn connect(path: &Path) -> UnixStream {
    let deadline = Instant::now() + LIMIT;
    loop {
        match UnixStream::connect(path) {
            Ok(stream) => return stream,
            Err(error) => assert!(Instant::now() < deadline, "the emulator does not listen: {error}"),
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn flash(session: &Session) -> Vec<u8> {
    let mut bytes = vec![0xff; FLASH_LEN];
    if session.straps == Straps::Download {
        bytes[..PATTERN_LEN].iter_mut().enumerate().for_each(|(at, byte)| *byte = (at ^ at >> 8) as u8);
    }
    bytes
}

/// The eFuses: MAC and revision v0.3 in block 1, and in block 0 whether the loader is secured.
fn fuses(session: &Session) -> Vec<u8> {
    let mut bytes = vec![0; FUSES_LEN];
    bytes[0x10] = u8::from(session.secured) << 5;
    let mac = MAC.rsplit(':').map(|byte| u8::from_str_radix(byte, 16).unwrap());
    bytes[0x18..].iter_mut().zip(mac).for_each(|(fuse, byte)| *fuse = byte);
    bytes[0x26] = 3 << 2;
    bytes
}
