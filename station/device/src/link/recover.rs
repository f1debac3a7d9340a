//! Keeps a link alive: once more when bytes are lost or damaged, then at a lower baud rate, and on the port's new name when it vanished
//! and came back. Knows no command. Every unit that answers again must be the same one.

use std::time::{Duration, Instant};

use espflash::target::Chip;
use serialport::TTYPort;
use tokio_util::sync::CancellationToken;

use super::connect::{self, Connected};
use super::error::WireError;
use super::wire::Wire;
use super::{BAUD_DEFAULT, Link, lost};
use crate::ports::{self, Place};
use crate::{Fixture, PortError, PortLease};

/// How long a port that vanished may take to come back: an adapter that is plugged again needs 1 to 3 s.
const RETURN_TIMEOUT: Duration = Duration::from_secs(5);
const RETURN_POLL: Duration = Duration::from_millis(100);
/// How often the port may vanish within one link.
const LOSSES_MAX: u32 = 2;

/// What it takes to connect, and what has been given up on the way.
#[derive(Debug)]
pub(super) struct Terms {
    pub(super) lease: PortLease,
    pub(super) fixture: Fixture,
    pub(super) token: CancellationToken,
    bauds: Vec<u32>,
    rate: usize,
    losses: u32,
    /// Whether something was lost or damaged at the present rate already: once is no question of the rate.
    damaged: bool,
    moved: Option<(String, String)>,
}

impl Terms {
    pub(super) fn new(lease: PortLease, fixture: Fixture, bauds: &[u32], token: CancellationToken) -> Self {
        let bauds = if bauds.is_empty() { vec![BAUD_DEFAULT] } else { bauds.to_vec() };
        Self { lease, fixture, token, bauds, rate: 0, losses: 0, damaged: false, moved: None }
    }

    pub(super) fn baud(&self) -> u32 {
        self.bauds[self.rate]
    }

    pub(super) fn reduced(&self) -> Option<(u32, u32)> {
        (self.rate > 0).then(|| (self.bauds[0], self.baud()))
    }

    pub(super) fn moved(&self) -> Option<(String, String)> {
        self.moved.clone()
    }

    /// USB product id of the adapter.
    pub(super) fn usb_pid(&self) -> u16 {
        match self.fixture {
            Fixture::DtrRts => self.lease.place().map_or(0, Place::usb_pid),
            Fixture::Socket(_) => 0,
        }
    }

    /// Connects, on worse and worse terms if need be. The number of tries is bounded by those of rates and losses.
    pub(super) fn connect(&mut self) -> Result<Connected, WireError> {
        loop {
            match self.try_connect() {
                Ok(connected) => return Ok(connected),
                // At the loader's own rate a silent or noisy line is no question of the rate.
                Err(err @ (WireError::Baud { .. } | WireError::Gone(_))) => self.yield_to(err)?,
                Err(err) => return Err(err),
            }
        }
    }

    /// Takes worse terms because of `err`; gives it back when there are none.
    pub(super) fn yield_to(&mut self, err: WireError) -> Result<(), WireError> {
        if err.is_gone() && self.losses < LOSSES_MAX {
            self.losses += 1;
            return Ok(());
        }
        let of_the_rate = matches!(err, WireError::Baud { .. });
        if err.is_damage() && !of_the_rate && !std::mem::replace(&mut self.damaged, true) {
            return Ok(());
        }
        if err.is_damage() && self.rate + 1 < self.bauds.len() {
            (self.rate, self.damaged) = (self.rate + 1, false);
            return Ok(());
        }
        Err(err)
    }

    fn try_connect(&mut self) -> Result<Connected, WireError> {
        let port = self.open()?;
        connect::connect(port, &self.fixture, self.usb_pid(), self.baud(), &self.token)
    }

    /// Opens the port; one that was there when it was leased, and has gone since, may come back.
    fn open(&mut self) -> Result<TTYPort, WireError> {
        let Some(place) = self.lease.place().cloned() else {
            let port = ports::open(self.lease.port(), BAUD_DEFAULT)?;
            self.lease.remember(Place::of(self.lease.port()));
            return Ok(port);
        };
        let deadline = Instant::now() + RETURN_TIMEOUT;
        loop {
            match self.open_at(&place) {
                Ok(port) => return Ok(port),
                Err(err) if Instant::now() >= deadline => return Err(explain(&place, err)),
                Err(_) if self.token.is_cancelled() => return Err(WireError::Cancelled),
                // Whoever looks at new ports first (udev, a modem manager) lets go of them again.
                Err(PortError::Gone { .. } | PortError::NoPermission { .. } | PortError::Busy { .. })
                    if self.losses > 0 => {}
                Err(PortError::Gone { .. }) => {}
                Err(err) => return Err(err.into()),
            }
            std::thread::sleep(RETURN_POLL);
        }
    }

    fn open_at(&mut self, place: &Place) -> Result<TTYPort, PortError> {
        let named = self.lease.port().clone();
        let port = place.look().ok_or_else(|| PortError::Gone { port: named.clone() })?;
        let device = port.canonical();
        if device == place.device() {
            return ports::open(&port, BAUD_DEFAULT);
        }
        if !self.lease.move_to(&device) {
            return Err(PortError::Busy { port });
        }
        let opened = ports::open(&port, BAUD_DEFAULT)?;
        let text = |path: &std::path::Path| path.display().to_string();
        let from = self.moved.take().map_or_else(|| text(place.device()), |(from, _)| from);
        self.moved = Some((from, text(&device)));
        self.lease.remember(place.moved_to(device));
        Ok(opened)
    }
}

fn explain(place: &Place, err: PortError) -> WireError {
    let appeared = place.appeared();
    match err {
        PortError::Gone { .. } if !appeared.is_empty() => WireError::Moved { appeared },
        err => err.into(),
    }
}

impl Link {
    /// Does `act`, again on worse terms as long as there are such and the link fails. What `act` does can be done twice.
    pub(super) fn steadily<T>(
        &mut self,
        mut act: impl FnMut(&mut Wire, Chip) -> Result<T, WireError>,
    ) -> Result<T, WireError> {
        loop {
            let done = match &mut self.wire {
                Some(wire) => act(wire, self.chip),
                None => Err(lost()),
            };
            match done {
                Ok(value) => return Ok(value),
                Err(err) => self.recover(err)?,
            }
        }
    }

    /// Connects anew, on worse terms; gives `err` back when it has nothing to do with the link, or there are none.
    fn recover(&mut self, err: WireError) -> Result<(), WireError> {
        self.terms.yield_to(err)?;
        // Closed first, for nobody can open a port twice.
        self.wire = None;
        let Connected { wire, chip, mac } = self.terms.connect()?;
        if mac != self.mac {
            return Err(WireError::OtherUnit { expected: self.mac, found: mac });
        }
        (self.wire, self.chip) = (Some(wire), chip);
        Ok(())
    }
}
