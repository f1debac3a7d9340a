//! Is there a unit in the slot? Asks the port, or the unit itself.

use std::time::Duration;

use firstpass_device::{Leases, Link, LinkError, link::BAUD_DEFAULT};
use firstpass_domain::{Mac, evidence::LinkFault};
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::{Slot, blocking::blocking, demand::Demand, gate::Standing};

/// How a slot knows that a unit is in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// By its port: the USB adapter is on the unit and comes and goes with it.
    Port,
    /// By its loader: the adapter stays plugged in, as in a fixture with pogo pins. Asking resets the unit.
    Probe,
}

/// How often a slot looks whether its port is there.
const PORT_POLL: Duration = Duration::from_millis(100);
/// How long a unit that was there may be away for a retry or a check; longer, and it has been taken out.
const PORT_BACK: Duration = Duration::from_secs(5);
/// Pause between two questions to a loader.
const PROBE_PAUSE: Duration = Duration::from_secs(1);

/// Pause before the port of a slot that was stopped is tried.
const RETURN_PAUSE: Duration = Duration::from_secs(3);
/// Longest such pause, for a port that can be opened and then not be worked with.
const RETURN_PAUSE_MAX: Duration = Duration::from_secs(120);

/// What is in a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Occupant {
    /// Nothing.
    Nobody,
    /// Something on the port.
    Someone,
    /// This unit.
    Unit(Mac),
}

/// Waits until there is a unit in the slot, or until the batch takes none for now, which the caller tells from its gate;
/// `false` when the slot is no longer needed.
pub(crate) async fn wait_for_unit(slot: &Slot, leases: &Leases, demand: &Demand, token: &CancellationToken) -> bool {
    let is_shut = || demand.gate.standing() != Standing::Open;
    wait_until(slot, leases, demand, token, |occupant| occupant != Occupant::Nobody || is_shut()).await
}

/// The same for a unit that was in the slot a moment ago: `false` also when it stays away.
pub(crate) async fn wait_for_same(slot: &Slot, leases: &Leases, demand: &Demand, token: &CancellationToken) -> bool {
    let gives_up = token.child_token();
    let waiting = wait_for_unit(slot, leases, demand, &gives_up);
    tokio::pin!(waiting);
    tokio::select! {
        there = &mut waiting => there,
        () = sleep(PORT_BACK) => {
            // The loader may just be asked, and its port is not to be left in use.
            gives_up.cancel();
            waiting.await
        }
    }
}

/// Waits until `finished` has left the slot; `false` when the slot is no longer needed.
pub(crate) async fn wait_until_gone(
    slot: &Slot,
    finished: Option<Mac>,
    leases: &Leases,
    demand: &Demand,
    token: &CancellationToken,
) -> bool {
    let has_left = |occupant| match occupant {
        Occupant::Nobody => true,
        Occupant::Someone => false,
        Occupant::Unit(mac) => finished.is_some_and(|finished| finished != mac),
    };
    wait_until(slot, leases, demand, token, has_left).await
}

/// Whether the unit is still in its slot after a failure: a port that went away may come back at once.
pub(crate) async fn stays(slot: &Slot, leases: &Leases, token: &CancellationToken) -> bool {
    let back = async {
        while leases.locate(&slot.port).is_none() {
            sleep(PORT_POLL).await;
        }
    };
    tokio::select! {
        () = token.cancelled() => false,
        back = timeout(PORT_BACK, back) => back.is_ok(),
    }
}

/// Waits until the port and the fixture of a slot that was stopped for one of them can be used; never completes once
/// `token` is cancelled. `returns`: how often that has been found before, and did not hold.
pub(crate) async fn wait_until_usable(slot: &Slot, leases: &Leases, returns: u32, token: &CancellationToken) {
    let pause = RETURN_PAUSE.saturating_mul(1 << returns.min(u32::BITS - 1)).min(RETURN_PAUSE_MAX);
    loop {
        sleep(pause).await;
        if !token.is_cancelled() && is_usable(slot, leases, token).await {
            return;
        }
    }
}

