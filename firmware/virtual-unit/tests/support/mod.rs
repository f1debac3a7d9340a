//! A unit on the bench: in this process, in a temporary folder, with a host's hands on its port and its reset line.
#![expect(dead_code, reason = "each test file uses its own part of the bench")]

pub(crate) mod loader;

use std::io::Read;
use std::path::PathBuf;
use std::process::{Command, Output};
use std::sync::Arc;
use std::time::{Duration, Instant};

use md5::{Digest, Md5};
use serialport::TTYPort;
use tempfile::TempDir;
use virtual_unit::app_seam::IdleApp;
use virtual_unit::image::{self, AppImage};
use virtual_unit::{Fault, Faults, Flash, FlashSize, Mac, Straps, Surroundings, Unit, UnitOptions};

pub(crate) const MAC: Mac = Mac([2, 0, 0, 0, 0, 1]);
pub(crate) const APP_OFFSET: u32 = 0x1_0000;
pub(crate) const TABLE_OFFSET: u32 = 0x8000;
/// How long a test waits for what must come.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct Bench {
    pub(crate) unit: Unit,
    pub(crate) dir: TempDir,
}

impl Bench {
    pub(crate) fn options(dir: &TempDir) -> UnitOptions {
        UnitOptions {
            flash: dir.path().join("flash.bin"),
            flash_size: FlashSize::Mb4,
            mac: MAC,
            link: Some(dir.path().join("tty")),
            paced: false,
            faults: Faults::default(),
            surroundings: Surroundings::default(),
            app: Arc::new(|| Box::new(IdleApp)),
        }
    }

    /// A unit in download mode.
    pub(crate) fn with(change: impl FnOnce(&mut UnitOptions)) -> Self {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let mut options = Self::options(&dir);
        change(&mut options);
        let unit = Unit::start(options, Straps::Download).expect("a unit");
        unit.release().expect("a living unit");
        Self { unit, dir }
    }

    pub(crate) fn new() -> Self {
        Self::with(|_| {})
    }

    pub(crate) fn faulty(fault: Fault) -> Self {
        Self::with(|options| options.faults.set(fault))
    }

    pub(crate) fn link(&self) -> PathBuf {
        self.dir.path().join("tty")
    }

    /// The flash, behind the unit's back.
    pub(crate) fn flash(&self) -> Flash {
        Flash::open(&self.dir.path().join("flash.bin"), FlashSize::Mb4).expect("the flash file")
    }

    pub(crate) fn open(&self) -> TTYPort {
        let path = self.link();
        let builder = serialport::new(path.to_str().expect("a plain path"), 115_200);
        builder.timeout(Duration::from_millis(100)).open_native().expect("the port")
    }

    pub(crate) fn reset(&self, straps: Straps) {
        self.unit.reset(straps).expect("a living unit");
        self.unit.release().expect("a living unit");
    }

    /// Resets the unit, and reads `count` lines of what it prints.
    pub(crate) fn log(&self, straps: Straps, count: usize) -> Vec<String> {
        let mut port = self.open();
        self.reset(straps);
        read_lines(&mut port, count)
    }

    pub(crate) fn esptool(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(esptool());
        command.arg("--port").arg(self.link()).args(["--before", "no-reset", "--after", "no-reset"]);
        command.args(arguments).env("NO_COLOR", "1").output().expect("esptool runs")
    }
}

/// esptool from the virtual environment of the tests.
fn esptool() -> PathBuf {
    let repository = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
    let venv = std::env::var_os("FIRSTPASS_VENV").map_or(repository.join(".venv"), PathBuf::from);
    let tool = venv.join("bin/esptool");
    assert!(tool.exists(), "{} is missing: run ./test, which installs it", tool.display());
    tool
}

pub(crate) fn read_lines(port: &mut TTYPort, count: usize) -> Vec<String> {
    let started = Instant::now();
    let mut text = Vec::new();
    while text.iter().filter(|&&byte| byte == b'\n').count() < count {
        let mut bytes = [0; 4096];
        match port.read(&mut bytes) {
            Ok(length) => text.extend(&bytes[..length]),
            Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::TimedOut, "{error}"),
        }
        assert!(started.elapsed() < PATIENCE, "only this came: {}", String::from_utf8_lossy(&text));
    }
    let text = String::from_utf8(text).expect("the log is text");
    text.split("\r\n").take(count).map(str::to_owned).collect()
}

pub(crate) fn app_image(size: usize) -> Vec<u8> {
    image::app(&AppImage { size, seed: 7, version: "1.2.3".into(), project: "meter".into() })
}

/// A partition table of (label, type, subtype, offset, size), with its MD5 row.
pub(crate) fn table(rows: &[(&str, u8, u8, u32, u32)]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (label, kind, subtype, offset, size) in rows {
        bytes.extend([0xaa, 0x50, *kind, *subtype]);
        bytes.extend(offset.to_le_bytes());
        bytes.extend(size.to_le_bytes());
        let mut field = [0; 20];
        field[..label.len()].copy_from_slice(label.as_bytes());
        bytes.extend(field);
    }
    let digest = Md5::digest(&bytes);
    bytes.extend([0xeb, 0xeb]);
    bytes.extend([0xff; 14]);
    bytes.extend(digest);
    bytes.resize(0xc00, 0xff);
    bytes
}

/// The table of the captured logs.
pub(crate) fn factory_table() -> Vec<u8> {
    table(&[
        ("nvs", 1, 2, 0x9000, 0x6000),
        ("phy_init", 1, 1, 0xf000, 0x1000),
        ("factory", 0, 0, APP_OFFSET, 0x3f_0000),
    ])
}
