//! A live link to a unit whose loader stub answers: connect, identify, write, hash, read, run. Knows no recipe and no
//! record. All calls block; each looks at the cancellation token at least every 200 ms, but for the seconds in which
//! espflash detects the chip and loads its stub.

mod connect;
pub(crate) mod error;
mod flash;
mod identify;
mod read;
mod reset;
mod search;
pub(crate) mod slip;
mod wire;

use std::path::Path;
use std::time::Duration;

use espflash::command::CommandType;
use espflash::connection::Connection;
use firstpass_domain::Mac;
use firstpass_domain::evidence::{Identity, RegionDigest};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use self::error::WireError;
use self::wire::Wire;
use crate::nvs::CodeSearch;
use crate::{Fixture, PortLease, Redactor, Region, UartCapture, UartEvent, uart};

pub use self::error::LinkError;
pub use self::search::FlashSearch;

/// Baud rate of the ROM loader and of a unit's log.
pub const BAUD_DEFAULT: u32 = 115_200;
/// How long the stub may take for a short command.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(3);

/// Hears how far a write has come.
pub trait ProgressSink {
    /// `written` of `total` bytes of `region` are in flash.
    fn progress(&mut self, region: &str, written: u32, total: u32);
}

impl<F: FnMut(&str, u32, u32)> ProgressSink for F {
    fn progress(&mut self, region: &str, written: u32, total: u32) {
        self(region, written, total);
    }
}

/// A unit that waits for commands in its loader's stub.
#[derive(Debug)]
pub struct Link {
    lease: PortLease,
    fixture: Fixture,
    usb_pid: u16,
    chip: espflash::target::Chip,
    wanted: u32,
    baud: u32,
    // Only away while espflash has it, within one call.
    wire: Option<Wire>,
}

impl Link {
    /// Resets the unit on the leased port into download mode, loads the stub and raises the baud rate to the first of
    /// `bauds` (descending) at which the unit is understood. On failure the lease is dropped, which passes the port on.
    pub fn connect(
        lease: PortLease,
        fixture: Fixture,
        bauds: &[u32],
        token: &CancellationToken,
    ) -> Result<Self, LinkError> {
        let operation = format!("connect to the unit on {}", lease.port());
        connect::connect(lease, fixture, bauds, token).map_err(|err| err.during(operation))
    }

    /// The baud rate of this link.
    pub fn baud(&self) -> u32 {
        self.baud
    }

    /// The rate that did not hold, and the one that was taken instead; `None` while the first rate holds.
    pub fn reduced(&self) -> Option<(u32, u32)> {
        (self.baud != self.wanted).then_some((self.wanted, self.baud))
    }

    /// Which port.
    pub fn lease(&self) -> &PortLease {
        &self.lease
    }

    /// Who the unit is: chip, revision, flash size, MAC, security state.
    pub fn identify(&mut self) -> Result<Identity, LinkError> {
        identify::identify(self).map_err(|err| err.during("identify the unit"))
    }

    /// The eFuse MAC, read again from the chip.
    pub fn read_mac(&mut self) -> Result<Mac, LinkError> {
        identify::mac(self).map_err(|err| err.during("read the MAC"))
    }

    /// Writes `regions` in order and has the chip hash each. It stops after the first region whose hash differs; that
    /// one is the last in the result, with `md5_matches` false.
    pub fn write(
        &mut self,
        regions: &[Region],
        progress: &mut dyn ProgressSink,
    ) -> Result<Vec<RegionDigest>, LinkError> {
        flash::write(self.wire(), regions, progress)
    }

    /// Has the chip hash every one of `regions` and compares with what they should hold.
    pub fn digest(&mut self, regions: &[Region]) -> Result<Vec<RegionDigest>, LinkError> {
        regions
            .iter()
            .map(|region| {
                flash::digest(self.wire(), region, 0).map_err(|err| err.during(format!("hash {}", region.name)))
            })
            .collect()
    }

    /// Reads `len` bytes of flash from `offset`, checked by MD5 on the way.
    pub fn read(&mut self, offset: u32, len: u32) -> Result<Vec<u8>, LinkError> {
        let operation = || format!("read {len} bytes of flash at {offset:#x}");
        read::read(self.wire(), offset, len).map_err(|err| err.during(operation()))
    }

    /// Length of the unit's flash in bytes, by its JEDEC id.
    pub fn flash_size_bytes(&mut self) -> Result<u32, LinkError> {
        identify::flash_len(self).map_err(|err| err.during("identify the unit's flash"))
    }

    /// Accounts for every byte of the flash: the chip's MD5 shows which of `known` still stand there and what is erased;
    /// all else is read and searched for `needle`. Regions with personal content are never known.
    pub fn search(&mut self, needle: &CodeSearch, known: &[Region]) -> Result<FlashSearch, LinkError> {
        let mut search = || {
            let len = identify::flash_len(self)?;
            search::search(self.wire(), len, needle, known)
        };
        search().map_err(|err| err.during("search the flash for the auth code"))
    }

    /// Resets the unit into its app and captures its log from the first byte, every byte into the file at `log` (which
    /// is appended to). What the log says comes out of the receiver; see [`UartCapture`].
    pub fn run(self, log: &Path) -> Result<(UartCapture, mpsc::Receiver<UartEvent>), LinkError> {
        self.run_discreetly(log, Redactor::default())
    }

    /// Like [`Self::run`], with the secrets that `redactor` knows taken out of all that is kept of the log.
    pub fn run_discreetly(
        self,
        log: &Path,
        redactor: Redactor,
    ) -> Result<(UartCapture, mpsc::Receiver<UartEvent>), LinkError> {
        let Self { lease, fixture, usb_pid, wire, .. } = self;
        let log = uart::Log::open(log)?;
        let wire = wire.expect("the wire is here between calls");
        let token = wire.token().clone();
        let during = |err: WireError| err.during("reset the unit into its app");
        let port = reset::begin_run(wire, &fixture, usb_pid).map_err(during)?;
        let (capture, events) = uart::start(port, lease, log, redactor, &token);
        fixture.run_by_command(&token).map_err(during)?;
        Ok((capture, events))
    }

    /// Gives the lease back and leaves the unit as it is, in its loader.
    pub fn close(self) -> PortLease {
        self.lease
    }

    fn wire(&mut self) -> &mut Wire {
        self.wire.as_mut().expect("the wire is here between calls")
    }

    /// Lends the port to `act` as an espflash connection, for the knowledge of chips that espflash has.
    fn with_espflash<T>(
        &mut self,
        act: impl FnOnce(&mut Connection) -> Result<T, espflash::Error>,
    ) -> Result<T, WireError> {
        let wire = self.wire.take().expect("the wire is here between calls");
        let token = wire.token().clone();
        let mut connection = reset::connection(wire.into_port(), self.usb_pid);
        let result = connection.set_timeout(CommandType::ReadReg.timeout()).and_then(|()| act(&mut connection));
        let wire = self.wire.insert(Wire::new(connection.into_serial(), token)?);
        result.map_err(|err| wire.explain(err))
    }
}