/// Tries port and fixture on whatever is in the slot, which resets it; a slot that is empty by now is as good.
async fn is_usable(slot: &Slot, leases: &Leases, token: &CancellationToken) -> bool {
    if leases.locate(&slot.port).is_none() {
        return true;
    }
    let (slot, leases, token) = (slot.clone(), leases.clone(), token.clone());
    let tried = blocking("trying the port of a slot that was stopped", move || {
        let Some(lease) = leases.acquire(&slot.port, &token) else { return false };
        match Link::connect(lease, slot.fixture, &[BAUD_DEFAULT], &token) {
            Ok(_) => true,
            Err(LinkError::Failed { fault, .. }) => !is_of_port(fault),
            Err(LinkError::Cancelled { .. } | LinkError::Log(_)) => false,
        }
    });
    tried.await.unwrap_or(false)
}

/// Whether a fault lies with the port or the fixture, which may become usable without anybody's hand on the station.
const fn is_of_port(fault: LinkFault) -> bool {
    match fault {
        LinkFault::PortBusy | LinkFault::PortUnusable | LinkFault::FixtureFailed => true,
        LinkFault::PortGone
        | LinkFault::PortMoved
        | LinkFault::NoAnswer
        | LinkFault::Garbled
        | LinkFault::Rejected
        | LinkFault::SecureDownload
        | LinkFault::VerifyFailed
        | LinkFault::NvsUnreadable
        | LinkFault::OtherUnit => false,
    }
}

async fn wait_until(
    slot: &Slot,
    leases: &Leases,
    demand: &Demand,
    token: &CancellationToken,
    wanted: impl Fn(Occupant) -> bool,
) -> bool {
    let mut ticks = interval(match slot.presence {
        Presence::Port => PORT_POLL,
        Presence::Probe => PROBE_PAUSE,
    });
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = token.cancelled() => return false,
            _ = ticks.tick() => {}
        }
        if demand.is_over() {
            return false;
        }
        if wanted(look(slot, leases, token).await) {
            return true;
        }
    }
}

async fn look(slot: &Slot, leases: &Leases, token: &CancellationToken) -> Occupant {
    // An unplugged USB adapter has no device node; one that is plugged in again may have another.
    if leases.locate(&slot.port).is_none() {
        return Occupant::Nobody;
    }
    match slot.presence {
        Presence::Port => Occupant::Someone,
        Presence::Probe => ask(slot, leases, token).await,
    }
}

/// Asks the loader for its MAC. What cannot be asked for a reason that a person must know counts as someone, so that the
/// run begins, and its failure names the reason.
async fn ask(slot: &Slot, leases: &Leases, token: &CancellationToken) -> Occupant {
    let (slot, leases, token) = (slot.clone(), leases.clone(), token.clone());
    let asked = blocking("looking for a unit", move || {
        let Some(lease) = leases.acquire(&slot.port, &token) else { return Occupant::Nobody };
        let mac = Link::connect(lease, slot.fixture, &[BAUD_DEFAULT], &token).and_then(|mut link| link.read_mac());
        mac.map_or_else(|error| occupant_behind(&error), Occupant::Unit)
    });
    asked.await.unwrap_or(Occupant::Nobody)
}

const fn occupant_behind(error: &LinkError) -> Occupant {
    let LinkError::Failed { fault, .. } = error else { return Occupant::Nobody };
    match fault {
        // An empty slot is silent, or its open line brings noise.
        LinkFault::NoAnswer | LinkFault::Garbled | LinkFault::PortGone | LinkFault::PortMoved => Occupant::Nobody,
        LinkFault::PortBusy
        | LinkFault::PortUnusable
        | LinkFault::FixtureFailed
        | LinkFault::Rejected
        | LinkFault::SecureDownload
        | LinkFault::VerifyFailed
        | LinkFault::NvsUnreadable
        | LinkFault::OtherUnit => Occupant::Someone,
    }
}
