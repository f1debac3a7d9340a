//! A live link to a unit whose loader stub answers: connect, identify, write, hash, read, run. Knows no recipe and no
//! record. All calls block; each looks at the cancellation token at least every 200 ms.

pub(crate) mod chip;
mod connect;
mod efuse;
pub(crate) mod error;
mod flash;
mod flash_id;
mod identify;
mod read;
mod recover;
mod reset;
mod search;
pub(crate) mod slip;
mod stub;
pub(crate) mod wire;

use std::path::Path;
use std::time::Duration;

use firstpass_domain::Mac;
use firstpass_domain::evidence::{Identity, RegionDigest};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use self::connect::Connected;
use self::error::WireError;
use self::recover::Terms;
use self::wire::Wire;
use crate::nvs::CodeSearch;
use crate::{Clock, Fixture, Heard, PortLease, Redactor, Region, UartCapture, uart};

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
    terms: Terms,
    chip: espflash::target::Chip,
    mac: Mac,
    // Only away after the link was lost for good.
    wire: Option<Wire>,
}

impl Link {
    /// Resets the unit on the leased port into download mode, loads the stub and raises the baud rate to the first of
    /// `bauds` (descending) at which the unit is understood. On failure the lease is dropped, which passes the port on.
    ///
    /// A link that loses or damages bytes later falls back to a lower rate by itself ([`Self::reduced`]); one whose port
    /// vanishes goes on when the port comes back in the same place, under whatever name ([`Self::moved`]).
    pub fn connect(
        lease: PortLease,
        fixture: Fixture,
        bauds: &[u32],
        token: &CancellationToken,
    ) -> Result<Self, LinkError> {
        let operation = format!("connect to the unit on {}", lease.port());
        let mut terms = Terms::new(lease, fixture, bauds, token.clone());
        let Connected { wire, chip, mac } = terms.connect().map_err(|err| err.during(operation))?;
        Ok(Self { terms, chip, mac, wire: Some(wire) })
    }

    /// The baud rate of this link.
    pub fn baud(&self) -> u32 {
        self.terms.baud()
    }

    /// The rate that did not hold, and the one that was taken instead; `None` while the first rate holds.
    pub fn reduced(&self) -> Option<(u32, u32)> {
        self.terms.reduced()
    }

    /// The device that the port was, and the one that it is now; `None` while it stays.
    pub fn moved(&self) -> Option<(String, String)> {
        self.terms.moved()
    }

    /// Which port.
    pub fn lease(&self) -> &PortLease {
        &self.terms.lease
    }

    /// Who the unit is: chip, revision, flash size, MAC, security state.
    pub fn identify(&mut self) -> Result<Identity, LinkError> {
        let identity = self.steadily(identify::identify);
        identity.map_err(|err| err.during("identify the unit"))
    }

    /// The eFuse MAC, read again from the chip.
    pub fn read_mac(&mut self) -> Result<Mac, LinkError> {
        let mac = self.steadily(efuse::mac);
        mac.map_err(|err| err.during("read the MAC"))
    }

    /// Writes `regions` in order and has the chip hash each. It stops after the first region whose hash differs; that
    /// one is the last in the result, with `md5_matches` false. A region during which the link fell back to a lower
    /// rate is written again from its start.
    pub fn write(
        &mut self,
        regions: &[Region],
        progress: &mut dyn ProgressSink,
    ) -> Result<Vec<RegionDigest>, LinkError> {
        let mut digests = Vec::with_capacity(regions.len());
        for region in regions {
            let written = self.steadily(|wire, _| flash::write_region(wire, region, progress));
            let digest = written.map_err(|err| err.during(format!("write {} at {:#x}", region.name, region.offset)))?;
            let matches = digest.md5_matches;
            digests.push(digest);
            if !matches {
                return Ok(digests);
            }
        }
        self.steadily(|wire, _| flash::finish(wire)).map_err(|err| err.during("finish writing"))?;
        Ok(digests)
    }

    /// Has the chip hash every one of `regions` and compares with what they should hold.
    pub fn digest(&mut self, regions: &[Region]) -> Result<Vec<RegionDigest>, LinkError> {
        let digest = |region: &Region| {
            let digest = self.steadily(|wire, _| flash::digest(wire, region, 0));
            digest.map_err(|err| err.during(format!("hash {}", region.name)))
        };
        regions.iter().map(digest).collect()
    }

    /// Reads `len` bytes of flash from `offset`, checked by MD5 on the way.
    pub fn read(&mut self, offset: u32, len: u32) -> Result<Vec<u8>, LinkError> {
        let read = self.steadily(|wire, _| read::read(wire, offset, len));
        read.map_err(|err| err.during(format!("read {len} bytes of flash at {offset:#x}")))
    }

    /// Length of the unit's flash in bytes, by its JEDEC id.
    pub fn flash_size_bytes(&mut self) -> Result<u32, LinkError> {
        let len = self.steadily(identify::flash_len);
        len.map_err(|err| err.during("identify the unit's flash"))
    }

    /// Accounts for every byte of the flash: the chip's MD5 shows which of `known` still stand there and what is erased;
    /// all else is read and searched for `needle`. Regions with personal content are never known.
    pub fn search(&mut self, needle: &CodeSearch, known: &[Region]) -> Result<FlashSearch, LinkError> {
        search::search(self, needle, known).map_err(|err| err.during("search the flash for the auth code"))
    }

    /// Resets the unit into its app and captures its log from the first byte, every byte into the file at `log` (which
    /// is appended to). What the log says comes out of the receiver, with its time by `clock`; see [`UartCapture`].
    pub fn run(self, log: &Path, clock: Clock) -> Result<(UartCapture, mpsc::Receiver<Heard>), LinkError> {
        self.run_discreetly(log, clock, Redactor::default())
    }

    /// Like [`Self::run`], with the secrets that `redactor` knows taken out of all that is kept of the log.
    pub fn run_discreetly(
        self,
        log: &Path,
        clock: Clock,
        redactor: Redactor,
    ) -> Result<(UartCapture, mpsc::Receiver<Heard>), LinkError> {
        let during = |err: WireError| err.during("reset the unit into its app");
        let usb_pid = self.terms.usb_pid();
        let Self { terms: Terms { lease, fixture, token, .. }, wire, .. } = self;
        let log = uart::Log::open(log)?;
        let wire = wire.ok_or_else(|| during(lost()))?;
        let port = reset::begin_run(wire, &fixture, usb_pid).map_err(during)?;
        let (capture, events) = uart::start(port, lease, log, redactor, clock, &token);
        fixture.run_by_command(&token).map_err(during)?;
        Ok((capture, events))
    }

    /// Gives the lease back and leaves the unit as it is, in its loader.
    pub fn close(self) -> PortLease {
        self.terms.lease
    }
}

/// The link broke before, and could not be made again.
fn lost() -> WireError {
    WireError::Gone(std::io::ErrorKind::NotConnected.into())
}
