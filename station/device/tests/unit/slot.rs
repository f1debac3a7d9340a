//! A virtual unit in a slot, as every test of this folder uses it: over its pseudo-terminal and its control socket.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use firstpass_device::{Fixture, Leases, Link, LinkError, PortLease, PortName, PreparedImage, Region};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use virtual_unit::app_seam::IdleApp;
use virtual_unit::control::Control;
use virtual_unit::{Fault, Faults, FlashSize, Mac, StopToken, Straps, Unit, UnitOptions};

/// The baud rate of the line.
pub(crate) const BAUD: u32 = 921_600;

/// A slot with a unit in it.
pub(crate) struct Slot {
    // Dropped in this order: the socket before the unit, the unit before its folder.
    _control: Control,
    pub(crate) unit: Arc<Unit>,
    folder: TempDir,
    options: UnitOptions,
    leases: Leases,
    pub(crate) token: CancellationToken,
}

impl Slot {
    /// A unit whose line is as fast as the machine.
    pub(crate) fn new(faults: impl IntoIterator<Item = Fault>) -> Self {
        Self::with_pace(faults, false)
    }

    /// A unit whose line has the pace of a UART.
    pub(crate) fn paced() -> Self {
        Self::with_pace([], true)
    }

    fn with_pace(faults: impl IntoIterator<Item = Fault>, paced: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let options = UnitOptions {
            flash: folder.path().join("flash.bin"),
            flash_size: FlashSize::default(),
            mac: "02:00:00:00:00:2a".parse::<Mac>().unwrap(),
            link: Some(folder.path().join("port")),
            paced,
            faults: Faults::new(faults),
            surroundings: virtual_unit::Surroundings::default(),
            app: Arc::new(|| Box::new(IdleApp)),
        };
        let unit = Arc::new(Unit::start(options.clone(), Straps::Download).unwrap());
        unit.release().unwrap();
        let control = Control::listen(&folder.path().join("fixture"), unit.clone(), StopToken::new()).unwrap();
        Self { _control: control, unit, folder, options, leases: Leases::new(), token: CancellationToken::new() }
    }

    pub(crate) fn port(&self) -> PortName {
        PortName::new(self.folder.path().join("port"))
    }

    pub(crate) fn fixture(&self) -> Fixture {
        Fixture::Socket(self.folder.path().join("fixture"))
    }

    /// What the unit is made of.
    pub(crate) fn options(&self) -> UnitOptions {
        self.options.clone()
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn log(&self) -> PathBuf {
        self.folder.path().join("uart.log")
    }

    pub(crate) fn lease(&self) -> PortLease {
        self.leases.try_acquire(&self.port()).expect("nobody else uses this slot")
    }

    pub(crate) fn connect(&self) -> Result<Link, LinkError> {
        Link::connect(self.lease(), self.fixture(), &[BAUD], &self.token)
    }
}

/// A region of `content` at `offset`.
pub(crate) fn region(name: &str, offset: u32, content: &[u8]) -> Region {
    Region { name: name.to_owned(), offset, image: Arc::new(PreparedImage::new(content)) }
}

/// Content that does not compress (Marsaglia's xorshift).
pub(crate) fn content(len: usize) -> Vec<u8> {
    let mut state = 0x2545_f491_u32;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state as u8
    };
    (0..len).map(|_| next()).collect()
}

/// A progress sink that listens to nothing.
pub(crate) fn quiet(_: &str, _: u32, _: u32) {}

/// A fixture that says yes to everything and does nothing: a unit with a broken power line.
pub(crate) struct DeafFixture(PathBuf);

impl DeafFixture {
    pub(crate) fn listen(folder: &Path) -> Self {
        let path = folder.join("deaf");
        let listener = UnixListener::bind(&path).unwrap();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut line = String::new();
                BufReader::new(stream.try_clone().unwrap()).read_line(&mut line).unwrap();
                stream.write_all(b"{\"ok\":true}\n").unwrap();
            }
        });
        Self(path)
    }

    pub(crate) fn fixture(&self) -> Fixture {
        Fixture::Socket(self.0.clone())
    }
}
